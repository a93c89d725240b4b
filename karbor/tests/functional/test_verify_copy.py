# SPDX-License-Identifier: Apache-2.0
"""Verify and copy, by the real client on real daemons."""

import os
from pathlib import Path

from karborclient.common.apiclient import exceptions
import pytest

from karbor.tests.functional import daemons
from karbor.tests.functional.daemons import DATABASE
from karbor.tests.functional.daemons import FILESET
from karbor.tests.functional.daemons import PROVIDER
from karbor.tests.functional.test_main_job import _make_application
from karbor.tests.functional.test_main_job import _rows
from karbor.tests.functional.test_main_job import _tree

ELSEWHERE = '7b0c1f0e-4f70-4d0f-9a5e-0d1f6f3a1c12'
V1_2 = {'OpenStack-API-Version': 'data-protect 1.2',
        'X-Auth-Token': f'user:{daemons.PROJECT}'}
V1_1 = {'OpenStack-API-Version': 'data-protect 1.1',
        'X-Auth-Token': f'user:{daemons.PROJECT}'}


@pytest.fixture(scope='module', params=['standalone', 'postgresql'])
def karbor(request, tmp_path_factory):
    """Running daemons, with a second provider."""
    with daemons.deployment(tmp_path_factory.mktemp('karbor'),
                            request.param) as deployed:
        first = deployed.root / 'providers.d/test.conf'
        (deployed.root / 'providers.d/elsewhere.conf').write_text(
            first.read_text().replace(PROVIDER, ELSEWHERE).replace(
                str(deployed.bank), f'{deployed.bank}-elsewhere'))
        deployed.start()
        yield deployed


@pytest.fixture
def checkpoint(karbor):
    """A checkpoint of files and of a database."""
    _make_application(karbor)
    plan = karbor.plan(('Karbor::FileSet', FILESET),
                       ('Karbor::Database', DATABASE))
    made = karbor.protect(plan)
    assert made.status == 'available'
    made.plan_id = plan.id
    return made


def verify(karbor, checkpoint_id):
    client = karbor.client()
    made = client.verifications.create(PROVIDER, checkpoint_id, {})
    daemons.until(lambda: client.verifications.get(made.id).status
                  != 'in_progress', what='the end of a verification')
    assert made.id in {one.id for one in client.verifications.list()}
    return client.verifications.get(made.id)


def copy(karbor, body, **kwargs):
    """Copy and wait for the end; what was answered."""
    answer = karbor.http(
        'POST', f'/providers/{PROVIDER}/checkpoints/action',
        json={'copy': body}, **kwargs)
    assert answer.ok, answer.text
    made = answer.json()['copy']
    log = karbor.ended('copy', made['checkpoint_id'])
    assert log.status == 'available', log.error_info
    return made


