# SPDX-License-Identifier: Apache-2.0
"""What plugins stand on: bytes come back from the cloud as they went there.

Nothing is deleted here. All of it is there when the people go, who have to
take it with them: what is in their project is found before, and then not.
"""

import random

import pytest

from karbor.tests.fullstack.cloud import guests
from karbor.tests.functional import daemons
from karbor.tests.functional.identity import cloud as clouds

MiB = 1 << 20
CONTENT = random.Random(6).randbytes(3 * MiB)
PATIENCE = 300


@pytest.fixture(scope='module')
def member(cloud):
    """The cloud, as a member sees it."""
    return cloud.connection('member')


@pytest.fixture(scope='module')
def image(member):
    """One that is CONTENT."""
    made = member.create_image(
        'content', data=CONTENT, disk_format='raw', container_format='bare',
        wait=True, timeout=PATIENCE)
    return member.image.get_image(made)


@pytest.fixture(scope='module')
def volume(member, image):
    """One that begins with CONTENT."""
    made = member.block_storage.create_volume(name='content', size=1,
                                              image_id=image.id)
    return becomes(member.block_storage.get_volume, made, 'available')


@pytest.fixture(scope='module')
def network(member):
    """One that gives addresses."""
    made = member.network.create_network(name='net')
    member.network.create_subnet(name='net', network_id=made.id, ip_version=4,
                                 cidr='10.77.0.0/24')
    return made


@pytest.fixture
def found(cloud):
    """What is in the project."""
    return lambda: guests.found(cloud.admin, cloud.projects[clouds.MINE])


def becomes(get, thing, status):
    """Wait until something has a status; returns it as it is then."""
    def look():
        now = get(thing.id)
        assert 'error' not in now.status.lower(), now
        return now.status.lower() == status and now
    return daemons.until(look, PATIENCE, f'{thing.name} to be {status}')


def content(member, volume):
    """The first bytes of a volume, which go through an image."""
    answer = member.block_storage.upload_volume_to_image(
        volume, image_name='upload', disk_format='raw',
        container_format='bare')
    uploaded = becomes(member.image.get_image,
                       member.image.get_image(answer['image_id']), 'active')
    found = b''
    with member.image.download_image(uploaded, stream=True) as body:
        for chunk in body.iter_content(MiB):
            found += chunk
            if len(found) >= len(CONTENT):
                break
    return found[:len(CONTENT)]


def test_an_image_comes_back(member, image, found):
    assert member.image.download_image(image).content == CONTENT
    assert 'image content' in found()


def test_an_object_comes_back(member):
    store = member.object_store
    store.create_container('box')
    store.upload_object('box', 'thing', data=CONTENT)
    assert store.download_object('thing', 'box') == CONTENT


def test_a_volume_comes_back_from_its_backup(member, volume, found):
    block = member.block_storage
    backup = block.create_backup(name='backup', volume_id=volume.id)
    backup = becomes(block.get_backup, backup, 'available')
    restored = block.restore_backup(backup, name='restored')
    restored = becomes(block.get_volume, block.get_volume(restored.volume_id),
                       'available')
    assert restored.id != volume.id
    assert content(member, restored) == CONTENT
    assert {'volume content', 'backup backup',
            'volume restored'} <= set(found())


def test_a_volume_comes_back_from_its_snapshot(member, volume, found):
    block = member.block_storage
    snapshot = block.create_snapshot(name='snapshot', volume_id=volume.id)
    snapshot = becomes(block.get_snapshot, snapshot, 'available')
    copy = block.create_volume(name='copy', size=1, snapshot_id=snapshot.id)
    assert content(member, becomes(block.get_volume, copy,
                                   'available')) == CONTENT
    assert 'snapshot snapshot' in found()


def test_a_server_has_its_port_and_its_volume(member, image, network,
                                              found):
    compute = member.compute
    disk = member.block_storage.create_volume(name='disk', size=1)
    disk = becomes(member.block_storage.get_volume, disk, 'available')
    server = compute.create_server(
        name='server', image_id=image.id,
        flavor_id=compute.find_flavor('tiny').id,
        networks=[{'uuid': network.id}])
    server = becomes(compute.get_server, server, 'active')
    compute.create_volume_attachment(server, volume_id=disk.id)
    disk = becomes(member.block_storage.get_volume, disk, 'in-use')
    assert disk.attachments[0]['server_id'] == server.id
    port, = member.network.ports(device_id=server.id)
    assert port.network_id == network.id
    assert port.fixed_ips[0]['ip_address'].startswith('10.77.0.')
    assert {'server server', 'network net', 'volume disk'} <= set(found())
