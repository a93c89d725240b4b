# SPDX-License-Identifier: Apache-2.0
"""Claims operations and works on them; any number on any host.

Nothing is kept here that matters: a worker that is killed leaves a lease that
runs out, and another one goes on from the journal.
"""

from collections.abc import Callable
from concurrent import futures
import os
import threading
import time
import uuid

from oslo_log import log

from karbor import context as karbor_context
from karbor import exception
from karbor.actions import telling
from karbor.db import operations
from karbor.model.operation import Operation
from karbor.protection import run as runs
from karbor.protection import work

LOG = log.getLogger(__name__)

# Seconds: a lease has run out for sure, and an operation that others have
# locked just when it had may be free.
_LATER = 0.05
_AGAIN = 1.0


class Worker:
    """The threads of one process.

    :ivar owner: by which its claims are known; never used twice
    """

    def __init__(self, shop: work.Workshop,
                 may_begin: Callable[[], bool] = lambda: True) -> None:
        """Prepare the threads.

        :param may_begin: asked before each claim, so it has to be quick
        """
        self._shop = shop
        self._may_begin = may_begin
        self._options = shop.conf.protection
        self.owner = (f'{shop.conf.host}:{os.getpid()}:'
                      f'{uuid.uuid4().hex[:12]}')
        self._wake = threading.Event()
        # all threads of operations were at work at the last look, so there may
        # be more than they had room for
        self._busy = False
        self._stopping = threading.Event()
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        # by operation and attempt, oldest first: what this worker has lost
        # and still holds up may have been claimed again by itself
        self._running: dict[tuple[str, int], runs.Run | None] = {}
        self._pool = futures.ThreadPoolExecutor(
            self._options.operations, thread_name_prefix='operation')
        self._threads = [
            threading.Thread(target=self._dispatch, name='dispatch',
                             daemon=True),
            threading.Thread(target=self._beat, name='heartbeat',
                             daemon=True),
            threading.Thread(target=self._report, name='progress',
                             daemon=True)]

    def start(self) -> None:
        """Begin to look for work."""
        for thread in self._threads:
            thread.start()

    def use(self, shop: work.Workshop) -> None:
        """Take other providers for what is claimed from now on."""
        self._shop = shop

    def wake(self) -> None:
        """There may be work."""
        self._wake.set()

    def cancel(self, operation_id: str) -> None:
        """A user may want an operation to end: the database is asked."""
        self._prolong([run for run in self._held()
                       if run.operation.id == operation_id])

    def stop(self, timeout: float | None = None) -> None:
        """Give up what runs, in good order: others go on with it at once.

        :param timeout: seconds to wait for hooks to notice
        """
        self._stopping.set()
        self._wake.set()
        for run in self._held():
            run.halt(runs.GIVEN_UP)
        end = None if timeout is None else time.monotonic() + timeout
        self._threads[0].join(timeout)
        with self._changed:
            self._changed.wait_for(
                lambda: not self._running,
                None if end is None else max(end - time.monotonic(), 0))
            waiting = list(self._running)
        if waiting:
            LOG.warning('Operations %s did not stop in time; they are '
                        'resumed when their leases run out.',
                        ', '.join(id_ for id_, _attempt in waiting))
        self._ended.set()
        self._pool.shutdown(wait=not waiting, cancel_futures=True)

    def _held(self) -> list[runs.Run]:
        with self._lock:
            return [run for run in self._running.values() if run is not None]

    # -- threads --------------------------------------------------------------

    def _dispatch(self) -> None:
        context = karbor_context.system()
        while not self._stopping.is_set():
            self._wake.clear()
            pause = self._options.poll_interval
            try:
                if self._claim_all(context):
                    pause = min(pause, self._until_silence(context))
            except Exception:
                # the database is away; it is asked again after the pause
                LOG.exception('No work can be claimed.')
            self._wake.wait(pause)

    def _until_silence(self, context: karbor_context.RequestContext) -> float:
        """Seconds until there may be something that another has left."""
        seconds = operations.next_silence(context, self.owner)
        if seconds == 0:
            # it could not be had just now
            return _AGAIN
        # who begins after this look holds it for at least as long
        lease: float = self._options.lease
        return lease if seconds is None else min(seconds + _LATER, lease)

    def _claim_all(self, context: karbor_context.RequestContext) -> bool:
        """Take work for all that are free; False: there may be more."""
        while not self._stopping.is_set() and self._may_begin():
            with self._lock:
                if len(self._running) >= self._options.operations:
                    self._busy = True
                    return False
            likely, self._busy = self._busy, False
            asked_at = time.monotonic()
            operation = operations.claim(context, self.owner,
                                         self._options.lease,
                                         self._shop.limits, likely)
            if operation is None:
                return True
            LOG.info('Operation %s (%s of checkpoint %s) is claimed, attempt '
                     '%d.', operation.id, operation.type,
                     operation.checkpoint_id, operation.attempt)
            telling.started(operation)
            with self._lock:
                self._running[operation.id, operation.attempt] = None
            self._pool.submit(self._carry_out, operation, asked_at)
        return False

    def _carry_out(self, operation: Operation, asked_at: float) -> None:
        context = karbor_context.system()
        claim = operation.id, operation.attempt

        def started(run: runs.Run) -> None:
            # the lease began with the claim, which may be long ago if this
            # process was frozen since
            run.prolonged(asked_at)
            with self._lock:
                self._running[claim] = run
            if self._stopping.is_set():
                run.halt(runs.GIVEN_UP)

        try:
            why = work.carry_out(self._shop, context, operation, started)
            if why == runs.GIVEN_UP:
                # after the last hook has returned, so nothing writes any more
                operations.release(context, operation)
            if why == runs.LOST:
                telling.lease_lost(operation)
            LOG.info('Operation %s %s.', operation.id,
                     'has ended' if why is None else f'was left: {why}')
        except exception.LeaseLost:
            telling.lease_lost(operation)
            LOG.warning('Operation %s belongs to another worker now.',
                        operation.id)
        except BaseException:
            # Not known, so not written: the lease runs out, and the
            # operation is resumed or, after some times, ended with an error.
            LOG.exception('Operation %s was left without an outcome.',
                          operation.id)
        finally:
            with self._changed:
                del self._running[claim]
                self._changed.notify_all()
            self._wake.set()

    def _beat(self) -> None:
        # until the end, because what still runs is still held
        while not self._ended.wait(self._options.lease / 3):
            self._prolong(self._held())

    def _prolong(self, candidates: list[runs.Run]) -> None:
        # of two attempts at one operation, the later one
        held = {run.operation.id: run for run in candidates
                # what is lost or broken waits for its lease to run out:
                # a hook that never returns must not keep it for ever
                if run.halted in (None, runs.GIVEN_UP, runs.CANCELLED)}
        if not held:
            return
        asked_at = time.monotonic()
        try:
            mine = operations.heartbeat(karbor_context.system(), self.owner,
                                        list(held), self._options.lease)
        except Exception:
            # each run stops by itself when its lease has run out
            LOG.exception('The heartbeat could not be written.')
            return
        for operation_id, run in held.items():
            if operation_id not in mine:
                run.halt(runs.LOST)
                continue
            run.prolonged(asked_at)
            user = mine[operation_id]
            if user is not None:
                run.cancel(user)

    def _report(self) -> None:
        while not self._stopping.wait(self._options.progress_interval):
            for run in self._held():
                try:
                    run.flush()
                except Exception:
                    # progress is for the eye; the next look shows it
                    LOG.warning('Progress of operation %s was not written.',
                                run.operation.id, exc_info=True)
