# SPDX-License-Identifier: Apache-2.0
"""What is in a bank and belongs to no checkpoint.

Nobody has to look for it to be safe: it only takes room. It comes of workers
that wrote when they had lost their claim, of deletions whose row was lost, and
of attempts that were killed and whose successors could not sweep.

What is being written is never named. The row of a checkpoint is there before
the first object and until after the last one, and only of one that is
`available`, to which nothing is written any more, attempts are looked at; what
another deployment writes has a manifest before anything else. And the age of
all is proved on top of that.
"""

from collections.abc import Iterator
from dataclasses import dataclass
import datetime

from karbor import exception
from karbor.bank import layout
from karbor.bank.census import Attempt
from karbor.bank.census import Size
from karbor.bank.manifest import Manifest
from karbor.context import RequestContext
from karbor.db import checkpoints
from karbor.i18n import _
from karbor.protection.providers import Provider

# Kinds of orphans. What lies outside of banks would have others, each with its
# resource type.
CHECKPOINT = 'checkpoint'   # all that is left of one
DAMAGED = 'damaged'         # the same, but a manifest cannot be read
ATTEMPT = 'attempt'         # of a checkpoint that does not need it
KINDS = (CHECKPOINT, DAMAGED, ATTEMPT)


@dataclass(frozen=True, slots=True)
class Orphan:
    """Something that nobody owns.

    :ivar where: name of the provider in whose bank it is
    :ivar kind: one of `KINDS`
    :ivar attempt: None if it is all of a checkpoint
    :ivar reason: why nobody owns it
    """

    where: str
    kind: str
    checkpoint_id: str
    size: Size
    reason: str
    attempt: Attempt | None = None


def find(context: RequestContext, provider: Provider,
         before: datetime.datetime) -> Iterator[Orphan]:
    """What nobody owns in the bank of a provider, in order of checkpoints.

    The database gets one query for a thousand checkpoints.

    :param before: anything that was written later is not named, nor is what
        belongs to it
    :raises exception.BankError: the bank could not be read
    """
    for ids in provider.store.census.checkpoint_ids():
        # after the bank was asked, so that what was just begun has a row
        known = checkpoints.statuses(context, ids)
        for checkpoint_id in ids:
            yield from _of(provider, checkpoint_id,
                           known.get(checkpoint_id), before)


def remove(context: RequestContext, provider: Provider,
           orphan: Orphan) -> bool:
    """Remove an orphan, if it is one still.

    :return: whether it was removed
    """
    status = checkpoints.statuses(context, [orphan.checkpoint_id]).get(
        orphan.checkpoint_id)
    if orphan.attempt is None:
        if status is not None or _unowned(
                provider, orphan.checkpoint_id) != (orphan.kind,
                                                    orphan.reason):
            return False
        provider.store.delete(orphan.checkpoint_id)
        return True
    if status != 'available' or orphan.attempt in _needed(
            provider, orphan.checkpoint_id, {orphan.attempt}):
        return False
    provider.store.drop(orphan.attempt)
    return True


def _of(provider: Provider, checkpoint_id: str, status: str | None,
        before: datetime.datetime) -> Iterator[Orphan]:
    """Orphans under one id.

    :param status: of its row; None if there is none
    """
    census = provider.store.census
    if status is None:
        found = _unowned(provider, checkpoint_id)
        if found is None:
            return
        size = census.size(layout.resource_folders(checkpoint_id),
                           [layout.manifest(checkpoint_id)], before)
        if size is not None and size.objects:
            kind, reason = found
            yield Orphan(provider.name, kind, checkpoint_id, size, reason)
    elif status == 'available':
        there = set(census.attempts(checkpoint_id))
        for attempt in sorted(there - _needed(provider, checkpoint_id,
                                              there)):
            size = census.size(attempt.folders, (), before)
            if size is not None and size.objects:
                yield Orphan(
                    provider.name, ATTEMPT, checkpoint_id, size,
                    _('Attempt %(number)d at resource %(resource)s was given '
                      'up; the checkpoint needs nothing of it.') % {
                          'number': attempt.number,
                          'resource': attempt.resource}, attempt)


def _unowned(provider: Provider, checkpoint_id: str,
             ) -> tuple[str, str] | None:
    """Kind and reason, if the bank does not say of whom it is either."""
    try:
        provider.store.read_manifest(checkpoint_id)
    except exception.CheckpointNotFound:
        return CHECKPOINT, _('The checkpoint is neither in the database, nor '
                             'does the bank have its manifest.')
    except exception.BankCorrupt as error:
        return DAMAGED, _('The checkpoint is not in the database, and its '
                          'manifest cannot be read. %s') % error
    except exception.FormatUnknown:
        # whoever wrote it knows what belongs to it
        return None
    return None


def _needed(provider: Provider, checkpoint_id: str,
            there: set[Attempt]) -> set[Attempt]:
    """Those of some attempts that a checkpoint needs; all, if in doubt."""
    try:
        manifest = provider.store.read_manifest(checkpoint_id)
    except (exception.CheckpointNotFound, exception.BankCorrupt,
            exception.FormatUnknown):
        return there
    if manifest.status != 'available':
        return there
    return there & _named(manifest)


def _named(manifest: Manifest) -> set[Attempt]:
    """What is named: attempts with a document, or with what it names."""
    return {Attempt(manifest.checkpoint_id,
                    layout.resource_key(entry.resource), number)
            for entry in manifest.resources
            for number in (entry.attempt, *entry.attempts)}
