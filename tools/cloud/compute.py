# SPDX-License-Identifier: Apache-2.0
"""Neutron, Placement and Nova."""

from place import ETC
from place import ini
from place import PASSWORD
from place import REGION
from place import url
from place import write
from processes import api
from processes import Process
from service import authtoken
from service import common
from service import database
from service import login
from service import merged
from service import register
from service import Service


class Neutron(Service):
    name = 'neutron'
    needs = ('keystone', 'rabbit')
    databases = ('neutron',)
    catalog = (('network', 'neutron', url(9696)),)

    def configure(self) -> None:
        write(self.conf(), ini(merged(common(self), {
            'DEFAULT': {
                'auth_strategy': 'keystone', 'core_plugin': 'ml2',
                'api_paste_config': self.shipped('api-paste.ini'),
                'service_plugins': 'router,segments,qos',
                'dhcp_agent_notification': 'false',
                'notify_nova_on_port_status_changes': 'false',
                'notify_nova_on_port_data_changes': 'false',
            },
            'ml2': {'type_drivers': 'flat,vlan,vxlan,local',
                    'tenant_network_types': 'vxlan',
                    'project_network_types': 'vxlan',
                    'mechanism_drivers': 'karbor_cloud',
                    'extension_drivers': 'port_security,qos'},
            'ml2_type_flat': {'flat_networks': '*'},
            'ml2_type_vlan': {'network_vlan_ranges': 'physnet1:100:200'},
            'ml2_type_vxlan': {'vni_ranges': '1:1000'},
            'securitygroup': {'enable_security_group': 'true'},
            'placement': login('neutron'),
            'nova': login('neutron'),
        })))

    def prepare(self) -> None:
        self.manage('upgrade', 'head', command='neutron-db-manage')

    def processes(self) -> list[Process]:
        return [api('neutron', 9696, 'neutron.wsgi.api',
                    env={'OS_NEUTRON_CONFIG_FILES': str(self.conf())})]


class Placement(Service):
    name = 'placement'
    needs = ('keystone',)
    databases = ('placement',)
    catalog = (('placement', 'placement', url(8778)),)

    def configure(self) -> None:
        write(self.conf(), ini({
            'DEFAULT': {'use_stderr': 'true'},
            'api': {'auth_strategy': 'keystone'},
            'keystone_authtoken': authtoken(self),
            'placement_database': database('placement')}))

    def prepare(self) -> None:
        self.manage('db', 'sync')

    def processes(self) -> list[Process]:
        return [api('placement', 8778, 'placement.wsgi.api',
                    env={'OS_PLACEMENT_CONFIG_DIR': str(ETC / 'placement')})]


class Nova(Service):
    name = 'nova'
    needs = ('placement', 'glance', 'neutron', 'cinder', 'rabbit')
    reporting = ('compute', 3)
    databases = ('nova', 'nova_api', 'nova_cell0')
    catalog = (('compute', 'nova', url(8774, '/v2.1')),)

    def configure(self) -> None:
        instances = self.home / 'instances'
        instances.mkdir(parents=True, exist_ok=True)
        write(self.conf(), ini(merged(common(self), {
            'DEFAULT': {
                'compute_driver': 'fake.FakeDriverWithoutFakeNodes',
                'instances_path': instances,
                'vif_plugging_is_fatal': 'false', 'vif_plugging_timeout': 0,
                'report_interval': 5, 'service_down_time': 60,
                # what does not exist may be promised often
                'initial_cpu_allocation_ratio': 64,
                'initial_ram_allocation_ratio': 64,
                'initial_disk_allocation_ratio': 64,
            },
            'api': {'auth_strategy': 'keystone'},
            'api_database': database('nova_api'),
            'conductor': {'workers': 1},
            'scheduler': {'workers': 1,
                          'discover_hosts_in_cells_interval': 3},
            'keystone': login('nova'),
            'placement': login('nova'),
            'neutron': {**login('nova'), 'service_metadata_proxy': 'true',
                        'metadata_proxy_shared_secret': PASSWORD},
            'cinder': {**login('nova'), 'os_region_name': REGION},
            'os_vif_ovs': {'ovsdb_connection': ''},
            'vnc': {'enabled': 'false'},
            'compute': {'resource_provider_association_refresh': 30},
        })))

    def prepare(self) -> None:
        self.manage('api_db', 'sync')
        self.manage('cell_v2', 'map_cell0', '--database_connection',
                    database('nova_cell0')['connection'])
        self.manage('db', 'sync')
        self.manage('cell_v2', 'create_cell', '--name', 'cell1')

    def processes(self) -> list[Process]:
        files = f'{self.shipped("api-paste.ini")};nova.conf'
        return [
            api('nova-api', 8774, 'nova.wsgi.osapi_compute',
                env={'OS_NOVA_CONFIG_DIR': str(ETC / 'nova'),
                     'OS_NOVA_CONFIG_FILES': files}),
            self.daemon('nova-conductor'), self.daemon('nova-scheduler'),
            self.daemon('nova-compute')]

    def after(self) -> None:
        register(flavors={'tiny': [1, 64, 1], 'small': [1, 512, 2]})
