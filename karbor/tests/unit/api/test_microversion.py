# SPDX-License-Identifier: Apache-2.0
import pytest
import webob.exc

from karbor.api import app as api_app
from karbor.api.schemas import method
from karbor.tests import fixtures

HEADER = 'OpenStack-API-Version'
NEW = {HEADER: 'data-protect 1.1'}


def said(answer):
    assert HEADER in answer.headers['Vary']
    return answer.headers[HEADER]


@pytest.mark.parametrize(('text', 'version'), [
    (None, '1.0'), ('', '1.0'), ('compute 2.1', '1.0'),
    ('data-protect 1.0', '1.0'), ('data-protect 1.1', '1.1'),
    ('data-protect 1.2', '1.2'),
    ('DATA-PROTECT  1.1 ', '1.1'), ('data-protect latest', None),
    ('data-protection-orchestration 1.1', '1.1'),
    ('compute 2.90, data-protect 1.1', '1.1')])
def test_the_version_that_is_asked_for(api, text, version):
    headers = {} if text is None else {HEADER: text}
    answer = api.get('/plans', headers=headers)
    assert said(answer) == (
        f'data-protect {version or method.VERSIONS[-1]}')


def test_versions_that_are_not_there(api):
    for text in ('1.999', '2.0', '0.9'):
        answer = api.get('/plans', headers={HEADER: f'data-protect {text}'},
                         expect=406)
        assert answer.json['computeFault']['message'] == (
            f'Version {text} of the API is not there; expected one from 1.0 '
            f'to {method.VERSIONS[-1]}.')


@pytest.mark.parametrize('text', ['1', 'x', '1.x', '1.1.1', '-'])
def test_what_is_no_version(api, text):
    answer = api.get('/plans', headers={HEADER: f'data-protect {text}'},
                     expect=400)
    assert HEADER in answer.json['badRequest']['message']


def test_errors_say_their_version_too(parts, monkeypatch):
    parts.set_override('auth_strategy', 'noauth')
    api = fixtures.Api(api_app.build(parts), {
        **NEW, 'X-Auth-Token': f'u:{fixtures.PROJECT}'})
    assert said(api.get('/nonsense', expect=404)) == 'data-protect 1.1'
    assert said(api.post('/plans', expect=400)) == 'data-protect 1.1'
    monkeypatch.setattr(api_app, '_authenticated',
                        lambda app, conf: webob.exc.HTTPUnauthorized())
    api = fixtures.Api(api_app.build(parts), NEW)
    assert said(api.get('/plans', expect=401)) == 'data-protect 1.1'


@pytest.mark.parametrize(('query', 'word'), [
    ('colour=red', 'no such parameter'), ('all=1', 'no such parameter'),
    ('status=strange', 'Expected one of suspended, started'),
    ('project_id=x', 'only an administrator'),
    ('all_tenants=maybe', 'Expected one of')])
def test_parameters_that_1_0_leaves_out_in_silence(api, query, word):
    api.get(f'/plans?{query}')
    answer = api.get(f'/plans?{query}', headers=NEW, expect=400)
    message = answer.json['badRequest']['message']
    assert query.partition('=')[0] in message
    assert word in message


@pytest.mark.parametrize(('path', 'column'), [
    ('plans', 'provider_id'), ('restores', 'checkpoint_id'),
    ('verifications', 'provider_id'), ('operation_logs', 'provider_id'),
    (f'providers/{fixtures.PROVIDER}/checkpoints', 'id')])
def test_what_only_the_fence_decides_is_for_everybody(api, path, column):
    plan = api.post('/plans', fixtures.plan_body()).json['plan']['id']
    api.post(f'/providers/{fixtures.PROVIDER}/checkpoints',
             {'checkpoint': {'plan_id': plan}})
    checkpoint = fixtures.work().checkpoint_id
    for noun in ('restore', 'verification'):
        api.post(f'/{noun}s', {noun: {
            'provider_id': fixtures.PROVIDER, 'checkpoint_id': checkpoint,
            'parameters': {}}})
    collection = path.rpartition('/')[2]
    all_ = api.get(f'/{path}', headers=NEW).json[collection]
    found = api.get(f'/{path}?{column}={all_[0][column]}', headers=NEW)
    assert found.json[collection] == all_
    nothing = f'/{path}?{column}={fixtures.NOWHERE}'
    assert api.get(nothing, headers=NEW).json[collection] == []
    # at 1.0 it is left out
    assert len(api.get(nothing).json[collection]) == len(all_)


def test_known_parameters(api, admin):
    admin.get('/plans?provider_id=x&all_tenants=True', headers=NEW)
    api.get('/plans?limit=5&sort=name:asc&status=started', headers=NEW)
    api.get('/plans?sort_key=name&sort_dir=asc', headers=NEW)
    api.get('/plans?sort_key=colour', headers=NEW, expect=400)
    plan = api.post('/plans', fixtures.plan_body()).json['plan']['id']
    api.get(f'/plans/{plan}?x=1')
    api.get(f'/plans/{plan}?x=1', headers=NEW, expect=400)


def test_statuses_of_success(api, manager):
    answer = api.post('/plans', fixtures.plan_body(), headers=NEW, expect=201)
    plan = answer.json['plan']
    assert answer.headers['Location'] == (
        f'http://localhost{api.base}/plans/{plan["id"]}')
    answer = api.post('/plans.json', fixtures.plan_body(), headers=NEW,
                      expect=201)
    # what it names is there
    api.raw('GET', answer.headers['Location'].removeprefix(
        'http://localhost'))
    checkpoints = f'/providers/{fixtures.PROVIDER}/checkpoints'
    answer = api.post(checkpoints, {'checkpoint': {'plan_id': plan['id']}},
                      headers=NEW, expect=202)
    checkpoint = answer.json['checkpoint']['id']
    assert answer.headers['Location'] == (
        f'http://localhost{api.base}{checkpoints}/{checkpoint}')
    fixtures.work()
    answer = api.delete(f'/plans/{plan["id"]}', headers=NEW, expect=204)
    assert answer.body == b''
    assert 'Content-Type' not in answer.headers
    path = f'{checkpoints}/{checkpoint}'
    answer = manager.put(path, {'os-resetState': {'state': 'error'}},
                         headers=NEW, expect=204)
    assert answer.body == b''
    assert manager.delete(path, headers=NEW, expect=202).body == b''
