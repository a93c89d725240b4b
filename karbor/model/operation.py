# SPDX-License-Identifier: Apache-2.0
"""An operation: everything that the protection service is asked to do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
import datetime
from typing import Any

from karbor.i18n import _

TYPES = ('protect', 'restore', 'delete', 'verify', 'copy', 'undo')
# they fill their checkpoint, which is of no use unless it is complete
MAKING = ('protect', 'copy')


@dataclass(frozen=True, slots=True)
class Operation:
    """Queue entry, claim, progress and operation log in one row.

    :ivar type: one of `TYPES`
    :ivar status: a state of `states.OPERATION`
    :ivar reason: a sentence about the status, or None
    :ivar owner: the worker that has claimed it, or None
    :ivar attempt: number of the claim; it fences writers that lost theirs
    :ivar crashes: how many of its workers fell silent
    :ivar taken_over: this claim has taken it from one that did
    :ivar request: plain data of the request (parameters, restore target)
    :ivar fraction: part of the work that is done, 0.0 to 1.0
    :ivar bytes_done: bytes read (protect, verify) or written (restore, copy)
        so far
    :ivar bytes_total: expected bytes where plugins know, else 0
    :ivar checkpoint_id: the checkpoint that is made, used or removed
    :ivar source_checkpoint_id: of which a copy is made, or None
    :ivar lane: those of the same lane run one after another; None: beside all
    :ivar more_lanes: others in which it is as well
    :ivar source_operation_id: the restore that is undone, or None
    :ivar cancel_requested_at: when a user wanted it to end, or None
    :ivar cancel_requested_by: that user's id
    :ivar resources: in a list, only the first of them
    :ivar resource_count: how many there are in all
    """

    id: str
    type: str
    project_id: str
    user_id: str | None
    provider_id: str
    checkpoint_id: str
    status: str
    created_at: datetime.datetime
    plan_id: str | None = None
    source_checkpoint_id: str | None = None
    lane: str | None = None
    more_lanes: tuple[str, ...] = ()
    source_operation_id: str | None = None
    reason: str | None = None
    owner: str | None = None
    lease_until: datetime.datetime | None = None
    attempt: int = 0
    crashes: int = 0
    taken_over: bool = False
    request: Mapping[str, Any] = field(default_factory=dict)
    trust_id: str | None = None
    scheduled_operation_id: str | None = None
    scheduled_run_id: str | None = None
    request_id: str | None = None
    started_at: datetime.datetime | None = None
    ended_at: datetime.datetime | None = None
    cancel_requested_at: datetime.datetime | None = None
    cancel_requested_by: str | None = None
    fraction: float = 0.0
    bytes_done: int = 0
    bytes_total: int = 0
    resources: tuple['OperationResource', ...] | None = None
    resource_count: int = 0

    @property
    def lanes(self) -> tuple[str, ...]:
        """All lanes in which it is."""
        return () if self.lane is None else (self.lane, *self.more_lanes)

    @property
    def parameters(self) -> Mapping[str, Mapping[str, Any]]:
        """Of the plugins, by ``TYPE`` or ``TYPE#ID``."""
        found: Mapping[str, Mapping[str, Any]] = self.request.get(
            'parameters', {})
        return found

    @property
    def makes_checkpoint(self) -> bool:
        return self.type in MAKING


def cancelled_by(user: str | None) -> str:
    """The reason of what a user has cancelled."""
    return _('Cancelled by %s.') % (user or _('a user without a name'))


@dataclass(frozen=True, slots=True)
class OperationResource:
    """One resource in an operation: its part of the journal.

    :ivar position: its place in the graph, parents first
    :ivar hooks_done: names of the hooks that have ended
    :ivar memo: what the plugin asked to remember, by key
    :ivar new_id: id of what replaces the resource after a restore
    :ivar entry: what the bank holds of it (`bank.manifest.ResourceEntry`)
    """

    position: int
    type: str
    id: str
    name: str
    status: str = 'undefined'
    fraction: float = 0.0
    bytes_done: int = 0
    bytes_total: int = 0
    reason: str | None = None
    new_id: str | None = None
    hooks_done: tuple[str, ...] = ()
    memo: Mapping[str, Any] = field(default_factory=dict)
    entry: Mapping[str, Any] | None = None

    @property
    def key(self) -> tuple[str, str]:
        return self.type, self.id
