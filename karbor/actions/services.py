# SPDX-License-Identifier: Apache-2.0
"""Use cases of services, which are the daemons."""

from karbor import exception
from karbor import policy
from karbor.conf import CONF
from karbor.context import RequestContext
from karbor.db import services as db
from karbor.i18n import _
from karbor.model.service import Service


def list_(context: RequestContext, host: str | None = None,
          binary: str | None = None) -> list[Service]:
    """All daemons that ever beat, or those of a host or of a kind."""
    policy.authorize(context, 'service:get_all')
    return db.list_(context, CONF.service_down_time, host, binary)


def update(context: RequestContext, service_id: int, status: str,
           reason: str | None = None) -> Service:
    """Enable or disable a daemon.

    One that is disabled ends what it has begun and begins nothing new. It
    knows with its next heartbeat.

    :raises exception.ServiceNotFound: there is none of that id
    :raises exception.Invalid: there is a reason, but not to disable it
    :raises exception.IllegalTransition: there is no such status
    """
    policy.authorize(context, 'service:update')
    if status == 'enabled' and reason is not None:
        raise exception.Invalid(field='disabled_reason', reason=_(
            'it is for a service that becomes disabled'))
    return db.set_status(context, service_id, status, reason,
                         CONF.service_down_time)
