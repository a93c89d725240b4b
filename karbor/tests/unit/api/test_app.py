# SPDX-License-Identifier: Apache-2.0
"""The pipelines around the application."""

import pytest

from karbor.api import app as api_app
from karbor.api import health
from karbor.db import session
from karbor.tests import fixtures
from karbor.tests.fixtures import PROJECT


def noauth(conf, token=f'someone:{PROJECT}'):
    conf.set_override('auth_strategy', 'noauth')
    headers = {'X-Auth-Token': token} if token else {}
    return fixtures.Api(api_app.build(conf), headers)


@pytest.fixture
def parts(conf, database, rules, protection):
    """What an application stands on."""
    return conf


@pytest.mark.parametrize('build', [noauth, lambda conf: fixtures.Api(
    api_app.build(conf), {})])
def test_version_documents_need_no_token(parts, build):
    api = build(parts)
    api.headers = {}
    version = {'id': 'v1.0', 'status': 'CURRENT', 'links': [
        {'rel': 'self', 'href': 'http://localhost/v1/'}]}
    assert api.raw('GET', '/', expect=300).json == {'versions': [version]}
    for path in ('/v1', '/v1/'):
        assert api.raw('GET', path).json == {'version': version}
    assert 'x-openstack-request-id' in api.raw('GET', '/v1').headers


def test_links_of_version_documents(parts, app, api):
    behind = {'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'cloud',
              'X-Forwarded-Prefix': '/data-protect'}

    def href():
        return api.raw('GET', '/v1', headers=behind,
                       ).json['version']['links'][0]['href']

    # nobody but an operator who has a proxy may believe these headers
    assert href() == 'http://localhost/v1/'
    parts.set_override('enable_proxy_headers_parsing', True,
                       'oslo_middleware')
    assert href() == 'https://cloud/data-protect/v1/'
    parts.clear_override('enable_proxy_headers_parsing', 'oslo_middleware')
    parts.set_override('base_url', 'https://127.0.0.1/x', 'api')
    api.app = api_app.build(parts)
    assert href() == 'https://127.0.0.1/x/v1/'


def test_noauth_makes_everybody_an_administrator(parts):
    api = noauth(parts)
    made = api.post('/plans', fixtures.plan_body()).json['plan']
    other = noauth(parts, f'x:{fixtures.OTHER}')
    other.raw('GET', f'{api.base}/plans', expect=400)
    other.raw('GET', f'/v1/{fixtures.OTHER}/plans/{made["id"]}')


@pytest.mark.parametrize('token', ['someone', 'someone:', ':'])
def test_noauth_takes_the_project_from_the_url(parts, token):
    api = noauth(parts, token)
    api.get('/plans')
    api.raw('GET', '/v1', expect=200)
    api.raw('GET', '/nonsense', expect=404)


def test_noauth_hands_out_tokens(parts):
    api = noauth(parts, None)
    answer = api.get('/plans', expect=204, headers={
        'X-Auth-User': 'u', 'X-Auth-Project-Id': 'p'})
    assert answer.headers['X-Auth-Token'] == 'u:p'
    assert answer.headers['X-Server-Management-Url'] == (
        'http://localhost/v1/p')
    token = api.get('/plans', expect=204).headers['X-Auth-Token']
    assert token == 'admin:admin'
    noauth(parts, token).raw('GET', '/v1/admin/plans')


def test_healthcheck(parts, app, api, caplog):
    assert api.raw('GET', '/healthcheck').text == 'OK'
    session.dispose()
    answer = api.raw('GET', '/healthcheck', expect=503)
    assert answer.text == 'The database does not answer.'
    assert 'The database does not answer.' in caplog.text
    api.get('/healthcheck', expect=404)


def test_the_check_tells_of_the_database(parts):
    assert health.Database(parts, {}).healthcheck(0).available
    session.dispose()
    assert not health.Database(parts, {}).healthcheck(0).available


def test_a_browser_of_another_site(parts, api):
    origin = 'http://127.0.0.1:1234'
    parts.set_override('allowed_origin', [origin], 'cors')
    api.app = api_app.build(parts)
    asked = {'Origin': origin, 'Access-Control-Request-Method': 'PUT',
             'Access-Control-Request-Headers': 'X-Auth-Token'}
    answer = api.send('OPTIONS', '/plans', headers=asked, expect=200)
    assert answer.headers['Access-Control-Allow-Origin'] == origin
    for path, status in (('/plans', 200), ('/nonsense', 404)):
        answer = api.get(path, headers={'Origin': origin}, expect=status)
        assert answer.headers['Access-Control-Allow-Origin'] == origin
        assert 'X-OpenStack-Request-ID' in answer.headers[
            'Access-Control-Expose-Headers']
    answer = api.get('/plans', headers={'Origin': 'http://127.0.0.1:1'})
    assert 'Access-Control-Allow-Origin' not in answer.headers


def test_errors_of_others_become_ours(parts, api, monkeypatch):
    def broken(app, conf):
        def wsgi(environ, start_response):
            raise RuntimeError('secret')
        return wsgi

    def html(app, conf):
        def wsgi(environ, start_response):
            start_response('405 Method Not Allowed', [
                ('Content-Type', 'text/html'), ('Allow', 'GET')])
            return [b'<html>']
        return wsgi

    monkeypatch.setattr(api_app, '_authenticated', broken)
    api.app = api_app.build(parts)
    answer = api.get('/plans', expect=500)
    assert 'secret' not in answer.text
    assert answer.headers['x-openstack-request-id'] in answer.text
    monkeypatch.setattr(api_app, '_authenticated', html)
    api.app = api_app.build(parts)
    answer = api.get('/plans', expect=405)
    assert answer.json == {'badMethod': {'code': 405,
                                         'message': 'Method Not Allowed'}}
    assert answer.headers['Allow'] == 'GET'


def test_a_line_of_the_log_stays_one_line(api, caplog):
    api.ask('/v1/a\nb', b'c\nd')
    lines = [record.getMessage() for record in caplog.records
             if 'GET' in record.getMessage()]
    assert any('/v1/a%0Ab?c%0Ad: 400' in line for line in lines)
    assert not any('\n' in line for line in lines)
