# SPDX-License-Identifier: Apache-2.0
"""How operations end.

The order of writes is what keeps the promise: data, resource documents,
manifest, database. A crash between two of them leaves an operation that is
resumed and writes the rest again.
"""

from collections.abc import Mapping, Sequence
import dataclasses
from typing import Any

from oslo_log import log

from karbor import exception
from karbor.bank.manifest import Manifest
from karbor.bank.manifest import ResourceEntry
from karbor.context import RequestContext
from karbor.db import checkpoints
from karbor.db import operations
from karbor.db import session as db_session
from karbor.model import states
from karbor.model.checkpoint import Checkpoint
from karbor.model.operation import cancelled_by
from karbor.model.operation import Operation
from karbor.protection.run import Run

LOG = log.getLogger(__name__)


def manifest(run: Run, checkpoint: Checkpoint, status: str,
             reason: str | None = None) -> Manifest:
    """What the bank shall say of a checkpoint."""
    return manifest_of(
        checkpoint, status,
        [state.entry for state in run.states if state.entry is not None],
        None if run.graph is None else run.graph.to_json(),
        run.operation.attempt, reason)


def manifest_of(checkpoint: Checkpoint, status: str,
                entries: Sequence[ResourceEntry], graph: str | None,
                attempt: int, reason: str | None = None) -> Manifest:
    """A manifest of a checkpoint.

    :param graph: as text, or None while it is not known
    :param attempt: of the operation that makes the checkpoint
    """
    return Manifest(
        checkpoint_id=checkpoint.id, project_id=checkpoint.project_id,
        provider_id=checkpoint.provider_id, plan=dict(checkpoint.plan),
        status=status, reason=reason, origin=checkpoint.origin,
        extra_info=dict(checkpoint.extra_info or {}),
        created_at=checkpoint.created_at,
        resource_graph=graph, resources=tuple(entries), attempt=attempt,
        size=sum(entry.bytes for entry in entries))


@db_session.retry
def check_claim(context: RequestContext, operation: Operation) -> None:
    """Make sure of the claim before the bank is told something.

    :raises exception.LeaseLost: another worker has claimed it
    """
    with db_session.writer(context) as session:
        operations.fence(session, operation)


def seal(run: Run, checkpoint: Checkpoint) -> None:
    """End a protect or copy operation whose data is complete."""
    check_claim(run.context, run.operation)
    final = manifest(run, checkpoint, 'available')
    run.provider.store.write_manifest(final)
    _complete(run, checkpoint, final.size)


@db_session.retry
def _complete(run: Run, checkpoint: Checkpoint, size: int) -> None:
    with db_session.writer(run.context) as session:
        operations.finish(session, run.operation, 'success', None,
                          run.progress.totals())
        checkpoints.change(session, run.context, checkpoint.id, 'available',
                           size=size, sealed=True)


@db_session.retry
def copying(run: Run) -> None:
    """Show that the copy of a checkpoint has begun; may repeat."""
    with db_session.writer(run.context) as session:
        operations.fence(session, run.operation)
        checkpoints.change(session, run.context, run.operation.checkpoint_id,
                           'copying')


@db_session.retry
def removed(run: Run) -> None:
    """End a delete operation after which the bank holds nothing."""
    with db_session.writer(run.context) as session:
        operations.finish(session, run.operation, 'success', None,
                          run.progress.totals())
        checkpoints.remove(session, run.operation.checkpoint_id)


@db_session.retry
def succeeded(run: Run) -> None:
    """End an operation that only used its checkpoint."""
    with db_session.writer(run.context) as session:
        operations.finish(session, run.operation, 'success', None,
                          run.progress.totals())


def failed(context: RequestContext, operation: Operation,
           reason: str, totals: Mapping[str, Any] | None = None) -> None:
    """End an operation with an error and its sentence.

    :param totals: how far it came
    """
    _end_in_vain(context, operation, 'error', reason, totals)
    LOG.warning('Operation %s (%s of checkpoint %s) failed: %s',
                operation.id, operation.type, operation.checkpoint_id,
                reason)


def cancelled(context: RequestContext, operation: Operation,
              user: str | None,
              totals: Mapping[str, Any] | None = None) -> None:
    """End an operation as a user wanted it.

    :param totals: how far it came
    """
    _end_in_vain(context, operation, 'cancelled', cancelled_by(user), totals)


@db_session.retry
def _end_in_vain(context: RequestContext, operation: Operation, status: str,
                 reason: str, totals: Mapping[str, Any] | None) -> None:
    after = states.AFTER_FAILURE.get(operation.type)
    with db_session.writer(context) as session:
        operations.finish(session, operation, status, reason, totals)
        if after is not None:
            checkpoints.change(session, context, operation.checkpoint_id,
                               after, reason=reason)


def tell_bank_of_error(run: Run, checkpoint: Checkpoint,
                       reason: str) -> None:
    """Leave the reason in the bank, too, so that an import finds it."""
    try:
        run.provider.store.write_manifest(
            manifest(run, checkpoint, 'error', reason))
    except exception.LeaseLost:
        raise
    except (exception.KarborError, ValueError):
        # The bank's failure may be the very reason, or a manifest that it
        # will not replace. What it says then, an import shows as an error
        # as well. The operation has to end all the same.
        LOG.warning('The bank was not told that checkpoint %s failed.',
                    checkpoint.id, exc_info=True)


def deleting(present: Manifest) -> Manifest:
    """The manifest of a checkpoint whose deletion has begun."""
    return dataclasses.replace(present, status='deleting')
