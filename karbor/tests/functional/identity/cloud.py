# SPDX-License-Identifier: Apache-2.0
"""A real Keystone with people in it, and daemons that believe it alone."""

import contextlib
from dataclasses import dataclass
import datetime
from pathlib import Path
import subprocess
import sys

from karborclient import client as karbor_client
from keystoneauth1 import session as sessions
from keystoneauth1.identity import v3
from openstack import connection
import requests

from karbor.tests.functional import daemons

PASSWORD = 'secret'
REGION = 'RegionOne'
# who runs a Keystone that keystone_server.py has made
BOOTSTRAP = {'username': 'bootstrap', 'password': PASSWORD,
             'project_name': 'admin', 'user_domain_id': 'default',
             'project_domain_id': 'default', 'region_name': REGION}
MINE = 'mine'
OTHER = 'other'
# the service user of Karbor, and the role that the daemons know each other by
SERVICE = 'service'
KARBOR = 'karbor'


@dataclass(frozen=True)
class Person:
    """Somebody with one role in one place.

    :ivar place: the name of a project, ``system``, or ``domain``
    """

    name: str
    role: str
    place: str = MINE


PEOPLE = {person.name: person for person in (
    Person('reader', 'reader'),
    Person('member', 'member'),
    Person('manager', 'manager'),
    Person('admin', 'admin'),
    Person('service', 'service'),
    # has a token for the project like everybody else, and nothing more
    Person('none', 'none'),
    Person('other-manager', 'manager', OTHER),
    Person('other-admin', 'admin', OTHER),
    Person('system-reader', 'reader', 'system'),
    Person('system-admin', 'admin', 'system'),
    Person('domain-admin', 'admin', 'domain'),
    Person(KARBOR, 'service', SERVICE),
)}


class Cloud:
    """Keystone, its people, and where the catalogue says that Karbor is.

    :param prefix: of all names, in a Keystone that others use as well
    :param admin: how its administrator signs in; by default, as one of
        keystone_server.py
    :ivar url: of Keystone
    :ivar projects: ids by name
    """

    def __init__(self, url, prefix='', **admin):
        self.url = url
        self.prefix = prefix
        self.projects = {}
        self._sessions = {}
        self._endpoints = {}
        admin = admin or BOOTSTRAP
        self.region = admin['region_name']
        self._admin = connection.Connection(auth_url=url, **admin)
        self._populate()

    def _populate(self):
        identity = self._admin.identity
        for name in (MINE, OTHER, SERVICE):
            self.projects[name] = identity.create_project(
                name=self.prefix + name, domain_id='default').id
        identity.create_role(name=f'{self.prefix}none')
        roles = {role.name: role.id for role in identity.roles()}
        for person in PEOPLE.values():
            user = identity.create_user(
                name=self.prefix + person.name, password=PASSWORD,
                domain_id='default').id
            role = roles.get(self.prefix + person.role) or roles[person.role]
            if person.place == 'system':
                identity.assign_system_role_to_user(user, role, 'all')
            elif person.place == 'domain':
                identity.assign_domain_role_to_user('default', user, role)
            else:
                identity.assign_project_role_to_user(
                    self.projects[person.place], user, role)
        self._service = identity.create_service(
            name=f'{self.prefix}karbor', type='data-protect').id

    def publish(self, url):
        """Put where Karbor is into the catalogue."""
        identity = self._admin.identity
        for interface in ('public', 'internal', 'admin'):
            if old := self._endpoints.get(interface):
                identity.delete_endpoint(old)
            self._endpoints[interface] = identity.create_endpoint(
                service_id=self._service, interface=interface,
                region_id=self.region, url=f'{url}/v1/%(project_id)s').id
        # they remember the catalogue that came with their tokens
        self._sessions.clear()

    # -- what the administrator does ------------------------------------------

    @property
    def identity(self):
        """Keystone, as who runs it sees it."""
        return self._admin.identity

    def trusts(self, user_id):
        """What a user has lent to others."""
        return [trust for trust in self._admin.session.get(
            f'{self.url}/OS-TRUST/trusts').json()['trusts']
            if trust['trustor_user_id'] == user_id]

    # -- what a person does ---------------------------------------------------

    def project(self, name):
        """The id of the project in which a person is."""
        return self.projects[PEOPLE[name].place]

    def session(self, name):
        """Somebody's session at Keystone; made once."""
        if name not in self._sessions:
            self._sessions[name] = sessions.Session(self._login(name))
        return self._sessions[name]

    def token(self, name):
        return self.session(name).get_token()

    def _login(self, name):
        place = PEOPLE[name].place
        scope = ({'system_scope': 'all'} if place == 'system' else
                 {'domain_id': 'default'} if place == 'domain' else
                 {'project_id': self.projects[place]})
        return v3.Password(self.url, username=self.prefix + name,
                           password=PASSWORD, user_domain_id='default',
                           **scope)

    def new_token(self, name):
        """One that nobody else uses, so that it can be revoked."""
        return sessions.Session(self._login(name)).get_token()

    def revoke(self, token):
        requests.delete(f'{self.url}/auth/tokens', timeout=60, headers={
            'X-Auth-Token': token, 'X-Subject-Token': token,
        }).raise_for_status()

    def expired_token(self, name):
        """A token whose time is over.

        It belongs to an application credential, with which it ends, because
        no token of Keystone is shorter than all others.
        """
        session = self.session(name)
        user = session.get_user_id()
        end = (datetime.datetime.now(datetime.UTC)
               + datetime.timedelta(seconds=3))
        credential = session.post(
            f'{self.url}/users/{user}/application_credentials', json={
                'application_credential': {
                    'name': end.isoformat(),
                    'expires_at': end.strftime('%Y-%m-%dT%H:%M:%S.%f')}},
        ).json()['application_credential']
        token = sessions.Session(v3.ApplicationCredential(
            self.url, credential['secret'],
            application_credential_id=credential['id'])).get_token()
        daemons.until(lambda: not self.accepts(token),
                      what='the end of a token')
        return token

    def accepts(self, token):
        """Whether Keystone takes a token for good."""
        answer = requests.get(f'{self.url}/auth/tokens', timeout=60, headers={
            'X-Auth-Token': self.token(KARBOR), 'X-Subject-Token': token})
        return answer.status_code == 200

    def environment(self, name):
        """What the command line tools of a person want to know."""
        place = PEOPLE[name].place
        return {'OS_AUTH_URL': self.url, 'OS_USERNAME': self.prefix + name,
                'OS_PASSWORD': PASSWORD, 'OS_USER_DOMAIN_ID': 'default',
                'OS_PROJECT_NAME': self.prefix + place,
                'OS_PROJECT_DOMAIN_ID': 'default',
                'OS_REGION_NAME': self.region,
                'OS_IDENTITY_API_VERSION': '3'}


