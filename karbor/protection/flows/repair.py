# SPDX-License-Identifier: Apache-2.0
"""Putting right what a worker wrote after it had lost its claim.

A bank cannot compare and set. A process that is frozen between the check of
its claim and the write that follows writes when it wakes, maybe long after
another worker has ended the operation, or even after the checkpoint was
deleted. So whoever finds that it has lost a claim looks at what the bank says
now, when nothing of it can write any more; and so does who ends an operation
that others had before, for what they may have written just before its end.
Of a late write and the end, one comes first, and the other one's author sees
it.
"""

from oslo_log import log

from karbor import exception
from karbor.bank.manifest import Manifest
from karbor.bank.manifest import ResourceEntry
from karbor.bank.store import Store
from karbor.context import RequestContext
from karbor.db import checkpoints
from karbor.db import operations
from karbor.model.checkpoint import Checkpoint
from karbor.model.checkpoint import without
from karbor.model.operation import Operation
from karbor.protection.flows import outcome

LOG = log.getLogger(__name__)

_LOOKS = 5


def after(context: RequestContext, operation: Operation,
          store: Store) -> None:
    """Have the bank say what the database says of an ended operation."""
    if operation.type in ('restore', 'verify', 'undo'):
        return          # it writes nothing to the bank
    try:
        # again after each write, because that may be late, too
        for _look in range(_LOOKS):
            if not _look_and_write(context, operation, store):
                return
    except Exception:
        # Nobody waits for it, and a failure must not look like one of the
        # operation, which others have ended.
        LOG.warning('What the bank says of checkpoint %s could not be '
                    'compared with the database.', operation.checkpoint_id,
                    exc_info=True)


def _look_and_write(context: RequestContext, operation: Operation,
                    store: Store) -> bool:
    now = operations.get(context, operation.id)
    if now.status in ('queued', 'running'):
        return False            # who ends it looks, too
    checkpoint_id = now.checkpoint_id
    try:
        checkpoint = checkpoints.get(context, now.provider_id, checkpoint_id)
    except exception.CheckpointNotFound:
        store.delete(checkpoint_id)
        return False
    try:
        present = store.read_manifest(checkpoint_id)
    except exception.CheckpointNotFound:
        present = None
    wanted = _wanted(now, checkpoint, present)
    if wanted is None:
        return False
    LOG.warning('The manifest of checkpoint %s was replaced by a late one; '
                'it is put right.', checkpoint_id)
    store.write_manifest(wanted)
    return True


def _wanted(operation: Operation, checkpoint: Checkpoint,
            present: Manifest | None) -> Manifest | None:
    """What the bank should say instead, or None if it is right."""
    if checkpoint.status in ('deleting', 'error-deleting'):
        if present is None or present.status == 'deleting':
            return None
        return outcome.deleting(present)
    if not operation.makes_checkpoint:
        return None
    entries = [ResourceEntry.from_dict(resource.entry)
               for resource in operation.resources or ()
               if resource.entry is not None]
    if checkpoint.status == 'error' and not checkpoint.sealed:
        # A late one may name what has been removed, or nothing of what is
        # there. If there is none, the bank could not be told.
        if present is None or (present.status == 'error'
                               and present.attempt >= operation.attempt):
            return None
        return outcome.manifest_of(
            checkpoint, 'error', entries, checkpoint.resource_graph,
            operation.attempt, checkpoint.status_reason)
    if checkpoint.status != 'available':
        return None
    if (present is not None and present.status == 'available'
            and present.attempt >= operation.attempt):
        return None
    return outcome.manifest_of(checkpoint, 'available', entries,
                               checkpoint.resource_graph, operation.attempt,
                               without(checkpoint.missing),
                               checkpoint.missing)
