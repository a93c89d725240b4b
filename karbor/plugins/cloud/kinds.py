# SPDX-License-Identifier: Apache-2.0
"""What services of the cloud list: all that a project has of one kind."""

from collections.abc import Callable, Iterable, Sequence
import contextlib
from dataclasses import dataclass
import re
from typing import Any

from openstack import exceptions as sdk

from karbor import plugin
from karbor.plugins.cloud.errors import asking
from karbor.plugins.cloud.region import Region

# of so few, each is asked for; of more, all that the project has are listed
FEW = 3
# ids in one question; an address has its limit
CHUNK = 50

# What could be the id of something, and no other path of the service.
_ID = re.compile(r'[0-9A-Za-z][0-9A-Za-z_-]{0,254}', re.ASCII)


@dataclass(frozen=True)
class Kind:
    """What a service lists; lists end with the last page.

    :ivar service: as people call it
    :ivar noun: what they call one of the kind
    :ivar right: rule of the policy of the service that allows the lists
    :ivar fetch: all that a project has, in any order, and maybe some more
    :ivar get: one by its id
    :ivar owner: the attribute that says whose it is
    :ivar gone: statuses of those that have been deleted, but for traces
    """

    service: str
    noun: str
    right: str
    fetch: Callable[[Region], Iterable[Any]]
    get: Callable[[Any, str], Any]
    owner: str = 'project_id'
    gone: frozenset[str] = frozenset()

    def all(self, region: Region) -> list[Any]:
        """All that the project owns, by id."""
        found = {thing.id: thing for thing in self.listed(
            region, self.fetch) if self.owned(region, thing)}
        return [found[id_] for id_ in sorted(found)]

    def one(self, region: Region, id_: str) -> Any:
        """One that the project owns, or None."""
        thing = self.any(region, id_)
        return thing if thing is not None and self.owned(
            region, thing) else None

    def some(self, region: Region, ids: Iterable[str]) -> dict[str, Any]:
        """Those of many that the project owns, by id."""
        wanted = set(ids)
        if len(wanted) <= FEW:
            things = [self.one(region, id_) for id_ in sorted(wanted)]
            return {thing.id: thing for thing in things if thing is not None}
        return {thing.id: thing for thing in self.all(region)
                if thing.id in wanted}

    def any(self, region: Region, id_: str) -> Any:
        """One, whoever owns it, or None."""
        if not _ID.fullmatch(id_):
            return None
        with asking(self.service, f'a {self.noun}', self.right):
            try:
                thing = self.get(region.connection, id_)
            except sdk.NotFoundException:
                return None
        return thing if thing.id == id_ and self._exists(thing) else None

    def owned(self, region: Region, thing: Any) -> bool:
        """Whether something is the project's, whatever was asked for."""
        return bool(getattr(thing, self.owner) == region.project_id)

    def listed(self, region: Region,
               fetch: Callable[[Region], Iterable[Any]]) -> list[Any]:
        """Whatever the service lists when it is asked so."""
        with asking(self.service, f'{self.noun}s', self.right):
            return [thing for thing in fetch(region) if self._exists(thing)]

    def _exists(self, thing: Any) -> bool:
        # administrators are shown more than others
        return not self.gone or thing.status not in self.gone


def _abroad(region: Region) -> dict[str, Any]:
    # Nova and Cinder answer for the project of the token unless told
    # otherwise, and refuse the filter to those who are not administrators.
    return ({'all_projects': True, 'project_id': region.project_id}
            if region.abroad else {})


def _projects(region: Region) -> Iterable[Any]:
    with contextlib.suppress(sdk.NotFoundException):
        yield region.connection.identity.get_project(region.project_id)


def _images(region: Region, queries: Iterable[dict[str, str]],
            ) -> Iterable[Any]:
    # Hidden ones are in no list that does not ask for them, and pages are of
    # 25 unless told otherwise.
    for query in queries:
        for hidden in (False, True):
            yield from region.connection.image.images(
                **query, visibility='all', is_hidden=hidden, limit=1000)


