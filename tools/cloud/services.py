# SPDX-License-Identifier: Apache-2.0
"""Which services there are, and what each needs."""

from collections.abc import Iterable

from accounts import Keystone
from compute import Neutron
from compute import Nova
from compute import Placement
from place import Failed
from servers import Database
from servers import Memcached
from servers import Rabbit
from service import Service
from storage import Cinder
from storage import Glance
from storage import Swift

DATABASE = Database()
SERVICES: dict[str, Service] = {one.name: one for one in (
    Memcached(), Rabbit(), DATABASE, Keystone(), Glance(), Cinder(), Swift(),
    Neutron(), Placement(), Nova())}


def closure(names: Iterable[str]) -> list[Service]:
    """Services and all that they need, in an order to start them.

    :raises Failed: there is no service of such a name
    """
    order: dict[str, Service] = {}

    def add(name: str) -> None:
        if name not in SERVICES:
            raise Failed(f'no service {name}; there are '
                         f'{", ".join(SERVICES)}')
        for needed in SERVICES[name].needs:
            add(needed)
        order.setdefault(name, SERVICES[name])

    for name in names:
        add(name)
    return list(order.values())
