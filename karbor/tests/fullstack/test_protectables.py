# SPDX-License-Identifier: Apache-2.0
"""Protectables of a cloud that is there.

Where to find it, and as which administrator, is in the environment as
OpenStack's own clients take it (``OS_AUTH_URL`` and so on). Everything is made
in two new projects, and removed with them. ``KARBOR_SERVERS`` says how many
servers with two volumes each the test of many makes; 60 unless set.
"""

import contextlib
import dataclasses
import os
import uuid

from keystoneauth1 import session as sessions
import openstack
from openstack import exceptions as sdk
from oslo_config import cfg
import pytest

from karbor import plugin
from karbor.clients import openstack as clients
from karbor.conf import cloud as options
from karbor.plugins.cloud import kinds
from karbor.plugins.cloud.region import Region
from karbor.protection.protectables import Protectables
from karbor.tests.functional import daemons

pytestmark = pytest.mark.skipif(
    'OS_AUTH_URL' not in os.environ,
    reason='there is no cloud: OS_AUTH_URL is not in the environment')

PROJECT = 'OS::Keystone::Project'
SERVER = 'OS::Nova::Server'
VOLUME = 'OS::Cinder::Volume'
IMAGE = 'OS::Glance::Image'
NETWORK = 'OS::Neutron::Network'
TYPES = [VOLUME, IMAGE, PROJECT, NETWORK, SERVER]
PATIENCE = 1200


def connect(**auth):
    """A connection of somebody, of whom the environment tells the rest."""
    env = {name.lower()[3:]: value for name, value in os.environ.items()
           if name.startswith('OS_')}
    named = {name: env[name] for name in (
        'auth_url', 'username', 'password', 'project_name',
        'user_domain_id', 'project_domain_id') if name in env}
    if auth:
        named.pop('project_name')
        named.pop('project_domain_id')
    return openstack.connect(
        load_yaml_config=False, load_envvars=False,
        region_name=env.get('region_name'), **{**named, **auth})


class Tenant:
    """A project, and somebody in it."""

    def __init__(self, admin, name):
        self.admin = admin
        name = f'karbor-{name}-{uuid.uuid4().hex[:8]}'
        self.project = admin.identity.create_project(name=name,
                                                     domain_id='default')
        self.id = self.project.id
        self.user = admin.identity.create_user(
            name=name, password='secret', domain_id='default')
        for role in admin.identity.roles():
            if role.name in ('member', 'reader'):
                admin.identity.assign_project_role_to_user(
                    self.project, self.user, role)
        self.cloud = connect(username=name, password='secret',
                             user_domain_id='default', project_id=self.id)
        admin.compute.update_quota_set(self.id, instances=-1, cores=-1,
                                       ram=-1)
        admin.block_storage.update_quota_set(self.id, volumes=-1,
                                             gigabytes=-1)
        admin.network.update_quota(self.id, port=-1)

    def network(self):
        made = self.cloud.network.create_network(name='inside')
        self.cloud.network.create_subnet(
            network_id=made.id, ip_version=4, cidr='10.9.0.0/16',
            name='inside')
        return made

    def image(self, name, **more):
        return self.cloud.image.create_image(
            name=name, disk_format='raw', container_format='bare',
            data=b'karbor' * 100, allow_duplicates=True, wait=True, **more)

    def volume(self, name, **more):
        made = self.cloud.block_storage.create_volume(name=name, size=1,
                                                      **more)
        return self.cloud.block_storage.wait_for_status(
            made, 'available', ['error'], interval=1, wait=PATIENCE)

    def server(self, name, network, **more):
        made = self.cloud.compute.create_server(
            name=name, flavor_id=_flavor(self.admin).id,
            networks=[{'uuid': network.id}], **more)
        return self.cloud.compute.wait_for_server(made, wait=PATIENCE,
                                                  interval=1)

    def attach(self, server, volume):
        self.cloud.compute.create_volume_attachment(
            server, volume_id=volume.id)
        self.cloud.block_storage.wait_for_status(
            volume, 'in-use', ['error'], interval=1, wait=PATIENCE)

    def remove(self):
        compute, storage = self.cloud.compute, self.cloud.block_storage
        for server in list(compute.servers(details=False)):
            compute.delete_server(server)
        for server in list(compute.servers(details=False)):
            compute.wait_for_delete(server, interval=1, wait=PATIENCE)
        for volume in list(storage.volumes(details=False)):
            with contextlib.suppress(sdk.NotFoundException):
                storage.delete_volume(volume)
                storage.wait_for_delete(volume, interval=1, wait=PATIENCE)
        for image in list(self.cloud.image.images(owner=self.id)):
            self.cloud.image.delete_image(image)
        for port in list(self.admin.network.ports(project_id=self.id)):
            self.admin.network.delete_port(port)
        for network in list(self.admin.network.networks(
                project_id=self.id)):
            self.admin.network.delete_network(network)
        self.admin.identity.delete_user(self.user)
        self.admin.identity.delete_project(self.project)


