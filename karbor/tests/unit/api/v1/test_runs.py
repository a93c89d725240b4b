# SPDX-License-Identifier: Apache-2.0
import datetime

import pytest
import sqlalchemy as sa

from karbor import context
from karbor.db import models
from karbor.db import session
from karbor.tests import fixtures
from karbor.tests.unit.policies import world

SCHEDULED = '/scheduled_operations'


@pytest.fixture
def new(api):
    """A member who speaks 1.2."""
    return api.at('1.2')


@pytest.fixture
def path(api):
    """Of an operation without any run."""
    return operation(api)


def operation(api, **changes):
    plan = api.post('/plans', fixtures.plan_body()).json['plan']['id']
    trigger = api.post('/triggers', fixtures.trigger_body()).json[
        'trigger_info']['id']
    made = api.at('1.2').post(SCHEDULED, {'scheduled_operation': {
        **fixtures.scheduled_operation_body(trigger, plan)[
            'scheduled_operation'], **changes}}, expect=201)
    return f'{SCHEDULED}/{made.json["scheduled_operation"]["id"]}'


def run_now(new, path):
    return new.post(f'{path}/run', expect=201).json['run']


def change(run, **values):
    """What engines write."""
    with session.writer(context.system()) as writer:
        writer.execute(sa.update(models.Run).where(
            models.Run.id == run['id']).values(**values))


def ids(new, path, query=''):
    return [run['id'] for run in new.get(f'{path}/runs{query}').json['runs']]


def test_a_run_that_is_wanted_now(new, api):
    path = operation(api, complete_within=3600)
    answer = new.post(f'{path}/run', expect=201)
    run = answer.json['run']
    assert answer.headers['Location'] == (
        f'http://localhost{new.base}{path}/runs/{run["id"]}')
    assert new.get(f'{path}/runs/{run["id"]}').json == {'run': run}
    assert new.get(f'{path}/runs').json == {'runs': [run]}
    assert (run['status'], run['origin'], run['late'], run['reason']) == (
        'queued', 'manual', False, None)
    assert run['cause'] == {'user_id': 'u'}
    assert path.endswith(run['scheduled_operation_id'])
    for name in ('waits_for', 'checkpoint_id', 'operation_id', 'started_at',
                 'ended_at'):
        assert run[name] is None

    def after(name):
        return (datetime.datetime.fromisoformat(run[name])
                - datetime.datetime.fromisoformat(run['expected_at']))

    assert after('start_by') == datetime.timedelta(seconds=900)
    assert after('complete_by') == datetime.timedelta(seconds=3600)
    # engines are not told of
    assert not {'owner', 'lease_until', 'attempt'} & set(run)


def test_what_is_disabled_does_not_run(new, path):
    new.put(path, {'scheduled_operation': {'enabled': False}})
    answer = new.post(f'{path}/run', expect=409)
    assert 'is disabled' in answer.json['conflictingRequest']['message']
    assert ids(new, path) == []


def test_the_newest_comes_first(new, path):
    made = [run_now(new, path)['id'] for _number in range(3)]
    assert ids(new, path) == made[::-1]
    assert ids(new, path, '?sort=expected_at:asc') == made
    assert ids(new, path, '?sort_key=expected_at&sort_dir=asc') == made
    assert ids(new, path, '?sort=triggered_at:asc') == made
    assert ids(new, path, '?sort=status') == made[::-1]
    for key in ('created_at', 'id', 'owner'):
        answer = new.get(f'{path}/runs?sort={key}', expect=400)
        assert 'status, triggered_at, expected_at' in answer.text


def test_filters(new, path):
    first, second = run_now(new, path), run_now(new, path)
    change(first, status='skipped', reason='why', origin='time')
    change(second, late=True)

    def found(query):
        return ids(new, path, f'?{query}')

    assert found('status=skipped') == [first['id']]
    assert found('status=success') == []
    assert found('origin=manual') == found('late=true') == [second['id']]
    assert found('origin=time&late=false') == [first['id']]
    for query, words in (('status=asleep', 'dropped_out_of_window'),
                         ('origin=moon', 'time, event, manual'),
                         ('late=perhaps', 'true, false'),
                         ('late=None', 'true, false'),
                         ('owner=x', 'no such parameter'),
                         ('project_id=x', 'no such parameter')):
        answer = new.get(f'{path}/runs?{query}', expect=400)
        assert words in answer.json['badRequest']['message']


