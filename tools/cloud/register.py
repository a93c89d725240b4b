# SPDX-License-Identifier: Apache-2.0
"""A program: makes what the cloud needs through its own APIs.

It reads from its standard input what is wanted, as JSON (see `main`), and
makes what is not there yet.
"""

from collections.abc import Iterable
import json
import sys
import time
from typing import Any

import openstack

PATIENCE = 180


def _one(found: Iterable[Any], name: str) -> Any:
    return next((one for one in found if one.name == name), None)


def services(cloud: Any, wanted: dict[str, list[list[str]]], password: str,
             region: str) -> None:
    """A user for each service, and its entries in the catalogue."""
    identity = cloud.identity
    roles = {role.name: role for role in identity.roles()}
    project = (_one(identity.projects(), 'service')
               or identity.create_project(name='service',
                                          domain_id='default'))
    for name in wanted:
        user = (_one(identity.users(name=name), name)
                or identity.create_user(name=name, password=password,
                                        domain_id='default'))
        for role in ('admin', 'service'):
            identity.assign_project_role_to_user(project, user, roles[role])
    known = {one.type: one for one in identity.services()}
    there = {(one.service_id, one.interface) for one in identity.endpoints()}
    for entries in wanted.values():
        for kind, name, url in entries:
            entry = known.get(kind) or identity.create_service(type=kind,
                                                               name=name)
            for interface in ('public', 'internal', 'admin'):
                if (entry.id, interface) not in there:
                    identity.create_endpoint(
                        service_id=entry.id, interface=interface, url=url,
                        region_id=region)


def volume_types(cloud: Any, names: list[str]) -> None:
    """A type of volumes for each backend of this name."""
    api = cloud.block_storage
    known = {one.name for one in api.types()}
    for name in names:
        if name not in known:
            api.update_type_extra_specs(api.create_type(name=name),
                                        volume_backend_name=name)


def flavors(cloud: Any, wanted: dict[str, list[int]]) -> None:
    """Flavors by name: processors, MiB of memory and GiB of disk."""
    known = {one.name for one in cloud.compute.flavors()}
    for name, (processors, memory, disk) in wanted.items():
        if name not in known:
            cloud.compute.create_flavor(name=name, vcpus=processors,
                                        ram=memory, disk=disk)


def daemons(cloud: Any, kind: str, count: int, since: str) -> None:
    """Wait until so many daemons of a service have reported since then."""
    end = time.monotonic() + PATIENCE
    while True:
        found = getattr(cloud, kind).get('/os-services').json()['services']
        fresh = [one['binary'] for one in found
                 if (one['updated_at'] or '') >= since]
        if len(fresh) >= count:
            return
        if time.monotonic() > end:
            sys.exit(f'only these daemons of {kind} report: {fresh}')
        time.sleep(0.5)


def main() -> None:
    """Do all that is wanted; the keys are the functions above."""
    wanted = json.load(sys.stdin)
    url, password, region = (wanted.pop(key) for key in (
        'auth_url', 'password', 'region'))
    cloud = openstack.connect(
        auth_url=url, username='admin', project_name='admin',
        password=password, user_domain_id='default',
        project_domain_id='default', region_name=region, load_envvars=False,
        load_yaml_config=False)
    for key, what in wanted.items():
        if key == 'services':
            services(cloud, what, password, region)
        elif key == 'volume_types':
            volume_types(cloud, what)
        elif key == 'flavors':
            flavors(cloud, what)
        else:
            daemons(cloud, **what)


if __name__ == '__main__':
    main()