def _flavor(admin):
    return min(admin.compute.flavors(), key=lambda flavor: flavor.ram)


@pytest.fixture(scope='module')
def admin():
    return connect()


@pytest.fixture(scope='module')
def public(admin):
    """Things of the administrator that all may use."""
    network = admin.network.create_network(name='karbor-shared',
                                           is_shared=True)
    admin.network.create_subnet(network_id=network.id, ip_version=4,
                                cidr='10.10.0.0/16')
    image = admin.image.create_image(
        name='karbor-public', disk_format='raw', container_format='bare',
        visibility='public', data=b'public' * 100, wait=True,
        allow_duplicates=True)
    yield network, image
    admin.image.delete_image(image)
    admin.network.delete_network(network)


@pytest.fixture(scope='module')
def mine(admin, public):
    made = Tenant(admin, 'mine')
    yield made
    made.remove()


@pytest.fixture(scope='module')
def other(admin):
    made = Tenant(admin, 'other')
    yield made
    made.remove()


@pytest.fixture(scope='module')
def world(admin, public, mine, other):
    """What both projects have, and public things that they use."""
    shared, published = public
    made = {'public': published}
    for tenant in (mine, other):
        inside, image = tenant.network(), tenant.image('own')
        disk, loose = tenant.volume('disk'), tenant.volume('loose')
        boot = tenant.volume('boot', image_id=image.id)
        web = tenant.server('web', inside, image_id=image.id)
        tenant.attach(web, disk)
        booted = tenant.server('booted', inside, block_device_mapping=[{
            'uuid': boot.id, 'source_type': 'volume', 'boot_index': 0,
            'destination_type': 'volume', 'delete_on_termination': False}])
        guest = tenant.server('guest', shared, image_id=published.id)
        hidden = tenant.image('hidden')
        tenant.cloud.image.update_image(hidden, is_hidden=True)
        made[tenant] = {
            'image': image, 'hidden': hidden, 'disk': disk, 'loose': loose,
            'boot': boot, 'web': web, 'booted': booted, 'guest': guest}
    return made


@pytest.fixture(scope='module')
def section():
    """[cloud] as the environment says."""
    lines = [f'{name} = {os.environ["OS_" + name.upper()]}' for name in (
        'auth_url', 'username', 'password', 'project_name', 'region_name',
        'user_domain_id', 'project_domain_id')
        if 'OS_' + name.upper() in os.environ]
    return '\n'.join(['[cloud]', 'enabled = true', 'auth_type = password',
                      *lines, ''])


@pytest.fixture(scope='module')
def config(section, tmp_path_factory):
    file = tmp_path_factory.mktemp('karbor') / 'karbor.conf'
    file.write_text(section)
    conf = cfg.ConfigOpts()
    options.register_opts(conf)
    conf([], default_config_files=[str(file)])
    return conf


@pytest.fixture(scope='module')
def protectables(config):
    return Protectables.load(config)


@pytest.fixture
def who(config, mine):
    return _who(config, mine)


def _who(config, tenant):
    return plugin.Context(
        tenant.id, connect=lambda: clients.connect(config, tenant.id))


def _asked(monkeypatch):
    """What the services are asked from now on, tokens and versions apart."""
    asked = []
    request = sessions.Session.request

    def noted(self, url, method, **kwargs):
        answer = request(self, url, method, **kwargs)
        path = answer.request.path_url
        if method == 'GET' and len(path.rstrip('/').split('/')) > 2:
            asked.append(path)
        return answer
    monkeypatch.setattr(sessions.Session, 'request', noted)
    return asked


def test_all_types_are_there(protectables):
    assert set(TYPES) <= set(protectables.types())


