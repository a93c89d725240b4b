# SPDX-License-Identifier: Apache-2.0
"""What the services of the cloud have in common."""

from collections.abc import Mapping
import json
from pathlib import Path
from typing import Any

from place import BIN
from place import call
from place import DATA
from place import ETC
from place import HERE
from place import HOST
from place import PASSWORD
from place import port
from place import REGION
from place import url
from place import VENV
from processes import Process

KEYSTONE = url(5000, '/v3')
RABBIT = port(5672)
DATABASE = port(3306)
MEMCACHED = port(11211)

Sections = dict[str, dict[str, object]]


class Service:
    """A service; a new one tells what differs from this.

    :cvar needs: names of services that have to run before it
    :cvar databases: names of its databases
    :cvar reporting: its name in openstacksdk, and how many daemons of it
        report there
    :cvar catalog: of each entry the type, the name and the URL
    """

    name: str
    needs: tuple[str, ...] = ()
    databases: tuple[str, ...] = ()
    reporting: tuple[str, int] | None = None
    catalog: tuple[tuple[str, str, str], ...] = ()

    @property
    def home(self) -> Path:
        """Where its data is."""
        return DATA / self.name

    def conf(self, name: str | None = None) -> Path:
        """A file of its configuration."""
        return ETC / self.name / (name or f'{self.name}.conf')

    def shipped(self, name: str) -> Path:
        """A file of configuration that comes with its package."""
        return VENV / 'etc' / self.name / name

    def configure(self) -> None:
        """Write the configuration."""

    def prepare(self) -> None:
        """Set the service up; is done once."""

    def processes(self) -> list[Process]:
        """Its daemons, in the order in which they start."""
        return []

    def after(self) -> None:
        """Go on with the set-up once the daemons run; is done once."""

    def wait(self, since: str) -> None:
        """Wait until all daemons have reported since then (UTC, ISO)."""
        if self.reporting:
            kind, count = self.reporting
            register(daemons={'kind': kind, 'count': count, 'since': since})

    def daemon(self, command: str) -> Process:
        return Process(command, [BIN / command, '--config-file', self.conf()])

    def manage(self, *arguments: object, command: str = '',
               conf: Path | None = None) -> None:
        call(f'{self.name}-setup', [
            BIN / (command or f'{self.name}-manage'), '--config-file',
            conf or self.conf(), *arguments])


def database(name: str) -> dict[str, object]:
    return {'connection': f'mysql+pymysql://root@{HOST}:{DATABASE}/{name}'
                          '?charset=utf8mb4',
            'max_pool_size': 5, 'max_overflow': 20}


def login(user: str) -> dict[str, object]:
    """How a service signs in."""
    return {'auth_type': 'password', 'auth_url': KEYSTONE, 'username': user,
            'password': PASSWORD, 'project_name': 'service',
            'user_domain_id': 'default', 'project_domain_id': 'default',
            'region_name': REGION}


def authtoken(service: Service) -> dict[str, object]:
    """How a service asks whose a token is."""
    return {**login(service.name), 'www_authenticate_uri': KEYSTONE,
            'service_token_roles': 'service',
            'service_token_roles_required': 'true',
            'memcached_servers': f'{HOST}:{MEMCACHED}',
            'service_type': service.catalog[0][0]}


def common(service: Service) -> Sections:
    """What all with a database and the bus are told."""
    name, home = service.name, service.home
    return {
        'DEFAULT': {
            'debug': 'false', 'host': 'karbor-cloud', 'use_stderr': 'true',
            'transport_url': f'rabbit://guest:guest@{HOST}:{RABBIT}//',
            'state_path': home, 'my_ip': HOST, 'rpc_response_timeout': 120},
        'database': database(name),
        'keystone_authtoken': authtoken(service),
        'service_user': {**login(name), 'send_service_user_token': 'true'},
        'oslo_concurrency': {'lock_path': home / 'lock'},
        'oslo_messaging_notifications': {'driver': 'noop'},
        'oslo_messaging_rabbit': {'rabbit_quorum_queue': 'false',
                                  'heartbeat_in_pthread': 'false'},
        'privsep_osbrick': {'helper_command': 'privsep-helper'},
    }


def merged(sections: Sections,
           more: Mapping[str, Mapping[str, object]]) -> Sections:
    for name, options in more.items():
        sections.setdefault(name, {}).update(options)
    return sections


def register(**what: Any) -> None:
    """Make users, entries of the catalogue and so on; see register.py."""
    call('register', [BIN / 'python', HERE / 'register.py'],
         stdin=json.dumps({'auth_url': KEYSTONE, 'region': REGION,
                           'password': PASSWORD, **what}))
