# SPDX-License-Identifier: Apache-2.0
import dataclasses
import datetime
import json

import pytest

from karbor.api.schemas.method import V1_0
from karbor.api.schemas.method import V1_1
from karbor.api.schemas.method import V1_2
from karbor.api.views import operations as views
from karbor.model import states
from karbor.model.operation import Operation
from karbor.model.operation import OperationResource
from karbor.model.queue import Waiting

NOW = datetime.datetime(2026, 11, 22, 14, 28, 7, tzinfo=datetime.UTC)
RESTORE = Operation(
    id='95e5e57a', type='restore', project_id='1111', user_id='u',
    provider_id='cf56bd3e', checkpoint_id='e2944169', status='success',
    created_at=NOW, started_at=NOW, ended_at=NOW,
    request={'parameters': {}, 'roles': ['member']},
    resources=(OperationResource(0, 'T', 'i', 'n', status='error',
                                 reason='broken', memo={'secret': 1}),))


def test_a_restore_as_the_original_showed_it():
    bare = dataclasses.replace(RESTORE, resources=None)
    assert views.restore(bare, V1_0) == {
        'checkpoint_id': 'e2944169', 'id': '95e5e57a', 'parameters': {},
        'project_id': '1111', 'provider_id': 'cf56bd3e',
        'resources_reason': {}, 'resources_status': {},
        'restore_target': None, 'status': 'success'}


def test_reasons_stand_by_the_resource():
    shown = views.restore(RESTORE, V1_0)
    assert shown['resources_status'] == {'T#i': 'error'}
    assert shown['resources_reason'] == {'T#i': 'broken'}


def test_a_log_as_the_original_showed_it():
    log = views.log(RESTORE, V1_0)
    info = json.loads(log.pop('extra_info'))
    assert log == {
        'checkpoint_id': 'e2944169', 'ended_at': '2026-11-22T14:28:07.000000',
        'error_info': None, 'id': '95e5e57a', 'operation_type': 'restore',
        'plan_id': None, 'provider_id': 'cf56bd3e', 'restore_id': '95e5e57a',
        'scheduled_operation_id': None, 'status': 'success',
        'started_at': '2026-11-22T14:28:07.000000'}
    assert set(info) == {'progress', 'bytes_done', 'bytes_total',
                         'resources_count', 'resources'}
    assert 'secret' not in str(info)


def test_so_many_resources_in_lists():
    many = dataclasses.replace(RESTORE, resources=tuple(
        OperationResource(n, 'T', str(n), 'n') for n in range(100)),
        resource_count=300)
    info = json.loads(views.log(many, V1_0)['extra_info'])
    assert (len(info['resources']), info['resources_count']) == (100, 300)


@pytest.mark.parametrize('type_', states.V1_OPERATION_STATUS)
@pytest.mark.parametrize('status', sorted(states.OPERATION.states))
def test_every_state_of_every_operation_can_be_shown(type_, status):
    operation = Operation(
        id='o', type=type_, project_id='p', user_id=None, provider_id='p',
        checkpoint_id='c', status=status, reason='why',
        created_at=datetime.datetime.now(datetime.UTC), resources=tuple(
            OperationResource(0, 'T', 'i', 'n', status=word)
            for word in sorted(states.OPERATION_RESOURCE.states)))
    log = views.log(operation, V1_0)
    assert log['status'] == states.V1_OPERATION_STATUS[type_][status]
    assert (log['error_info'] == 'why') == (status in ('error', 'cancelled'))
    assert (log['restore_id'] == 'o') == (type_ == 'restore')


def test_a_verification_tells_more_from_1_1_on():
    one = dataclasses.replace(RESTORE, type='verify', reason='why')
    old = views.verification(one, V1_0)
    assert set(old) == {
        'id', 'project_id', 'provider_id', 'checkpoint_id', 'parameters',
        'status', 'resources_status', 'resources_reason'}
    new = views.verification(one, V1_1)
    assert new['reason'] == 'why'
    assert new['ended_at'] == '2026-11-22T14:28:07.000000Z'
    assert set(new) - set(old) == set(HOW_FAR)
    assert set(old) - set(new) == {'resources_status', 'resources_reason'}


