# SPDX-License-Identifier: Apache-2.0
"""What is in a cloud keeps the contract of protectables."""

from karbor import plugin
from karbor.plugin import testing
from karbor.plugins.protectable.image import ImageProtectable
from karbor.plugins.protectable.network import NetworkProtectable
from karbor.plugins.protectable.project import ProjectProtectable
from karbor.plugins.protectable.server import ServerProtectable
from karbor.plugins.protectable.volume import VolumeProtectable
from karbor.tests.unit.plugins.cloud import worlds

SERVERS = tuple(worlds.VOLUMES)
PROJECT = plugin.Resource('OS::Keystone::Project', worlds.MINE)


class InCloud:
    """A plugin whose outside is a cloud."""

    plugin_class = None
    mine = ()
    # ids of dependents by the id of a server
    of_servers = {}

    def setUp(self):
        super().setUp()
        self.cloud = self.enterContext(worlds.running())

    def make_plugin(self):
        return worlds.make(self.plugin_class)

    def owner(self):
        return worlds.context(self.cloud)

    def stranger(self):
        return worlds.context(self.cloud, worlds.OTHER)

    def expected(self):
        return self.mine

    def parents(self):
        return {
            PROJECT: self.mine,
            plugin.Resource('OS::Keystone::Project', worlds.OTHER): [],
            **{plugin.Resource('OS::Nova::Server', server): children
               for server, children in self.of_servers.items()}}


class TestProjects(InCloud, testing.ProtectableConformance):
    plugin_class = ProjectProtectable
    single = True
    mine = (worlds.MINE,)

    def parents(self):
        return {}


class TestServers(InCloud, testing.ProtectableConformance):
    plugin_class = ServerProtectable
    mine = SERVERS


class TestVolumes(InCloud, testing.ProtectableConformance):
    plugin_class = VolumeProtectable
    mine = ('v1', 'v2', 'v3', 'v4', 'v5', 'v6')
    of_servers = worlds.VOLUMES


class TestImages(InCloud, testing.ProtectableConformance):
    plugin_class = ImageProtectable
    mine = ('i1', 'i2', 'i3')
    of_servers = worlds.IMAGES


class TestNetworks(InCloud, testing.ProtectableConformance):
    plugin_class = NetworkProtectable
    single = True
    mine = (worlds.MINE,)
    of_servers = {server: [worlds.MINE] if server in worlds.CONNECTED else []
                  for server in SERVERS}