def test_instances_are_those_of_the_project(protectables, config, world,
                                            mine, other):
    for tenant in (mine, other):
        own = world[tenant]
        wanted = {
            PROJECT: {tenant.id}, NETWORK: {tenant.id},
            SERVER: {own[name].id for name in ('web', 'booted', 'guest')},
            VOLUME: {own[name].id for name in ('disk', 'loose', 'boot')},
            IMAGE: {own[name].id for name in ('image', 'hidden')}}
        for type_, ids in wanted.items():
            found = protectables.instances(_who(config, tenant), type_, {})
            assert {one.id for one in found} == ids, type_
            for one in found:
                assert one.to_dict() == protectables.instance(
                    _who(config, tenant), type_, one.id, {}).to_dict()
                assert all(one.extra_info.values()) or type_ == NETWORK


def test_what_others_own_does_not_exist(protectables, who, world, other):
    for type_, id_ in ((PROJECT, other.id), (NETWORK, other.id),
                       (SERVER, world[other]['web'].id),
                       (VOLUME, world[other]['disk'].id),
                       (IMAGE, world[other]['image'].id),
                       (IMAGE, world['public'].id)):
        with pytest.raises(plugin.InstanceNotFound):
            protectables.instance(who, type_, id_, {})
        assert protectables.find(who, [plugin.Resource(type_, id_)])[0] == []


def test_a_graph_has_what_servers_use(protectables, who, world, mine):
    own = world[mine]
    graph = protectables.graph(who, [
        plugin.Resource(SERVER, own[name].id)
        for name in ('web', 'booted', 'guest')])
    children = {one.id: {child.id for child in graph.children_of(one)}
                for one in graph.resources if one.type == SERVER}
    assert children == {
        own['web'].id: {own['disk'].id, own['image'].id, mine.id},
        own['booted'].id: {own['boot'].id, mine.id},
        own['guest'].id: {world['public'].id, mine.id}}
    [topology] = [one for one in graph.resources if one.type == NETWORK]
    assert topology.extra_info == {'networks': ['inside'],
                                   'shared_networks': ['karbor-shared']}


def test_the_graph_of_a_project_has_all(protectables, who, world, mine):
    graph = protectables.graph(who, [plugin.Resource(PROJECT, mine.id)])
    assert {one.id for one in graph.resources} == {
        mine.id, world['public'].id,
        *(one.id for one in world[mine].values())}


def test_the_images_of_more_servers_than_a_few(protectables, who, world,
                                               mine, monkeypatch):
    monkeypatch.setattr(kinds, 'FEW', 0)
    test_a_graph_has_what_servers_use(protectables, who, world, mine)


def test_a_server_outlives_its_image(protectables, who, world, mine):
    gone = mine.image('gone')
    network = plugin.Resource(NETWORK, mine.id)
    server = mine.server('orphan', next(iter(
        mine.cloud.network.networks(name='inside'))), image_id=gone.id)
    mine.cloud.image.delete_image(gone)
    try:
        graph = protectables.graph(who, [plugin.Resource(SERVER, server.id)])
        assert set(graph.resources[1:]) == {network}
    finally:
        mine.cloud.compute.delete_server(server)
        mine.cloud.compute.wait_for_delete(server, interval=1,
                                           wait=PATIENCE)


def test_who_is_no_administrator_gets_an_error(protectables, world, mine,
                                               other):
    who = plugin.Context(mine.id, connect=lambda: other.cloud)
    for type_ in TYPES:
        with pytest.raises(plugin.PluginError, match='not the role admin'):
            protectables.instances(who, type_, {})


def test_a_member_sees_his_own_project(protectables, config, world, mine):
    who = plugin.Context(mine.id, connect=lambda: mine.cloud)
    for type_ in TYPES:
        assert protectables.instances(who, type_, {}) == (
            protectables.instances(_who(config, mine), type_, {}))
    graph = protectables.graph(who, [plugin.Resource(PROJECT, mine.id)])
    assert plugin.Resource(IMAGE, world['public'].id) in graph.resources


def test_a_region_that_is_not_there(protectables, who):
    for type_ in TYPES:
        with pytest.raises(plugin.Invalid, match='no region nowhere'):
            protectables.instances(who, type_, {'region_name': 'nowhere'})


@pytest.mark.parametrize('kind', ['SERVERS', 'VOLUMES', 'IMAGES', 'NETWORKS',
                                  'PORTS'])