def _chunks(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    return (ids[start:start + CHUNK] for start in range(0, len(ids), CHUNK))


PROJECTS = Kind(
    'Keystone', 'project', 'identity:get_project',
    _projects,
    lambda connection, id_: connection.identity.get_project(id_), 'id')

SERVERS = Kind(
    'Nova', 'server', 'os_compute_api:servers:detail:get_all_tenants',
    lambda region: region.connection.compute.servers(
        details=True, **_abroad(region)),
    lambda connection, id_: connection.compute.get_server(id_),
    gone=frozenset({'DELETED', 'SOFT_DELETED'}))

VOLUMES = Kind(
    'Cinder', 'volume', 'volume:get_all',
    lambda region: region.connection.block_storage.volumes(
        details=True, **_abroad(region)),
    lambda connection, id_: connection.block_storage.get_volume(id_))

IMAGES = Kind(
    'Glance', 'image', 'get_images',
    lambda region: _images(region, [{'owner': region.project_id}]),
    lambda connection, id_: connection.image.get_image(id_), 'owner_id',
    gone=frozenset({'deleted', 'pending_delete'}))

NETWORKS = Kind(
    'Neutron', 'network', 'get_network',
    lambda region: region.connection.network.networks(
        project_id=region.project_id,
        fields=['id', 'name', 'project_id']),
    lambda connection, id_: connection.network.get_network(id_))

PORTS = Kind(
    'Neutron', 'port', 'get_port',
    lambda region: region.connection.network.ports(
        project_id=region.project_id,
        fields=['id', 'device_id', 'network_id', 'project_id']),
    lambda connection, id_: connection.network.get_port(id_))


def servers(region: Region, ids: Iterable[str]) -> dict[str, Any]:
    """Servers of the project, all of them.

    :raises plugin.PluginError: one is gone, or Nova cannot tell of it now
    """
    wanted = sorted(set(ids))
    found = SERVERS.some(region, wanted)
    for id_ in wanted:
        if id_ not in found:
            raise plugin.PluginError(
                reason=f'Server {id_} does not exist any more; try again.')
        # of a server whose cell is away Nova tells its id and little else
        if found[id_].status == 'UNKNOWN':
            raise plugin.PluginError(
                reason=f'Nova cannot tell now what server {id_} uses; try '
                       'again later.')
    return found


def used_images(region: Region, ids: Iterable[str]) -> dict[str, Any]:
    """Those of many images that the project may use, by id.

    Its own, public and community images, and those shared with it. One that
    is deleted, or is private to others by now, is left out.
    """
    wanted = sorted(set(ids))
    if len(wanted) <= FEW:
        found = [IMAGES.any(region, id_) for id_ in wanted]
    else:
        found = IMAGES.listed(region, lambda region: _images(
            region, [{'id': 'in:' + ','.join(chunk)}
                     for chunk in _chunks(wanted)]))
    return {image.id: image for image in found
            if image is not None and _usable(region, image)}


def _usable(region: Region, image: Any) -> bool:
    if (IMAGES.owned(region, image)
            or image.visibility in ('public', 'community')):
        return True
    # Karbor's own user sees what is private to others too. It must not get
    # into a checkpoint of the project.
    return image.visibility == 'shared' and _member(region, image)


def _member(region: Region, image: Any) -> bool:
    with asking('Glance', 'the members of an image', 'get_member'):
        try:
            region.connection.image.get_member(region.project_id, image.id)
        except sdk.NotFoundException:
            return False
    return True


def used_networks(region: Region, ids: Iterable[str]) -> dict[str, Any]:
    """Those of many networks that exist, by id, whoever owns them."""
    wanted = sorted(set(ids))

    def fetch(region: Region) -> Iterable[Any]:
        for chunk in _chunks(wanted):
            yield from region.connection.network.networks(
                id=chunk, fields=['id', 'name'])
    return {network.id: network for network in NETWORKS.listed(
        region, fetch)}
