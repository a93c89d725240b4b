# SPDX-License-Identifier: Apache-2.0
"""Record, commit, cast: how work reaches the protection service."""

from typing import Any
import uuid

from oslo_log import log
from oslo_utils import timeutils

from karbor.context import RequestContext
from karbor.model.operation import Operation
from karbor.rpc import protection as rpc

LOG = log.getLogger(__name__)


def operation(context: RequestContext, type_: str, *, project_id: str,
              provider_id: str, checkpoint_id: str,
              plan_id: str | None = None,
              request: dict[str, Any] | None = None) -> Operation:
    """An operation that is to be queued.

    :param request: plain data for the worker, without secrets
    """
    return Operation(
        id=str(uuid.uuid4()), type=type_, project_id=project_id,
        user_id=context.user_id, provider_id=provider_id,
        checkpoint_id=checkpoint_id, plan_id=plan_id, status='queued',
        request={**(request or {}), 'roles': list(context.roles or ())},
        request_id=context.request_id,
        created_at=timeutils.utcnow(with_timezone=True))


def cast(context: RequestContext, operation_id: str) -> None:
    """Tell the protection service, after the commit."""
    try:
        rpc.client().run(context, operation_id)
    except Exception:
        # The operation is committed and workers look for it anyhow: a bus
        # that is away makes it later, and failing the request would make
        # the user ask a second time for what is going to happen.
        LOG.warning('Operation %s was queued, but the bus did not take the '
                    'message; a worker will find it.', operation_id,
                    exc_info=True)
