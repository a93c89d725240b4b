# SPDX-License-Identifier: Apache-2.0
"""Glance, Cinder and Swift."""

import os

from place import BIN
from place import call
from place import ETC
from place import HOST
from place import ini
from place import port
from place import url
from place import write
from processes import api
from processes import http
from processes import Process
from service import authtoken
from service import common
from service import MEMCACHED
from service import merged
from service import register
from service import Service

MiB = 1 << 20


class Glance(Service):
    name = 'glance'
    needs = ('keystone',)
    databases = ('glance',)
    catalog = (('image', 'glance', url(9292)),)

    def configure(self) -> None:
        stores = {'file': 'images', 'os_glance_staging_store': 'staging',
                  'os_glance_tasks_store': 'tasks'}
        for folder in stores.values():
            (self.home / folder).mkdir(parents=True, exist_ok=True)
        write(self.conf('glance-api.conf'), ini(merged(common(self), {
            'DEFAULT': {'enabled_backends': 'file:file',
                        'transport_url': 'fake:',
                        'node_staging_uri': f'file://{self.home}/staging'},
            'glance_store': {'default_backend': 'file'},
            'paste_deploy': {'flavor': 'keystone', 'config_file':
                             self.shipped('glance-api-paste.ini')},
            **{name: {'filesystem_store_datadir': self.home / folder}
               for name, folder in stores.items()},
        })))

    def prepare(self) -> None:
        self.manage('db_sync', conf=self.conf('glance-api.conf'))

    def processes(self) -> list[Process]:
        return [api('glance', 9292, 'glance.wsgi.api',
                    env={'OS_GLANCE_CONFIG_DIR': str(ETC / 'glance')},
                    path='/healthcheck')]


class Cinder(Service):
    name = 'cinder'
    needs = ('keystone', 'glance', 'rabbit')
    reporting = ('block_storage', 3)
    databases = ('cinder',)
    catalog = (('block-storage', 'cinder', url(8776, '/v3')),
               ('volumev3', 'cinderv3', url(8776, '/v3/%(project_id)s')))

    def configure(self) -> None:
        home = self.home
        for folder in ('volumes', 'backups', 'lock', 'conversion'):
            (home / folder).mkdir(parents=True, exist_ok=True)
        write(self.conf(), ini(merged(common(self), {
            'DEFAULT': {
                'auth_strategy': 'keystone',
                'api_paste_config': self.shipped('api-paste.ini'),
                'resource_query_filters_file': self.shipped(
                    'resource_filters.json'),
                'rootwrap_config': self.shipped('rootwrap.conf'),
                'glance_api_servers': url(9292),
                'enabled_backends': 'file',
                'default_volume_type': 'file',
                'image_conversion_dir': home / 'conversion',
                'allow_force_upload': 'true',
                'backup_driver': 'cinder.backup.drivers.posix.'
                                 'PosixBackupDriver',
                'backup_posix_path': home / 'backups',
                'backup_file_size': 64 * MiB,
                'backup_sha_block_size_bytes': MiB,
                'backup_compression_algorithm': 'zstd',
                'backup_use_same_host': 'true',
                'volume_clear': 'none',
                'report_interval': 5, 'periodic_interval': 20,
                'scheduler_driver_init_wait_time': 5,
            },
            'file': {
                'volume_driver': 'karbor_cloud_drivers.volume.FileDriver',
                'volume_backend_name': 'file',
                'file_volume_dir': home / 'volumes',
            },
            'coordination': {'backend_url': f'file://{home}/lock'},
            'cinder_sys_admin': {'helper_command': 'privsep-helper'},
        })))

    def prepare(self) -> None:
        self.manage('db', 'sync')

    def processes(self) -> list[Process]:
        return [
            api('cinder-api', 8776, 'cinder.wsgi.api',
                '--config-file', self.conf()),
            self.daemon('cinder-scheduler'), self.daemon('cinder-volume'),
            self.daemon('cinder-backup')]

    def after(self) -> None:
        register(volume_types=['file'])


class Swift(Service):
    name = 'swift'
    needs = ('keystone', 'memcached')
    catalog = (('object-store', 'swift',
                url(8080, '/v1/AUTH_%(project_id)s')),)
    rings = {'account': 6202, 'container': 6201, 'object': 6200}
    filters = ('catch_errors', 'gatekeeper', 'healthcheck', 'cache',
               'listing_formats', 'bulk', 'tempurl', 'authtoken',
               'keystoneauth', 'copy', 'container_quotas', 'account_quotas',
               'slo', 'dlo', 'versioned_writes')

    def configure(self) -> None:
        home = self.home
        (home / 'nodes/d1').mkdir(parents=True, exist_ok=True)
        write(self.conf(), ini({
            'swift-hash': {'swift_hash_path_prefix': 'karbor',
                           'swift_hash_path_suffix': 'cloud'},
            'storage-policy:0': {'name': 'single', 'default': 'yes'}}))
        shared: dict[str, object] = {
            'bind_ip': HOST, 'swift_dir': ETC / 'swift', 'workers': 0,
            'user': os.environ.get('USER') or 'root', 'log_udp_host': '',
            'log_level': 'WARNING'}
        for kind, number in self.rings.items():
            write(self.conf(f'{kind}.conf'), ini({
                'DEFAULT': {**shared, 'bind_port': port(number),
                            'devices': home / 'nodes',
                            'mount_check': 'false',
                            'recon_cache_path': home / 'recon'},
                'pipeline:main': {'pipeline': f'{kind}-server'},
                f'app:{kind}-server': {'use': f'egg:swift#{kind}'}}))
        write(self.conf('proxy.conf'), ini({
            'DEFAULT': {**shared, 'bind_port': port(8080)},
            'pipeline:main': {'pipeline': ' '.join(
                [*self.filters, 'proxy-server'])},
            'app:proxy-server': {'use': 'egg:swift#proxy',
                                 'account_autocreate': 'true'},
            **{f'filter:{one}': {'use': f'egg:swift#{one}'}
               for one in self.filters},
            'filter:cache': {'use': 'egg:swift#memcache',
                             'memcache_servers': f'{HOST}:{MEMCACHED}'},
            'filter:keystoneauth': {
                'use': 'egg:swift#keystoneauth',
                'operator_roles': 'admin, member, swiftoperator'},
            'filter:authtoken': {
                'paste.filter_factory':
                    'keystonemiddleware.auth_token:filter_factory',
                **authtoken(self), 'delay_auth_decision': 'true',
                'cache': 'swift.cache', 'include_service_catalog': 'false'},
        }))

    def prepare(self) -> None:
        for kind, number in self.rings.items():
            ring: list[list[object]] = [
                ['create', 4, 1, 0],
                ['add', f'r1z1-{HOST}:{port(number)}/d1', 1], ['rebalance']]
            for arguments in ring:
                call('swift-setup', [BIN / 'swift-ring-builder',
                                     self.conf(f'{kind}.builder'),
                                     *arguments])

    def _process(self, name: str, number: int, path: str) -> Process:
        return Process(
            f'swift-{name}', [BIN / f'swift-{name}-server',
                              self.conf(f'{name}.conf')],
            number=port(number), check=http(number, path))

    def processes(self) -> list[Process]:
        return [*(self._process(kind, number, '/recon/version')
                  for kind, number in self.rings.items()),
                self._process('proxy', 8080, '/healthcheck')]
