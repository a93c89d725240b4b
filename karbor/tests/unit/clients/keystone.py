# SPDX-License-Identifier: Apache-2.0
"""A Keystone on the loopback that knows of trusts, and does what it is told.

The real one is asked in karbor/tests/functional/identity. This one can also
be away, answer nonsense, and be cut after any request.
"""

import contextlib
import datetime
import json
import uuid

from oslo_config import cfg
import webob

from karbor import conf as karbor_conf
from karbor import context
from karbor.api import server
from karbor.clients import trusts
from karbor.tests import fixtures

KARBOR = 'karbor-id'
PASSWORD = 'pw'


class Refused(Exception):
    """Answer with a status."""

    def __init__(self, status):
        super().__init__(status)
        self.status = status


class Keystone:
    """People, their tokens and their trusts.

    :ivar roles: by user and project
    :ivar disabled: ids of users
    :ivar tokens: what is known of each
    :ivar trusts: by id
    :ivar asked: methods and paths, in order
    :ivar broken: called with method and path before anything is done; what
        it returns is the answer
    """

    def __init__(self):
        self.base = ''
        self.forget()

    def forget(self):
        """Be as at the beginning."""
        self.roles = {(KARBOR, 'service'): {'service'}}
        self.disabled = set()
        self.tokens = {}
        self.trusts = {}
        self.asked = []
        self.broken = lambda method, path: None

    # -- what a test does -----------------------------------------------------

    def user(self, name='u', *roles, project=fixtures.PROJECT, **changes):
        """The context of somebody with a new token."""
        if roles:
            self.roles[name, project] = set(roles)
        token = self._token(name, project,
                            self.roles[name, project], **changes)
        return context.RequestContext(
            user_id=name, project_id=project, auth_token=token,
            roles=sorted(self.roles[name, project]), overwrite=False)

    def count(self, method, part):
        return len([path for asked, path in self.asked
                    if asked == method and part in path])

    # -- what it answers ------------------------------------------------------

    def __call__(self, environ, start_response):
        request = webob.Request(environ)
        path = request.path_info.removeprefix('/v3')
        self.asked.append((request.method, path))
        answer = self.broken(request.method, path)
        if answer is None:
            try:
                answer = self._answer(request, path)
            except Refused as error:
                answer = plain({'error': {
                    'code': error.status, 'title': 'No',
                    'message': f'no {request.method} of {path}'}},
                    error.status)
        return answer(environ, start_response)

    def _answer(self, request, path):
        if path.rstrip('/') == '':
            return plain({'version': {
                'id': 'v3.14', 'status': 'stable', 'links': [
                    {'rel': 'self', 'href': f'{self.base}/'}]}})
        if (request.method, path) == ('POST', '/auth/tokens'):
            return self._login(request.json['auth'])
        token = self.tokens.get(request.headers.get('X-Auth-Token'))
        if token is None or token['user']['id'] in self.disabled:
            raise Refused(401)
        if path == '/auth/tokens':
            if 'OS-TRUST:trust' in token:
                raise Refused(403)
            return plain({'token': token})
        _empty, _trusts, _more, *ids = path.split('/')
        return {'POST': self._make, 'GET': self._get if ids else self._list,
                'DELETE': self._delete}[request.method](request, token, *ids)

    def _login(self, auth):
        user = auth['identity']['password']['user']
        if user['password'] != PASSWORD or KARBOR in self.disabled:
            raise Refused(401)
        trust_id = auth.get('scope', {}).get('OS-TRUST:trust', {}).get('id')
        if trust_id is None:
            name = self._token(KARBOR, 'service', {'service'})
        else:
            trust = self.trusts.get(trust_id)
            if trust is None:
                raise Refused(401)
            who = trust['trustor_user_id'], trust['project_id']
            roles = {role['id'] for role in trust['roles']}
            if (trust['trustee_user_id'] != KARBOR
                    or who[0] in self.disabled
                    or not roles <= self.roles.get(who, set())):
                raise Refused(403)
            name = self._token(*who, roles, **{'OS-TRUST:trust': {
                'id': trust_id}})
        answer = plain({'token': self.tokens[name]}, 201)
        answer.headers['X-Subject-Token'] = name
        return answer

    def _token(self, user, project, roles, **changes):
        name = uuid.uuid4().hex
        self.tokens[name] = {
            'methods': ['password'], 'issued_at': moment(0),
            'expires_at': moment(3600), 'catalog': [],
            'user': {'id': user, 'name': user,
                     'domain': {'id': 'default', 'name': 'Default'}},
            'project': {'id': project, 'name': 'p',
                        'domain': {'id': 'default', 'name': 'Default'}},
            'roles': [{'id': role, 'name': role} for role in sorted(roles)],
            **changes}
        return name

    def _make(self, request, token):
        trust = request.json['trust']
        user = token['user']['id']
        roles = {role['id'] for role in trust['roles']}
        if (user != trust['trustor_user_id']
                or 'application_credential' in token):
            raise Refused(403)
        if not roles <= self.roles.get((user, trust['project_id']), set()):
            raise Refused(404)
        trust['id'] = uuid.uuid4().hex
        self.trusts[trust['id']] = trust
        return plain({'trust': trust}, 201)

    def _get(self, request, token, id_):
        trust = self.trusts.get(id_)
        if trust is None:
            raise Refused(404)
        if token['user']['id'] not in (trust['trustor_user_id'],
                                       trust['trustee_user_id']):
            raise Refused(403)
        return plain({'trust': trust})

    def _list(self, request, token):
        (key, value), = request.GET.items()
        if value != token['user']['id']:
            raise Refused(403)
        return plain({'trusts': [
            {name: told for name, told in trust.items() if name != 'roles'}
            for trust in self.trusts.values() if trust[key] == value]})

    def _delete(self, request, token, id_):
        trust = self.trusts.get(id_)
        if trust is None:
            raise Refused(404)
        roles = {role['id'] for role in token['roles']}
        if (token['user']['id'] != trust['trustor_user_id']
                and 'admin' not in roles):
            raise Refused(403)
        del self.trusts[id_]
        return webob.Response(status=204)


def moment(seconds):
    return (datetime.datetime.now(datetime.UTC) + datetime.timedelta(
        seconds=seconds)).strftime('%Y-%m-%dT%H:%M:%S.%fZ')


def plain(document, status=200):
    return webob.Response(status=status, text=json.dumps(document),
                          content_type='application/json', charset='UTF-8')


TEXT = """
[{group}]
auth_type = password
auth_url = {url}
username = karbor
password = pw
user_domain_id = default
project_name = service
project_domain_id = default
"""


@contextlib.contextmanager
def running():
    """A Keystone until the end of the block."""
    made = Keystone()
    http = server.Server(lambda: made, '127.0.0.1', 0, threads=4)
    made.base = f'http://127.0.0.1:{http.port}/v3'
    http.start()
    try:
        yield made
    finally:
        http.stop()
        http.wait()
        http.close()


def client_of(directory, text):
    """A client with options of its own.

    keystoneauth registers options that are required from then on.
    """
    path = directory / 'karbor.conf'
    path.write_text(text)
    conf = cfg.ConfigOpts()
    karbor_conf.register_opts(conf)
    conf([], default_config_files=[str(path)])
    return trusts.Keystone(conf)