def test_a_copy_as_the_original_showed_it():
    one = dataclasses.replace(RESTORE, type='copy', plan_id='p',
                              source_checkpoint_id='s')
    old = views.copy(one, V1_0)
    assert old == {
        'project_id': '1111', 'provider_id': 'cf56bd3e', 'plan_id': 'p',
        'checkpoint_id': 'e2944169', 'parameters': {}}
    assert views.copy(one, V1_1) == {
        **old, 'source_checkpoint_id': 's', 'operation_id': '95e5e57a'}


HOW_FAR = {
    'reason': None, 'fraction': 0.0, 'bytes_done': 0, 'bytes_total': 0,
    'resources_count': 1, 'created_at': '2026-11-22T14:28:07.000000Z',
    'started_at': '2026-11-22T14:28:07.000000Z',
    'ended_at': '2026-11-22T14:28:07.000000Z'}
COUNTED = dataclasses.replace(RESTORE, resource_count=1)
ROWS = [{'type': 'T', 'id': 'i', 'name': 'n', 'status': 'error',
         'fraction': 0.0, 'bytes_done': 0, 'bytes_total': 0,
         'reason': 'broken', 'new_id': None}]


def test_an_operation():
    asked = dataclasses.replace(COUNTED, cancel_requested_at=NOW,
                                scheduled_run_id='r')
    shown = views.show(asked, V1_1, {})
    assert shown == {
        'id': '95e5e57a', 'type': 'restore', 'status': 'success',
        'project_id': '1111', 'user_id': 'u', 'provider_id': 'cf56bd3e',
        'checkpoint_id': 'e2944169', 'plan_id': None,
        'scheduled_operation_id': None, 'parameters': {}, 'attempt': 0,
        'cancel_requested_at': '2026-11-22T14:28:07.000000Z', **HOW_FAR}
    newer = {**shown, 'scheduled_run_id': 'r', 'source_operation_id': None}
    assert views.show(asked, V1_2, {}) == {**newer, 'waiting': None}
    told = {asked.id: Waiting(3, 'waiting for a free worker')}
    assert views.show(asked, V1_2, told) == {**newer, 'waiting': {
        'position': 3, 'reason': 'waiting for a free worker'}}
    assert views.detail(COUNTED, V1_1, {}) == {
        **views.show(COUNTED, V1_1, {}), 'resources': ROWS}


def test_a_restore_from_1_1_on():
    shown = views.restore(COUNTED, V1_1)
    assert shown == {
        'id': '95e5e57a', 'project_id': '1111', 'provider_id': 'cf56bd3e',
        'checkpoint_id': 'e2944169', 'restore_target': None,
        'parameters': {}, 'status': 'success', **HOW_FAR}
    assert views.restore(COUNTED, V1_1, alone=True) == {
        **shown, 'resources': ROWS}


def test_a_log_from_1_1_on():
    shown = views.log(COUNTED, V1_1)
    assert shown == {
        'id': '95e5e57a', 'operation_type': 'restore', 'status': 'success',
        'checkpoint_id': 'e2944169', 'plan_id': None, 'project_id': '1111',
        'provider_id': 'cf56bd3e', 'restore_id': '95e5e57a',
        'scheduled_operation_id': None, **HOW_FAR}
    assert views.log(COUNTED, V1_1, alone=True) == {
        **shown, 'resources': ROWS}
    assert views.log(COUNTED, V1_2) == {**shown, 'scheduled_run_id': None}


def test_lists_are_short_from_1_1_on():
    assert (views.most(V1_0), views.most(V1_1)) == (100, 0)
