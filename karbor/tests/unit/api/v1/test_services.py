# SPDX-License-Identifier: Apache-2.0
import re

import pytest
import sqlalchemy as sa

from karbor import context
from karbor.db import models
from karbor.db import services
from karbor.db import session
from karbor.db import types
from karbor.tests.fixtures import AT_1_1
from karbor.tests.fixtures import Statements

PROTECTION, ENGINE = 'karbor-protection', 'karbor-operationengine'


@pytest.fixture
def daemons(database):
    """Two on each of two hosts."""
    for host in 'ab':
        for binary in (PROTECTION, ENGINE):
            services.heartbeat(context.system(), host, binary)


def listed(admin, query='', **kwargs):
    return admin.get(f'/os-services{query}', **kwargs).json['services']


def test_as_the_contract_has_it(admin, daemons):
    shown = listed(admin)
    assert [(one['host'], one['binary']) for one in shown] == [
        ('a', PROTECTION), ('a', ENGINE), ('b', PROTECTION), ('b', ENGINE)]
    first = shown[0]
    assert re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}',
                        first.pop('updated_at'))
    assert type(first['id']) is int
    assert first == {'id': first['id'], 'binary': PROTECTION, 'host': 'a',
                     'status': 'enabled', 'state': 'up',
                     'disabled_reason': None}


def test_who_is_silent_is_down(admin, daemons):
    with session.writer(context.system()) as writer:
        writer.execute(sa.update(models.Service).where(
            models.Service.host == 'b').values(updated_at=types.now(-100)))
    assert [one['state'] for one in listed(admin)] == [
        'up', 'up', 'down', 'down']


@pytest.mark.parametrize(('query', 'found'), [
    ('?host=a', 2), (f'?binary={ENGINE}', 2), (f'?host=b&binary={ENGINE}', 1),
    ('?host=&binary=', 4), ('?host=c', 0), ('?binary=karbor', 0)])
@pytest.mark.parametrize('version', [{}, AT_1_1])
def test_filters(admin, daemons, query, found, version):
    assert len(listed(admin, query, headers=version)) == found


def test_unknown_parameters(admin, daemons):
    assert len(listed(admin, '?colour=red')) == 4
    for name in ('colour', 'limit', 'sort'):
        answer = admin.get(f'/os-services?{name}=1', headers=AT_1_1,
                           expect=400)
        assert name in answer.json['badRequest']['message']


@pytest.mark.parametrize('number', range(4))
@pytest.mark.parametrize('version', [{}, AT_1_1])
def test_each_can_be_disabled_and_enabled(admin, daemons, number, version):
    before = listed(admin, headers=version)
    one = before[number]
    path = f'/os-services/{one["id"]}'
    shown = admin.put(path, {'status': 'disabled',
                             'disabled_reason': 'a broken disk'},
                      headers=version).json
    assert shown == {'service': {**one, 'status': 'disabled',
                                 'disabled_reason': 'a broken disk'}}
    assert listed(admin, headers=version)[number] == shown['service']
    # the others go on
    assert [other for other in listed(admin, headers=version)
            if other['status'] == 'enabled'] == [
                other for other in before if other != one]
    assert admin.put(path, {'status': 'disabled'}, headers=version).json[
        'service']['disabled_reason'] is None
    assert admin.put(path, {'status': 'enabled'}, headers=version).json == {
        'service': one}


def test_times_are_exact_from_1_1_on(admin, daemons):
    for one, exact in zip(listed(admin), listed(admin, headers=AT_1_1),
                          strict=True):
        assert exact['updated_at'] == one['updated_at'] + 'Z'


@pytest.mark.parametrize(('body', 'word'), [
    ({}, 'status'), ({'status': 'asleep'}, 'status'),
    ({'status': None}, 'status'), ({'status': ['enabled']}, 'status'),
    ({'status': 'enabled', 'disabled_reason': 'x'}, 'disabled_reason'),
    ({'status': 'disabled', 'disabled_reason': 1}, 'disabled_reason'),
    ({'status': 'disabled', 'disabled_reason': 'x' * 256},
     'disabled_reason'),
    ({'status': 'disabled', 'disabled_reason': 'a\x00'}, 'disabled_reason')])
def test_what_is_wrong_is_named(admin, daemons, body, word):
    before = [one['status'] for one in listed(admin)]
    answer = admin.put('/os-services/1', body, expect=400)
    assert word in answer.json['badRequest']['message']
    assert [one['status'] for one in listed(admin)] == before


def test_further_keys(admin, daemons):
    """There was no schema before 1.1."""
    body = {'status': 'disabled', 'x': 1}
    admin.put('/os-services/1', body)
    answer = admin.put('/os-services/1', body, headers=AT_1_1, expect=400)
    assert "'x'" in answer.json['badRequest']['message']


@pytest.mark.parametrize(('id_', 'status', 'message'), [
    ('x', 400, 'Invalid service id provided.'),
    ('-1', 400, 'Invalid service id provided.'),
    ('1.0', 400, 'Invalid service id provided.'),
    ('12345', 404, 'Service 12345 could not be found.'),
    ('0', 404, 'Service 0 could not be found.'),
    ('2147483648', 404, 'Service 2147483648 could not be found.'),
    ('9' * 255, 404, None), ('9' * 5000, 400, 'Malformed request url')])
def test_ids_of_nothing(admin, daemons, id_, status, message):
    answer = admin.put(f'/os-services/{id_}', {'status': 'disabled'},
                       expect=status)
    [fault] = answer.json.values()
    assert message in (None, fault['message'])


def test_queries_are_few_and_constant(admin, daemons):
    with Statements() as few:
        listed(admin)
    for number in range(20):
        services.heartbeat(context.system(), f'h{number}', ENGINE)
    with Statements() as many:
        listed(admin)
    # BEGIN, and one question
    assert few.count == many.count <= 2
