# SPDX-License-Identifier: Apache-2.0
"""One operation while this process works on it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
import threading
import time
from typing import Any

from oslo_log import log

from karbor import exception
from karbor.actions import telling
from karbor.bank.manifest import Manifest
from karbor.bank.manifest import ResourceEntry
from karbor.bank.store import Store
from karbor.context import RequestContext
from karbor.db import operations
from karbor.db import records as stored
from karbor.i18n import _
from karbor.metrics import instruments
from karbor.model.graph import Graph
from karbor.model.operation import Operation
from karbor.model.operation import OperationResource
from karbor.model.plan import parameters_for
from karbor.model.record import Record
from karbor.model.resource import Resource
from karbor.plugin.base import Context
from karbor.plugin.errors import Cancelled
from karbor.protection.journal import Journal
from karbor.protection.progress import Progress
from karbor.protection.providers import Provider

LOG = log.getLogger(__name__)

# Why a run stops. What a user has cancelled ends so; after the others, another
# run goes on with the operation.
CANCELLED = 'cancelled'
LOST = 'lost'               # another worker has claimed it, or may have
GIVEN_UP = 'given up'       # this process is to end
BROKEN = 'broken'           # the database does not take the journal

# of a resource that was in order itself
NOT_DONE = _('Not done, because another resource failed.')


_LONGEST_REASON = 4000


def sentence(reason: str) -> str:
    """A reason as text that every database and every bank takes.

    A file's name may be no UTF-8, and a program may print a NUL; what cannot
    be written would leave the operation without an outcome.
    """
    return (reason.encode('utf-8', 'backslashreplace').decode('utf-8')
            .replace('\0', '\\x00')[:_LONGEST_REASON])


@dataclass
class State:
    """What is known of one resource; changed only by its own hooks."""

    resource: Resource
    hooks_done: list[str] = field(default_factory=list)
    memo: dict[str, Any] = field(default_factory=dict)
    entry: ResourceEntry | None = None
    reason: str | None = None
    new_id: str | None = None


class Source:
    """The checkpoint that a copy is made of.

    :ivar entries: what it holds, by (type, id)
    """

    def __init__(self, store: Store, manifest: Manifest) -> None:
        self.store = store
        self.checkpoint_id = manifest.checkpoint_id
        self.entries = {(entry.type, entry.id): entry
                        for entry in manifest.resources}


class Run:
    """A claim that is being worked on.

    :ivar graph: set when the resources are known
    :ivar states: by position in the graph
    :ivar failed: a resource is in error
    :ivar source: in a copy, set before its hooks run
    :ivar missing: resources of which there is nothing to work on
    :ivar cancelled_by: the user who wants it to end, if one does
    :ivar needed_by: in an undo, positions of the parents of each resource
    """

    def __init__(self, context: RequestContext, operation: Operation,
                 provider: Provider, plugin_context: Context, *,
                 lease: float,
                 clock: Callable[[], float] = time.monotonic) -> None:
        self.context = context
        self.operation = operation
        self.provider = provider
        self.plugin_context = plugin_context
        self.graph: Graph | None = None
        self.states: list[State] = []
        self.progress = Progress(())
        self.failed = threading.Event()
        self.origin = 'manual'
        self.source: Source | None = None
        self.missing: tuple[Resource, ...] = ()
        self.cancelled_by: str | None = None
        self.needed_by: Mapping[tuple[str, str], Sequence[int]] = {}
        self._journal = Journal(self._commit)
        self._flushing = threading.Lock()
        # what is done already was told by those who had it before
        self._quarter = telling.quarter(operation.fraction)
        self._lease = lease
        self._clock = clock
        self._held_until = clock() + lease
        self._stop = threading.Event()
        self._leaving = threading.Event()
        self._why: str | None = None
        self._lock = threading.Lock()

    # -- stopping -------------------------------------------------------------

    @property
    def halted(self) -> str | None:
        """Why the run is to stop now; None if it is not."""
        if (self._why in (None, CANCELLED)
                and self._clock() > self._held_until):
            # silent for so long that another worker may have it already
            self.halt(LOST)
        return self._why

    def halt(self, why: str) -> None:
        """Stop soon; the first reason stands.

        But what is cancelled still holds its claim, and may lose it.
        """
        with self._lock:
            if self._why is None or (self._why == CANCELLED
                                     and why in (LOST, BROKEN)):
                self._why = why
                LOG.info('Operation %s stops: %s.', self.operation.id, why)
        if why == GIVEN_UP:
            self._leaving.set()
        self._stop.set()

    def cancel(self, user: str) -> None:
        """A user wants it to end; may be told again and again."""
        self.cancelled_by = user
        self.halt(CANCELLED)

    def prolonged(self, asked_at: float) -> None:
        """A heartbeat was taken.

        :param asked_at: the clock before it was sent
        """
        self._held_until = asked_at + self._lease

    def check(self) -> None:
        """Raise `Cancelled` if the run is to stop."""
        if self.halted is not None:
            raise Cancelled()

    def check_held(self) -> None:
        """Raise `Cancelled` if what was done must not be written any more.

        What was begun when a user cancelled is ended, and told of.
        """
        if self.halted not in (None, CANCELLED):
            raise Cancelled()

    def prove(self) -> None:
        """Make sure of the claim before something is made outside.

        The clock of this process may have stood still while others worked: a
        virtual machine that was paused does not know how long.

        :raises Cancelled: the claim is lost, or cannot be proved
        """
        self._journaled(lambda: self._commit(()))

    def sleep(self, seconds: float) -> None:
        """Pause, but not past the moment at which the run is to stop."""
        end = self._clock() + seconds
        while (left := min(end, self._held_until) - self._clock()) > 0:
            if self._stop.wait(left):
                break
        self.check()

    def linger(self, seconds: float) -> None:
        """Pause in what follows the end of a run, until the process ends.

        :raises Cancelled: it does
        """
        if self._leaving.wait(seconds):
            raise Cancelled()

    # -- resources ------------------------------------------------------------

    def load(self, graph: Graph,
             rows: Sequence[OperationResource]) -> None:
        """Take over what the journal knows."""
        self.graph = graph
        by_key = {row.key: row for row in rows}
        ordered = [by_key[resource.key] for resource in graph.resources]
        self.states = [State(
            resource=resource, hooks_done=list(row.hooks_done),
            memo=dict(row.memo), reason=row.reason, new_id=row.new_id,
            entry=(None if row.entry is None
                   else ResourceEntry.from_dict(row.entry)))
            for resource, row in zip(graph.resources, ordered, strict=True)]
        self.progress = Progress(ordered)
        if any(row.status == 'error' for row in ordered):
            self.failed.set()

    def parameters(self, resource: Resource) -> Mapping[str, Any]:
        """What the request says of a resource."""
        return parameters_for(self.operation.parameters, resource)

    @property
    def source_id(self) -> str:
        """Id of the checkpoint that is read."""
        return self.operation.source_checkpoint_id or (
            self.operation.checkpoint_id)

    def counter(self, position: int) -> Callable[[int], None]:
        """What is to be told of the bytes of a resource as they pass."""
        counted = instruments.BYTES.labels(
            'write' if self.operation.makes_checkpoint else 'read',
            self.operation.type)

        def on_bytes(count: int) -> None:
            counted.inc(count)
            self.progress.add_bytes(position, count)
        return on_bytes

    def first_reason(self) -> str | None:
        """The sentence of the first resource that failed, with its name."""
        in_error = [state for position, state in enumerate(self.states)
                    if self.progress.status(position) == 'error']
        # those that were only not done come last: they are no cause
        in_error.sort(key=lambda state: state.reason == NOT_DONE)
        for state in in_error:
            return f'{state.resource}: {state.reason}'
        return None

    # -- the journal ----------------------------------------------------------

    def write(self, *entries: Mapping[str, Any]) -> None:
        """Write entries of the journal durably.

        :raises Cancelled: they were not written, and the run is to stop
        """
        with self._flushing:
            # A flush that began earlier may still say that a resource is
            # running; these entries have to come after it.
            pass
        self._journaled(lambda: self._journal.write(*entries))

    def announce(self, position: int, records: Sequence[Record]) -> None:
        """Write what a restore is about to do to a resource, durably.

        :raises Cancelled: it is not written, and the run is to stop
        """
        self._journaled(lambda: stored.add(self.context, self.operation,
                                         position, records))

    def _journaled(self, write: Callable[[], None]) -> None:
        self.guarded(write, 'The journal of operation %s cannot be written.',
                     self.operation.id)

    def guarded(self, write: Callable[[], None], lament: str,
                *names: str) -> None:
        """Write something into the database, or stop.

        :param lament: what is logged if it cannot be written, with its names
        :raises Cancelled: it was not written, and the run is to stop
        """
        try:
            write()
        except exception.LeaseLost:
            self.halt(LOST)
            raise Cancelled() from None
        except Exception as error:
            # Whether it was written is not known, so nothing may be built on
            # it. The lease runs out and the operation is resumed from what
            # the database does hold.
            LOG.exception(lament, *names)
            self.halt(BROKEN)
            raise Cancelled() from error

    def _commit(self, entries: Sequence[Mapping[str, Any]]) -> None:
        operations.journal(self.context, self.operation, entries)

    def flush(self) -> None:
        """Write progress that has changed; between hooks' entries."""
        with self._flushing:
            rows = self.progress.take_changed()
            if rows and self.halted is None:
                totals = self.progress.totals()
                try:
                    operations.journal(self.context, self.operation, rows,
                                       totals)
                except exception.LeaseLost:
                    self.halt(LOST)
                    return
                if telling.quarter(totals['fraction']) > self._quarter:
                    self._quarter = telling.quarter(totals['fraction'])
                    telling.progressed(self.operation, totals)

    def tell_end(self, ended: Operation) -> None:
        """Tell of the end, which was committed."""
        # after the progress that was committed before it
        with self._flushing:
            telling.ended(ended, [
                (state.resource.type, state.resource.id, state.reason)
                for position, state in enumerate(self.states)
                if self.progress.status(position) == 'error'])

    def settle(self, reason: str | None = None) -> None:
        """Note the end of resources of which no hook told it.

        :param reason: why they are in error; None if they are not
        """
        rows = []
        for position, state in enumerate(self.states):
            if self.progress.status(position) in ('undefined', 'running'):
                state.reason = reason or state.reason
                rows.append({
                    'position': position, 'reason': state.reason,
                    'new_id': state.new_id,
                    **self.progress.end(position, (
                        'success' if reason is None else 'error'))})
        if rows:
            self.write(*rows)