def test_pages_follow_their_links(new, path):
    made = [run_now(new, path)['id'] for _number in range(5)]
    seen, link = [], f'{new.base}{path}/runs?limit=2&late=false'
    while link:
        body = new.raw('GET', link).json
        seen += [run['id'] for run in body['runs']]
        links = body.get('runs_links')
        link = links and links[0]['href'].removeprefix('http://localhost')
        if link:
            # the marker goes, and the walk goes on
            with session.writer(context.system()) as writer:
                writer.execute(sa.delete(models.Run).where(
                    models.Run.id == seen[-1]))
    assert seen == made[::-1]


def test_runs_of_others_do_not_exist(new, other, admin, path):
    run = run_now(new, path)
    other, admin = other.at('1.2'), admin.at('1.2')
    for method, below in (('GET', 'runs'), ('GET', f'runs/{run["id"]}'),
                          ('POST', 'run')):
        other.send(method, f'{path}/{below}', expect=404)
    assert admin.get(f'{path}/runs').json == {'runs': [run]}
    assert ids(new, path) == [run['id']]


def test_an_administrator_of_another_project_sees_them(new, app, path):
    run = run_now(new, path)
    elsewhere = fixtures.Api(app, fixtures.identity(
        'admin', project=fixtures.OTHER), project=fixtures.OTHER).at('1.2')
    assert elsewhere.get(f'{path}/runs').json == {'runs': [run]}
    assert elsewhere.get(f'{path}/runs/{run["id"]}').json == {'run': run}


def test_of_what_is_not_there(new, api, path):
    other = operation(api)
    run = run_now(new, path)['id']
    answer = new.get(f'{other}/runs/{run}', expect=404)
    assert answer.json['itemNotFound']['message'] == (
        f'Run {run} could not be found.')
    nowhere = f'{SCHEDULED}/{fixtures.NOWHERE}'
    for method, below in (('GET', 'runs'), ('POST', 'run'),
                          ('GET', f'runs/{run}')):
        new.send(method, f'{nowhere}/{below}', expect=404)
    new.delete(path, expect=204)
    new.get(f'{path}/runs', expect=404)


@pytest.mark.parametrize(('method', 'below', 'noun'), [
    ('GET', 'x/runs', 'operation'), ('POST', 'x/run', 'operation'),
    ('GET', f'x/runs/{fixtures.NOWHERE}', 'operation'),
    ('GET', f'{fixtures.NOWHERE}/runs/x', 'run')])
def test_ids_are_uuids(new, method, below, noun):
    answer = new.send(method, f'{SCHEDULED}/{below}', expect=400)
    assert answer.json['badRequest']['message'] == (
        f'Invalid {noun} id provided.')


def test_work_tells_of_its_run(new, api):
    plan = api.post('/plans', fixtures.plan_body()).json['plan']['id']
    for _number in range(2):
        api.post(world.CHECKPOINTS, {'checkpoint': {'plan_id': plan}})
    run, _other = (one['id'] for one in new.get('/operations').json[
        'operations'])
    with session.writer(context.system()) as writer:
        writer.execute(sa.update(models.Operation).where(
            models.Operation.id == run).values(scheduled_run_id=run))
    for noun in ('operations', 'operation_logs'):
        [found] = new.get(f'/{noun}?scheduled_run_id={run}').json[noun]
        assert found['scheduled_run_id'] == run
        assert new.get(f'/{noun}/{run}').json[noun[:-1]][
            'scheduled_run_id'] == run
        assert new.get(
            f'/{noun}?scheduled_run_id={fixtures.NOWHERE}').json[noun] == []
        old = api.at('1.1')
        assert 'scheduled_run_id' not in old.get(f'/{noun}/{run}').json[
            noun[:-1]]
        old.get(f'/{noun}?scheduled_run_id={run}', expect=400)
        # at 1.0 in silence
        assert len(api.get('/operation_logs?scheduled_run_id=x').json[
            'operation_logs']) == 2
    assert new.post(f'/operations/{run}/cancel', expect=202).json[
        'operation']['scheduled_run_id'] == run
