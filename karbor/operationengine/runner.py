# SPDX-License-Identifier: Apache-2.0
"""Begins runs that have been triggered, and says of those that cannot why.

Nothing is kept here that matters: a run that was taken by a process that is
killed is taken by another when its lease has run out.
"""

from collections.abc import Callable
import os
import uuid

from oslo_config import cfg
from oslo_log import log

from karbor import context as karbor_context
from karbor import exception
from karbor.actions import owners
from karbor.actions import telling
from karbor.db import runs
from karbor.db import scheduled_operations
from karbor.db.clock import Clock
from karbor.db.clock import DATABASE
from karbor.i18n import _
from karbor.model.run import Run
from karbor.model.scheduled_operation import ScheduledOperation
from karbor.operationengine import acts

LOG = log.getLogger(__name__)

# what the project, its people or its quota stand in the way of
_SKIPPED = (exception.RunSkipped, exception.QuotaExceeded,
            exception.Forbidden, exception.PlanNotFound)
# what may be otherwise in a moment, or with another engine
_AWAY = (exception.NoAnswer, exception.BusAway, exception.KeystoneAway,
         exception.TypeMissing)

CarryOut = Callable[
    [Run, ScheduledOperation, karbor_context.RequestContext], None]


class Runner:
    """Begins the runs of one process.

    :ivar owner: by which its claims are known; never used twice
    """

    def __init__(self, conf: cfg.ConfigOpts, clock: Clock = DATABASE,
                 carry_out: CarryOut = acts.carry_out) -> None:
        self._options = conf.operationengine
        self._clock = clock
        self._carry_out = carry_out
        self._context = karbor_context.system()
        self.owner = f'{conf.host}:{os.getpid()}:{uuid.uuid4().hex[:12]}'

    def begin_some(self, limit: int = 10) -> int:
        """Take some runs and begin them; how many there were.

        :raises Exception: whatever the database raises when it is away
        """
        taken = runs.claim(self._context, self.owner, self._options.lease,
                           self._clock, limit)
        operations = scheduled_operations.by_ids(
            self._context, {run.scheduled_operation_id for run in taken})
        for run in taken:
            operation = operations.get(run.scheduled_operation_id)
            # else it was deleted, and its runs with it
            if operation is not None:
                self._take(run, operation)
        return len(taken)

    def _take(self, run: Run, operation: ScheduledOperation) -> None:
        try:
            self._begin(run, operation)
        except exception.LeaseLost:
            # another engine has it, or its window has closed
            LOG.info('Run %s is no longer that of this engine (attempt %d).',
                     run.id, run.attempt)

    def _begin(self, run: Run, operation: ScheduledOperation) -> None:
        try:
            self._carry_out(run, operation, owners.context_of(operation))
        except exception.LeaseLost:
            raise
        except exception.RunOverlaps:
            after = runs.overlapped(self._context, run, operation.overlap,
                                    self._clock)
            if after.status != 'queued':
                tell(after)
        except _SKIPPED as error:
            self._end(run, 'skipped', str(error))
        except _AWAY as error:
            self._later(run, str(error))
        except exception.KarborError as error:
            self._end(run, 'failed', str(error))
        except Exception as error:
            # The database or the bus may be away, or this is a fault of
            # ours: it is tried again as long as its window is open, and the
            # row says why it did not begin.
            LOG.exception('Run %s cannot begin.', run.id)
            self._later(run, type(error).__name__)
        else:
            LOG.info('Run %s of scheduled operation %s has begun, expected '
                     'at %s.', run.id, operation.id, run.expected_at)

    def _end(self, run: Run, status: str, reason: str) -> None:
        tell(runs.end(self._context, run, status, reason, self._clock))

    def _later(self, run: Run, why: str) -> None:
        runs.give_back(
            self._context, run, _('It could not begin yet: %s') % why,
            self._options.retry_interval, self._clock)


def tell(run: Run, event: str | None = None) -> None:
    """Tell of a run that has ended, or of something else about it."""
    event = event or run.status
    level = LOG.info if event == 'success' else LOG.warning
    level('Run %s of scheduled operation %s, expected at %s: %s%s', run.id,
          run.scheduled_operation_id, run.expected_at, event,
          '' if run.reason is None else f': {run.reason}')
    telling.run(run, event)
