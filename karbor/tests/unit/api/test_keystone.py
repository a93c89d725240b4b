# SPDX-License-Identifier: Apache-2.0
"""The keystone pipeline, with the real middleware and a small Keystone."""

import datetime
import json

from oslo_config import cfg
import pytest
import webob

from karbor import conf as karbor_conf
from karbor.api import app as api_app
from karbor.api import server
from karbor.tests import fixtures


class Keystone:
    """Knows its own password and the tokens that a test gives it."""

    def __init__(self):
        self.tokens = {}
        self.base = ''

    def give(self, token, *roles, project=fixtures.PROJECT):
        now = datetime.datetime.now(datetime.UTC)
        self.tokens[token] = {
            'methods': ['password'], 'audit_ids': [token],
            'issued_at': now.strftime('%Y-%m-%dT%H:%M:%S.%fZ'),
            'expires_at': (now + datetime.timedelta(hours=1)).strftime(
                '%Y-%m-%dT%H:%M:%S.%fZ'),
            'user': {'id': 'user-id', 'name': 'u',
                     'domain': {'id': 'default', 'name': 'Default'}},
            'project': {'id': project, 'name': 'p',
                        'domain': {'id': 'default', 'name': 'Default'}},
            'roles': [{'id': role, 'name': role} for role in roles]}

    def __call__(self, environ, start_response):
        request = webob.Request(environ)
        return self._answer(request)(environ, start_response)

    def _answer(self, request):
        if request.path_info.rstrip('/') in ('', '/v3'):
            return self._json({'version': {
                'id': 'v3.14', 'status': 'stable', 'links': [
                    {'rel': 'self', 'href': f'{self.base}/v3/'}]}})
        if request.method == 'POST':
            # the service's own token, with where Keystone is
            endpoints = [{'id': kind, 'interface': kind, 'url': self.base,
                          'region': 'R', 'region_id': 'R'}
                         for kind in ('admin', 'internal', 'public')]
            answer = self._json({'token': {
                **self.tokens['service'], 'catalog': [{
                    'id': 'identity', 'type': 'identity', 'name': 'keystone',
                    'endpoints': endpoints}]}}, 201)
            answer.headers['X-Subject-Token'] = 'service'
            return answer
        token = self.tokens.get(request.headers['X-Subject-Token'])
        if token is None:
            return self._json({'error': {'code': 404, 'title': 'Not Found',
                                         'message': 'no token'}}, 404)
        return self._json({'token': token})

    def _json(self, document, status=200):
        return webob.Response(status=status, text=json.dumps(document),
                              content_type='application/json',
                              charset='UTF-8')


@pytest.fixture
def keystone():
    """A Keystone on the loopback."""
    made = Keystone()
    made.give('service', 'service')
    http = server.Server(lambda: made, '127.0.0.1', 0, threads=2)
    made.base = f'http://127.0.0.1:{http.port}'
    http.start()
    yield made
    http.stop()
    http.wait()
    http.close()


TEXT = """
[keystone_authtoken]
www_authenticate_uri = {0}
auth_type = password
auth_url = {0}
username = karbor
password = pw
user_domain_id = default
project_name = service
project_domain_id = default
"""


@pytest.fixture
def pipeline(conf, database, rules, protection, keystone, tmp_path):
    """The application as it is in a cloud."""
    path = tmp_path / 'keystone.conf'
    path.write_text(TEXT.format(keystone.base))
    # its own, because the middleware registers options that it requires
    own = cfg.ConfigOpts()
    karbor_conf.parse([], own, [str(path)])
    return api_app.build(own)


@pytest.mark.parametrize('headers', [
    {}, {'X-Auth-Token': 'nonsense'}, {'X-Auth-Token': ''},
    # what only the middleware may say
    fixtures.identity('admin', 'member'),
    {**fixtures.identity('admin'), 'X-Auth-Token': 'nonsense'}])
@pytest.mark.parametrize('path', ['/plans', '/nonsense'])
def test_without_a_good_token(pipeline, keystone, headers, path):
    answer = fixtures.Api(pipeline, headers).get(path, expect=401)
    error = answer.json['error']
    assert (error['code'], error['title']) == (401, 'Unauthorized')
    assert error['message']
    assert answer.headers['WWW-Authenticate'] == (
        f'Keystone uri="{keystone.base}"')
    assert answer.headers['x-openstack-request-id']


def test_version_documents_need_none(pipeline):
    fixtures.Api(pipeline, {}).raw('GET', '/', expect=300)
    fixtures.Api(pipeline, {}).raw('GET', '/v1')
    fixtures.Api(pipeline, {}).raw('GET', '/healthcheck')


def test_the_token_says_who_it_is(pipeline, keystone):
    keystone.give('m', 'member')
    keystone.give('r', 'reader')
    keystone.give('a', 'admin')
    keystone.give('o', 'manager', project=fixtures.OTHER)
    member, reader, admin, other = (
        fixtures.Api(pipeline, {'X-Auth-Token': token}) for token in 'mrao')
    made = member.post('/plans', fixtures.plan_body()).json['plan']
    reader.get(f'/plans/{made["id"]}')
    answer = reader.post('/plans', fixtures.plan_body(), expect=403)
    assert answer.json['forbidden']['message'] == (
        "Policy doesn't allow plan:create to be performed.")
    admin.delete(f'/plans/{made["id"]}')
    other.get('/plans', expect=400)
    # roles that are only claimed
    reader.headers.update(fixtures.identity('admin'))
    reader.post('/plans', fixtures.plan_body(), expect=403)


def test_a_keystone_that_is_away(pipeline, keystone):
    keystone.tokens.clear()
    answer = fixtures.Api(pipeline, {'X-Auth-Token': 'x'},
                          ).get('/plans', expect=503)
    assert answer.json['serviceUnavailable']['code'] == 503