def test_damage_in_the_bank_is_found_and_named(karbor, checkpoint):
    found = verify(karbor, checkpoint.id)
    assert found.status == 'success'
    assert set(found.resources_status.values()) == {'available'}

    chunks = [path for path in karbor.bank_objects()
              if f'data/{checkpoint.id}/' in path and 'index' not in path]
    largest = max(chunks, key=lambda path: (karbor.bank / path).stat().st_size)
    content = bytearray((karbor.bank / largest).read_bytes())
    content[len(content) // 2] ^= 1
    (karbor.bank / largest).write_bytes(content)

    found = verify(karbor, checkpoint.id)
    assert found.status == 'fail'
    files, database = (f'Karbor::FileSet#{FILESET}',
                       f'Karbor::Database#{DATABASE}')
    assert found.resources_status == {files: 'error', database: 'available'}
    key = largest[largest.index('data/'):]
    assert key in found.resources_reason[files]
    log = karbor.client().operation_logs.get(found.id)
    assert log.operation_type == 'verify'
    assert key in log.error_info


def at_1_2(karbor, method, path, **body):
    """What is answered to somebody who knows 1.2."""
    return karbor.http(method, path, json=body or None, headers=V1_2)


def ended(karbor, path, key):
    """The restore or verification of a path, when it has ended."""
    return daemons.until(lambda: (
        (one := at_1_2(karbor, 'GET', path).json()[key])['status']
        != 'in_progress' and one), what=f'the end of a {key}')


def test_a_damaged_checkpoint_is_marked_and_used_by_force_only(
        karbor, checkpoint):
    rows = _rows(karbor)
    # the largest one is of the files
    chunk = max((path for path in karbor.bank_objects()
                 if f'data/{checkpoint.id}/' in path and 'index' not in path),
                key=lambda path: (karbor.bank / path).stat().st_size)
    good = (karbor.bank / chunk).read_bytes()
    (karbor.bank / chunk).write_bytes(good[:-1])
    found = verify(karbor, checkpoint.id)
    assert found.status == 'fail'
    place = f'/providers/{PROVIDER}/checkpoints/{checkpoint.id}'
    shown = at_1_2(karbor, 'GET', place).json()['checkpoint']
    assert shown['status'] == 'available'
    assert shown['damage']['operation_id'] == found.id
    assert chunk[chunk.index('data/'):] in shown['damage']['reason']

    with pytest.raises(exceptions.Conflict, match=found.id):
        karbor.restore(checkpoint.id)
    wanted = {'provider_id': PROVIDER, 'checkpoint_id': checkpoint.id,
              'parameters': {}}
    for path, body in (
            ('/restores', {'restore': wanted}),
            (f'/providers/{PROVIDER}/checkpoints/action',
             {'copy': {'checkpoint_id': checkpoint.id}})):
        answer = at_1_2(karbor, 'POST', path, **body)
        assert answer.status_code == 409
        assert f'Verification {found.id} found' in answer.text

    # what is left of it comes back, what is damaged does not
    before = _tree(karbor.root / 'files')
    os.truncate(karbor.root / 'shop.sqlite', 0)
    answer = at_1_2(karbor, 'POST', '/restores',
                    restore={**wanted, 'force': True})
    assert answer.status_code == 202, answer.text
    made = answer.json()['restore']
    restored = ended(karbor, f'/restores/{made["id"]}', 'restore')
    assert {one['type']: one['status'] for one in restored['resources']} == {
        'Karbor::FileSet': 'error', 'Karbor::Database': 'success'}
    assert _rows(karbor) == rows
    assert _tree(karbor.root / 'files') == before

    # repaired; only a look at all of it says so
    (karbor.bank / chunk).write_bytes(good)
    statuses = []
    for number in (1, 2, 3):
        answer = at_1_2(karbor, 'POST', '/verifications', verification={
            'provider_id': PROVIDER, 'checkpoint_id': checkpoint.id,
            'subset': {'number': number, 'of': 3}})
        one = ended(karbor, '/verifications/'
                    f'{answer.json()["verification"]["id"]}', 'verification')
        assert one['status'] == 'success'
        assert one['subset'] == {'number': number, 'of': 3}
        statuses += [each['status'] for each in one['resources']]
    assert sorted(statuses) == ['skipped'] * 4 + ['success'] * 2
    assert at_1_2(karbor, 'GET', place).json()['checkpoint']['damage']
    assert verify(karbor, checkpoint.id).status == 'success'
    assert at_1_2(karbor, 'GET', place).json()['checkpoint'][
        'damage'] is None
    assert karbor.restore(checkpoint.id).status == 'success'


def test_what_is_gone_is_named(karbor):
    there, gone = karbor.box('there'), ('Test::Box', 'gone')
    answer = at_1_2(karbor, 'POST', '/plans', plan={
        'name': 'boxes', 'provider_id': PROVIDER, 'parameters': {},
        'missing_resources': 'skip', 'resources': [
            {'type': type_, 'id': id_, 'name': id_}
            for type_, id_ in (there, gone)]})
    assert answer.status_code == 201, answer.text
    plan = answer.json()['plan']
    plan = karbor.client().plans.get(plan['id'])
    made = karbor.protect(plan)
    assert made.status == 'available'
    shown = at_1_2(
        karbor, 'GET',
        f'/providers/{PROVIDER}/checkpoints/{made.id}').json()['checkpoint']
    assert shown['missing_resources'] == [
        {'type': 'Test::Box', 'id': 'gone', 'name': 'gone'}]
    assert 'Without Test::Box gone' in shown['status_reason']
    assert shown['resources'][-1]['status'] == 'skipped'
    (karbor.stranger / 'Box' / 'there').write_bytes(b'lost')
    restored = karbor.restore(made.id)
    assert restored.status == 'success'
    # a client of v1 is told, too
    assert restored.resources_status['Test::Box#gone'] == 'undefined'
    assert 'missing' in restored.resources_reason['Test::Box#gone']
    assert karbor.boxes('there') == (b'box content', b'thing content')
    # by default it is an error
    assert at_1_2(karbor, 'PUT', f'/plans/{plan.id}', plan={
        'missing_resources': 'error'}).ok
    failed = karbor.protect(plan)
    assert failed.status == 'error'


def test_a_copy_is_restored_when_its_source_is_gone(karbor, checkpoint):
    before, rows = _tree(karbor.root / 'files'), _rows(karbor)
    made = copy(karbor, {'plan_id': checkpoint.plan_id, 'parameters': {}})
    assert karbor.delete(checkpoint.id).status == 'deleted'
    assert not [path for path in karbor.bank_objects()
                if checkpoint.id in path]
    assert verify(karbor, made['checkpoint_id']).status == 'success'

    (karbor.root / 'files/deep/er/data').write_bytes(b'damaged')
    Path(karbor.root / 'files/deep/text').unlink()
    os.truncate(karbor.root / 'shop.sqlite', 0)
    assert karbor.restore(made['checkpoint_id']).status == 'success'
    assert _tree(karbor.root / 'files') == before
    assert _rows(karbor) == rows
    assert karbor.delete(made['checkpoint_id']).status == 'deleted'


def test_a_copy_in_another_bank(karbor, checkpoint):
    rows = _rows(karbor)
    made = copy(karbor, {'checkpoint_id': checkpoint.id,
                         'provider_id': ELSEWHERE}, headers=V1_1)
    assert made['source_checkpoint_id'] == checkpoint.id
    copy_id = made['checkpoint_id']
    assert not [path for path in karbor.bank_objects() if copy_id in path]
    assert karbor.delete(checkpoint.id).status == 'deleted'

    client = karbor.client()
    assert [one.id for one in client.checkpoints.list(ELSEWHERE)] == [copy_id]
    os.truncate(karbor.root / 'shop.sqlite', 0)
    restore = client.restores.create(ELSEWHERE, copy_id, None, {}, None)
    daemons.until(lambda: client.restores.get(restore.id).status
                  != 'in_progress', what='the end of a restore')
    assert client.restores.get(restore.id).status == 'success'
    assert _rows(karbor) == rows
    client.checkpoints.delete(ELSEWHERE, copy_id)
    assert karbor.ended('delete', copy_id).status == 'deleted'
    assert not [path for path in Path(f'{karbor.bank}-elsewhere').rglob('*')
                if path.is_file() and copy_id in str(path)]
