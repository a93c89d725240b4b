# SPDX-License-Identifier: Apache-2.0
"""Keystone."""

import os

from place import ETC
from place import HOST
from place import ini
from place import PASSWORD
from place import REGION
from place import write
from processes import api
from processes import Process
from service import database
from service import KEYSTONE
from service import MEMCACHED
from service import Service


class Keystone(Service):
    name = 'keystone'
    needs = ('database', 'memcached')
    databases = ('keystone',)
    catalog = (('identity', 'keystone', KEYSTONE),)

    def configure(self) -> None:
        write(self.conf(), ini({
            'DEFAULT': {'use_stderr': 'true', 'transport_url': 'fake:'},
            'database': database('keystone'),
            'token': {'provider': 'fernet', 'expiration': 86400},
            'fernet_tokens': {'key_repository': self.home / 'fernet'},
            'credential': {'key_repository': self.home / 'credential'},
            'cache': {'enabled': 'true', 'backend': 'dogpile.cache.pymemcache',
                      'memcache_servers': f'{HOST}:{MEMCACHED}'},
            'identity': {'password_hash_rounds': 4},
            'oslo_messaging_notifications': {'driver': 'noop'},
        }))

    def prepare(self) -> None:
        for part in ('fernet', 'credential'):
            (self.home / part).mkdir(0o700, parents=True, exist_ok=True)
            self.manage(f'{part}_setup', '--keystone-user', os.geteuid(),
                        '--keystone-group', os.getegid())
        self.manage('db_sync')
        self.manage('bootstrap', '--bootstrap-password', PASSWORD,
                    '--bootstrap-region-id', REGION,
                    '--bootstrap-public-url', KEYSTONE,
                    '--bootstrap-internal-url', KEYSTONE)

    def processes(self) -> list[Process]:
        return [api('keystone', 5000, 'keystone.wsgi.api',
                    env={'OS_KEYSTONE_CONFIG_DIR': str(ETC / 'keystone')},
                    path='/v3')]
