# SPDX-License-Identifier: Apache-2.0
"""How operations end.

The order of writes is what keeps the promise: data, resource documents,
manifest, database. A crash between two of them leaves an operation that is
resumed and writes the rest again.
"""

from collections.abc import Callable, Mapping, Sequence
import dataclasses
from typing import Any

from oslo_log import log

from karbor import exception
from karbor.actions import telling
from karbor.bank.manifest import Manifest
from karbor.bank.manifest import ResourceEntry
from karbor.context import RequestContext
from karbor.db import checkpoints
from karbor.db import operations
from karbor.db import records
from karbor.db import session as db_session
from karbor.i18n import _
from karbor.model import states
from karbor.model.checkpoint import Checkpoint
from karbor.model.checkpoint import without
from karbor.model.operation import cancelled_by
from karbor.model.operation import Operation
from karbor.model.resource import Resource
from karbor.protection.run import Run
from karbor.protection.run import sentence

LOG = log.getLogger(__name__)

# What reads a checkpoint, and what it says of one that is damaged.
_READING = {'verify': _('Verification %(id)s found: %(reason)s'),
            'restore': _('Restore %(id)s found: %(reason)s'),
            'copy': _('Copy %(id)s found: %(reason)s')}


def manifest(run: Run, checkpoint: Checkpoint, status: str,
             reason: str | None = None) -> Manifest:
    """What the bank shall say of a checkpoint."""
    return manifest_of(
        checkpoint, status,
        [state.entry for state in run.states if state.entry is not None],
        None if run.graph is None else run.graph.to_json(),
        run.operation.attempt, reason, run.missing)


def manifest_of(checkpoint: Checkpoint, status: str,
                entries: Sequence[ResourceEntry], graph: str | None,
                attempt: int, reason: str | None = None,
                missing: tuple[Resource, ...] = ()) -> Manifest:
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
        size=sum(entry.bytes for entry in entries), missing=missing)


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
    final = manifest(run, checkpoint, 'available', without(run.missing))
    run.provider.store.write_manifest(final)
    _complete(run, checkpoint, final)


@db_session.retry
def _complete(run: Run, checkpoint: Checkpoint, final: Manifest) -> None:
    with db_session.writer(run.context) as session:
        ended = operations.finish(session, run.operation, 'success',
                                  final.reason, run.progress.totals())
        checkpoints.complete(session, run.context, checkpoint.id, final.size,
                             final.reason)
    run.tell_end(ended)


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
        ended = operations.finish(session, run.operation, 'success', None,
                                  run.progress.totals())
        checkpoints.remove(session, run.operation.checkpoint_id)
    run.tell_end(ended)


@db_session.retry
def succeeded(run: Run, *, sound: bool = False) -> None:
    """End an operation that only used its checkpoint, or not even that.

    :param sound: it has read all of the checkpoint
    """
    with db_session.writer(run.context) as session:
        ended = operations.finish(session, run.operation, 'success',
                                  without(run.missing), run.progress.totals())
        began = run.operation.started_at
        if sound and began is not None:
            checkpoints.clear_damage(session, run.source_id, began)
        # of a restore that is whole, or of one that is undone, there is
        # nothing to undo any more
        if run.operation.type in ('restore', 'undo'):
            records.forget(session, run.operation.source_operation_id
                           or run.operation.id)
    run.tell_end(ended)


def note_damage(run: Run, error: BaseException,
                resource: Resource | None = None) -> None:
    """Mark the checkpoint that is read, if that is why something failed.

    :param resource: of which something was read
    :raises Cancelled: as `damaged`
    """
    if run.operation.type not in _READING:
        return
    reason = _damage(run, error)
    if reason is not None:
        damaged(run, reason if resource is None else f'{resource}: {reason}')


def _damage(run: Run, error: BaseException) -> str | None:
    seen: set[int] = set()
    cause: BaseException | None = error
    # a plugin may have made an error of its own of it
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        if isinstance(cause, (exception.Damaged,
                              # in the index it is, so the bank has changed
                              exception.CheckpointNotAvailable)) or (
                # all keys of a checkpoint have its id; a copy reads what it
                # has written, too
                isinstance(cause, exception.BankCorrupt)
                and run.source_id in str(cause.facts.get('key'))):
            return str(cause)
        cause = cause.__cause__ or cause.__context__
    return None


def damaged(run: Run, reason: str) -> None:
    """Mark the checkpoint that is read as damaged.

    :param reason: a sentence that names what is damaged
    :raises Cancelled: it was not marked, and the run is to stop
    """
    told = sentence(_READING[run.operation.type] % {
        'id': run.operation.id, 'reason': reason})
    # an end of the operation without the mark would hide what it has found
    run.guarded(lambda: _mark(run, told),
                'Checkpoint %s cannot be marked as damaged.', run.source_id)
    LOG.error('Checkpoint %s is damaged. %s', run.source_id, told)


@db_session.retry
def _mark(run: Run, reason: str) -> None:
    with db_session.writer(run.context) as session:
        operations.fence(session, run.operation)
        checkpoints.mark_damaged(session, run.source_id, run.operation.id,
                                 reason)


def failed(context: RequestContext, operation: Operation,
           reason: str, totals: Mapping[str, Any] | None = None,
           tell: Callable[[Operation], None] = telling.ended) -> None:
    """End an operation with an error and its sentence.

    :param totals: how far it came
    :param tell: tells of it after the commit
    """
    tell(_end_in_vain(context, operation, 'error', reason, totals))
    LOG.warning('Operation %s (%s of checkpoint %s) failed: %s',
                operation.id, operation.type, operation.checkpoint_id,
                reason)


def cancelled(context: RequestContext, operation: Operation,
              user: str | None, totals: Mapping[str, Any] | None = None,
              tell: Callable[[Operation], None] = telling.ended) -> None:
    """End an operation as a user wanted it.

    :param totals: how far it came
    :param tell: tells of it after the commit
    """
    tell(_end_in_vain(context, operation, 'cancelled', cancelled_by(user),
                      totals))


@db_session.retry
def _end_in_vain(context: RequestContext, operation: Operation, status: str,
                 reason: str,
                 totals: Mapping[str, Any] | None) -> Operation:
    after = states.AFTER_FAILURE.get(operation.type)
    with db_session.writer(context) as session:
        ended = operations.finish(session, operation, status, reason, totals)
        if after is not None:
            checkpoints.change(session, context, operation.checkpoint_id,
                               after, sources=states.DURING[operation.type],
                               reason=reason)
    return ended


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
