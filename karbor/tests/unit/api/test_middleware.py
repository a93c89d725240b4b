# SPDX-License-Identifier: Apache-2.0
import pytest

from karbor.api import app as api_app
from karbor.tests import fixtures


def test_noauth_makes_everybody_an_administrator(noauth):
    api = noauth()
    made = api.post('/plans', fixtures.plan_body()).json['plan']
    other = noauth(f'x:{fixtures.OTHER}')
    other.raw('GET', f'{api.base}/plans', expect=400)
    other.raw('GET', f'/v1/{fixtures.OTHER}/plans/{made["id"]}')


@pytest.mark.parametrize('token', ['someone', 'someone:', ':'])
def test_noauth_takes_the_project_from_the_url(noauth, token):
    api = noauth(token)
    api.get('/plans')
    api.raw('GET', '/v1', expect=200)
    api.raw('GET', '/nonsense', expect=404)


def test_noauth_hands_out_tokens(noauth):
    api = noauth(None)
    answer = api.get('/plans', expect=204, headers={
        'X-Auth-User': 'u', 'X-Auth-Project-Id': 'p'})
    assert answer.headers['X-Auth-Token'] == 'u:p'
    assert answer.headers['X-Server-Management-Url'] == (
        'http://localhost/v1/p')
    token = api.get('/plans', expect=204).headers['X-Auth-Token']
    assert token == 'admin:admin'
    noauth(token).raw('GET', '/v1/admin/plans')


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