class Deployment(daemons.Deployment):
    """Daemons for which Keystone says who is who.

    What it does for a test is done by the manager of the project.
    """

    def __init__(self, root, *args, cloud, **kwargs):
        self.cloud = cloud
        super().__init__(root, *args, project=cloud.projects[MINE],
                         authentication=f"""\
[keystone_authtoken]
www_authenticate_uri = {cloud.url}
auth_url = {cloud.url}
auth_type = password
username = {cloud.prefix}{KARBOR}
password = {PASSWORD}
user_domain_id = default
project_name = {cloud.prefix}{SERVICE}
project_domain_id = default
service_token_roles = service
service_token_roles_required = true
service_type = data-protect
[trustee]
cache_time = 0
[operationengine]
housekeeping_interval = 1
""", **kwargs)

    def publish(self):
        """Be the one that the catalogue names."""
        self.cloud.publish(f'http://127.0.0.1:{self.port}')

    def client(self, who=None):
        """The real client of a person; by default, of the manager."""
        return karbor_client.Client(
            '1', session=self.cloud.session(who or 'manager'),
            service_type='data-protect')

    def ask(self, who, method, path, project=None, *, token=None, headers=(),
            **kwargs):
        """Send a request below a project.

        :param who: its name; None sends no token
        :param project: id of one that is not the person's own
        :param token: one that the person has not now
        """
        if token is None and who is not None:
            token = self.cloud.token(who)
        project = project or self.cloud.project(who)
        headers = dict(headers)
        if token is not None:
            headers['X-Auth-Token'] = token
        return requests.request(
            method, f'http://127.0.0.1:{self.port}/v1/{project}{path}',
            timeout=60, headers=headers, **kwargs)


@contextlib.contextmanager
def keystone(root):
    """A Keystone that ends with the block.

    :param root: an empty directory for all that it keeps
    """
    program = Path(__file__).with_name('keystone_server.py')
    with subprocess.Popen([sys.executable, str(program), str(root), PASSWORD],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as process:
        try:
            url = process.stdout.readline().strip()
            assert url, (process.stderr.read()
                         + (root / 'keystone.log').read_text())
            yield Cloud(url)
        finally:
            process.kill()
