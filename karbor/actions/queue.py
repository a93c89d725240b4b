# SPDX-License-Identifier: Apache-2.0
"""What those are told who wait for an operation to begin."""

from collections.abc import Collection, Sequence

from karbor.conf import CONF
from karbor.context import RequestContext
from karbor.db import queue as db
from karbor.db import services
from karbor.i18n import _
from karbor.model.operation import Operation
from karbor.model.queue import count
from karbor.model.queue import Limits
from karbor.model.queue import Running
from karbor.model.queue import Waiting
from karbor.model.service import Service

_BINARY = 'karbor-protection'


def waiting(context: RequestContext,
            found: Sequence[Operation]) -> dict[str, Waiting]:
    """Of operations that somebody was shown, those that wait, by id.

    It takes the same few queries for one and for a whole list.
    """
    queued = [one for one in found if one.status == 'queued']
    if not queued:
        return {}
    places, at_work = db.look(context, queued)
    daemons = services.list_(context, CONF.service_down_time, binary=_BINARY)
    told = [daemon for daemon in daemons if daemon.limits is not None]
    # they have the same configuration, or are about to
    limits = Limits.from_dict(max(
        told, key=lambda daemon: daemon.updated_at).limits or {}
        if told else {})
    # one that was begun since it was read has no place
    return {one.id: Waiting(places[one.id], _reason(
        one, at_work, daemons, limits))
        for one in queued if one.id in places}


def _reason(one: Operation, at_work: Collection[Running],
            daemons: Collection[Service], limits: Limits) -> str:
    up = [daemon for daemon in daemons if daemon.up]
    if not up:
        return _('waiting for a worker: no karbor-protection is up')
    if all(daemon.status == 'disabled' for daemon in up):
        return _('waiting for a worker: every karbor-protection is disabled')
    for other in at_work:
        if not other.lanes.isdisjoint(one.lanes):
            return _behind(one, other)
    running = count(at_work, 'provider_id').get(one.provider_id, 0)
    most = limits.provider(one.provider_id)
    if 0 < most <= running:
        return _('waiting for provider %(id)s: %(running)d of %(most)d '
                 'running') % {'id': one.provider_id, 'running': running,
                               'most': most}
    running = count(at_work, 'project_id').get(one.project_id, 0)
    if 0 < limits.project <= running:
        return _('waiting for the other operations of the project: '
                 '%(running)d of %(most)d running') % {
                     'running': running, 'most': limits.project}
    return _('waiting for a free worker')


def _behind(one: Operation, other: Running) -> str:
    if other.project_id != one.project_id:
        # two projects restore into one place; ids of others are not shown
        return _('waiting until an operation on the same place ends')
    return _('waiting until operation %(id)s (%(type)s) ends') % {
        'id': other.id, 'type': other.type}
