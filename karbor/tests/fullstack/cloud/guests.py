# SPDX-License-Identifier: Apache-2.0
"""People, projects and a Karbor in a cloud that others use as well.

All that is made has names that nobody else has, and goes again, with what the
people have made in their projects.
"""

import contextlib
import os
from pathlib import Path
import subprocess
import sys
import uuid

from openstack import connection
import pytest

from karbor.tests.functional import daemons
from karbor.tests.functional.identity import cloud as clouds

TOOL = Path(__file__).parents[4] / 'tools/cloud'
PATIENCE = 300      # seconds until what a project has is deleted
# a member of each project, who may delete what is in it
OWNERS = ('manager', 'other-manager')


def administrator():
    """How the administrator of the cloud signs in, as OS_* say it.

    Without them it is the cloud of ``tools/cloud``, which has to run.
    """
    told = {key: value for key, value in os.environ.items()
            if key.startswith('OS_')}
    if 'OS_AUTH_URL' not in told:
        asked = subprocess.run([sys.executable, str(TOOL), 'env'],
                               capture_output=True, text=True)
        if asked.returncode:
            pytest.fail('There is no cloud: set OS_*, or start one with '
                        f'python tools/cloud up. {asked.stderr}')
        told = dict(line.removeprefix('export ').split('=', 1)
                    for line in asked.stdout.splitlines())
    told.pop('OS_IDENTITY_API_VERSION', None)
    told.setdefault('OS_REGION_NAME', clouds.REGION)
    return {key.removeprefix('OS_').lower(): value
            for key, value in told.items()}


class Cloud(clouds.Cloud):
    """The cloud as our people have it.

    What is Karbor's own may do everything in it, as its plugins have to.
    """

    def _populate(self):
        taken = [one.name for one in self.identity.services(
            type='data-protect')]
        assert not taken, (f'this cloud has {taken}, and a catalogue with '
                           'two services of a type leads to any of them')
        super()._populate()
        user, = self.identity.users(name=self.prefix + clouds.KARBOR)
        role, = self.identity.roles(name='admin')
        self.identity.assign_project_role_to_user(
            self.projects[clouds.SERVICE], user, role)

    @property
    def admin(self):
        """The cloud, as who runs it sees it."""
        return self._admin

    def connection(self, name):
        """The cloud, as a person sees it."""
        return connection.Connection(session=self.session(name),
                                     region_name=self.region)


class Deployment(clouds.Deployment):
    """Daemons of which the plugins know the cloud."""

    def __init__(self, root, *args, cloud, **kwargs):
        super().__init__(root, *args, cloud=cloud, **kwargs)
        with self.config.open('a') as config:
            config.write(f"""\
[cloud]
enabled = true
region_name = {cloud.region}
auth_url = {cloud.url}
auth_type = password
username = {cloud.prefix}{clouds.KARBOR}
password = {clouds.PASSWORD}
user_domain_id = default
project_name = {cloud.prefix}{clouds.SERVICE}
project_domain_id = default
""")


@contextlib.contextmanager
def guests():
    """A cloud with people of ours, who go with the block."""
    admin = administrator()
    url = admin.pop('auth_url')
    prefix = f'karbor-{uuid.uuid4().hex[:8]}-'
    cloud = None
    try:
        cloud = Cloud(url, prefix, **admin)
        yield cloud
    finally:
        try:
            if cloud is not None:
                for owner in OWNERS:
                    _empty(cloud, owner)
        finally:
            forget(connection.Connection(auth_url=url, **admin), prefix)


def _empty(cloud, owner):
    """Delete what is in the project of somebody."""
    project = cloud.project(owner)
    owned = cloud.connection(owner)
    owned.project_cleanup(dry_run=False, wait_timeout=PATIENCE)
    daemons.until(
        lambda: not [*found(cloud.admin, project),
                     *owned.object_store.containers()],
        PATIENCE, f'the end of what {owner} has')
    # every project has one of these, which only an administrator may delete
    for group in cloud.admin.network.security_groups(project_id=project):
        cloud.admin.network.delete_security_group(group)


def found(admin, project):
    """What a project has, as kinds and names; volumes and so on."""
    block, compute = admin.block_storage, admin.compute
    network = admin.network
    ours = {'all_projects': True, 'project_id': project}
    lists = {
        'server': compute.servers(**ours),
        'backup': block.backups(details=True, **ours),
        'snapshot': block.snapshots(details=True, **ours),
        'volume': block.volumes(details=True, **ours),
        'image': admin.image.images(owner=project),
        'router': network.routers(project_id=project),
        'network': network.networks(project_id=project),
        'port': network.ports(project_id=project),
    }
    return [f'{kind} {one.name}' for kind, all_ in lists.items()
            for one in all_]


def forget(admin, prefix):
    """Delete all in Keystone whose names begin so."""
    identity = admin.identity
    for things, delete in (
            (identity.services(), identity.delete_service),
            (identity.users(), identity.delete_user),
            (identity.projects(), identity.delete_project),
            (identity.roles(), identity.delete_role)):
        for one in list(things):
            if (one.name or '').startswith(prefix):
                delete(one)
