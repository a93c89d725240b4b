# SPDX-License-Identifier: Apache-2.0
"""Bringing the checkpoints of a bank back into the database.

The index in the database can be lost; the bank cannot. What a manifest says
is taken over, and what another database would still be working on is not
known to be finished by anybody here, so it is an error that can be deleted.
"""

from dataclasses import dataclass, field

from karbor import exception
from karbor.bank.manifest import Manifest
from karbor.context import RequestContext
from karbor.db import checkpoints
from karbor.i18n import _
from karbor.model.checkpoint import Checkpoint
from karbor.protection.providers import Provider

_PAGE = 1000


@dataclass
class Result:
    """What an import did.

    :ivar unreadable: (checkpoint id, reason) pairs
    """

    added: int = 0
    known: int = 0
    unreadable: list[tuple[str, str]] = field(default_factory=list)


def run(context: RequestContext, provider: Provider) -> Result:
    """Add every checkpoint of the provider's bank that is not known."""
    result = Result()
    after = ''
    while ids := provider.store.manifests(after=after, limit=_PAGE):
        for checkpoint_id in ids:
            try:
                manifest = provider.store.read_manifest(checkpoint_id)
            except exception.KarborError as error:
                # one damaged manifest must not hide the others
                result.unreadable.append((checkpoint_id, str(error)))
                continue
            if not checkpoints.import_(context,
                                       _checkpoint(provider, manifest)):
                result.known += 1
            elif _still_there(provider, checkpoint_id):
                result.added += 1
            else:
                checkpoints.forget(context, checkpoint_id)
        after = ids[-1]
    return result


def _still_there(provider: Provider, checkpoint_id: str) -> bool:
    """Whether it was not deleted while it was read.

    A deletion ends with the manifest and then the row, so a row that is made
    between a manifest that was there and one that is there is no ghost.
    """
    try:
        provider.store.read_manifest(checkpoint_id)
    except exception.CheckpointNotFound:
        return False
    except exception.BankError:
        # it was readable a moment ago; whatever it is, it is not deleted
        return True
    return True


def _checkpoint(provider: Provider, manifest: Manifest) -> Checkpoint:
    available = manifest.status == 'available'
    if available or manifest.status == 'error':
        reason = manifest.reason
    else:
        reason = _('It was %s when the database was lost.') % manifest.status
    return Checkpoint(
        id=manifest.checkpoint_id, project_id=manifest.project_id,
        # the bank may be used by a provider of another id now
        provider_id=provider.id,
        plan_id=str(manifest.plan.get('id', '')), plan=manifest.plan,
        status='available' if available else 'error', status_reason=reason,
        origin=manifest.origin, resource_graph=manifest.resource_graph,
        extra_info=manifest.extra_info, size=manifest.size,
        missing=manifest.missing,
        sealed=available, created_at=manifest.created_at)