def test_the_pages_of_the_services(who, world, kind, monkeypatch):
    """The same with the smallest pages."""
    kind = getattr(kinds, kind)
    region = Region(who)
    whole = [one.id for one in kind.all(region)]
    asked = _asked(monkeypatch)
    get = region.connection.session.request

    def small(url, method, **kwargs):
        if method == 'GET':
            kwargs['params'] = {**kwargs.get('params', {}), 'limit': 1}
        return get(url, method, **kwargs)
    monkeypatch.setattr(region.connection.session, 'request', small)
    assert [one.id for one in dataclasses.replace(kind).all(region)] == whole
    assert len(asked) >= len(whole)


@pytest.fixture
def karbor(section, tmp_path, mine):
    """Everything in one process, which pretends to protect what it finds."""
    with daemons.deployment(tmp_path, 'standalone',
                            project=mine.id) as deployed:
        with deployed.config.open('a') as file:
            file.write(section)
        with (tmp_path / 'providers.d/test.conf').open('a') as file:
            file.write(f'[noop]\nresource_types = {",".join(TYPES)}\n')
        deployed.start()
        yield deployed


def test_a_project_is_found_over_rest_and_in_a_checkpoint(karbor, world,
                                                          mine, other):
    def get(path):
        answer = karbor.http('GET', path, mine.id)
        assert answer.status_code == 200, answer.text
        return answer.json()
    assert set(TYPES) <= set(get('/protectables')['protectable_type'])
    assert get(f'/protectables/{SERVER}')['protectable_type'][
        'dependent_types'] == [VOLUME, IMAGE, NETWORK]
    own = world[mine]
    servers = {one['id']: one for one in get(
        f'/protectables/{SERVER}/instances')['instances']}
    assert set(servers) == {own[name].id
                            for name in ('web', 'booted', 'guest')}
    assert {one['id'] for one in servers[own['web'].id][
        'dependent_resources']} == {own['disk'].id, own['image'].id, mine.id}
    answer = karbor.http('GET', f'/protectables/{VOLUME}/instances/'
                         + world[other]['disk'].id, mine.id)
    assert answer.status_code == 404
    answer = karbor.http('GET', f'/protectables/{VOLUME}/instances?'
                         'parameters={"region_name": "nowhere"}', mine.id)
    assert answer.status_code == 400, answer.text

    plan = karbor.plan((PROJECT, mine.id), project=mine.id)
    checkpoints = karbor.client(mine.id).checkpoints
    made = checkpoints.create(daemons.PROVIDER, plan.id)

    def ended():
        now = checkpoints.get(daemons.PROVIDER, made.id)
        return now if now.status != 'protecting' else None
    done = daemons.until(ended, what='the end of the checkpoint')
    assert done.status == 'available', karbor.tail()
    for thing in (*own.values(), world['public']):
        assert thing.id in done.resource_graph


@pytest.fixture
def many(world, mine):
    """Servers of the project with two volumes each."""
    count = int(os.environ.get('KARBOR_SERVERS', '60'))
    image = mine.image('many')
    inside = next(iter(mine.cloud.network.networks(name='inside')))
    blank = {'source_type': 'blank', 'destination_type': 'volume',
             'volume_size': 1, 'boot_index': -1,
             'delete_on_termination': True}
    mine.cloud.compute.create_server(
        name='many', flavor_id=_flavor(mine.admin).id, image_id=image.id,
        networks=[{'uuid': inside.id}], min_count=count, max_count=count,
        block_device_mapping=[
            {'uuid': image.id, 'source_type': 'image', 'boot_index': 0,
             'destination_type': 'local', 'delete_on_termination': True},
            blank, blank])
    made = [one for one in mine.cloud.compute.servers(details=True)
            if one.name.startswith('many')]
    assert len(made) == count
    for server in made:
        mine.cloud.compute.wait_for_server(server, wait=PATIENCE, interval=1)
    return count


def test_many_servers_cost_as_many_requests_as_few(protectables, who, world,
                                                   mine, many, monkeypatch):
    Region(who)                         # versions and token
    asked = _asked(monkeypatch)
    graph = protectables.graph(who, [plugin.Resource(PROJECT, mine.id)])
    by_type = {type_: sum(one.type == type_ for one in graph.resources)
               for type_ in TYPES}
    assert by_type[SERVER] == many + 3
    assert by_type[VOLUME] == 2 * many + 3
    print(by_type, len(asked), *asked, sep='\n')
    assert len(asked) <= 25
