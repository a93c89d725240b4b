# SPDX-License-Identifier: Apache-2.0
"""What an engine does whenever its clock wakes it."""

from collections.abc import Callable
import threading

from oslo_config import cfg
from oslo_log import log

from karbor import context as karbor_context
from karbor.actions import firing as actions
from karbor.actions import owners
from karbor.db import firing
from karbor.db import operation_leases
from karbor.db import retention as db_retention
from karbor.db import run_outcomes
from karbor.db import run_trimming
from karbor.db import runs
from karbor.db import trusts
from karbor.db.clock import Clock
from karbor.db.clock import DATABASE
from karbor.operationengine import retention
from karbor.operationengine import runner
from karbor.operationengine.scheduler import Scheduler

LOG = log.getLogger(__name__)

# at a time
_TRUSTS = 100


class Engine:
    """Fires triggers, begins runs and ends them; any number on any host.

    Each of its jobs may be done by several engines at the same time, and
    stopped anywhere.
    """

    def __init__(self, conf: cfg.ConfigOpts,
                 may_begin: Callable[[], bool] = lambda: True,
                 clock: Clock = DATABASE,
                 begin: runner.CarryOut | None = None) -> None:
        """Prepare; nothing is done before the start.

        :param may_begin: whether this process may fire and begin; what has
            begun is ended in any case
        :param begin: in place of what a run does
        """
        self._options = conf.operationengine
        self._may_begin = may_begin
        self._clock = clock
        self._context = karbor_context.system()
        self.runner = (runner.Runner(conf, clock) if begin is None
                       else runner.Runner(conf, clock, begin))
        self._stopping = threading.Event()
        self._free = threading.Semaphore(self._options.threads)
        self._retention = retention.Sweeper(conf, clock, self._may_sweep)
        # one thread looks, one tidies up, and one sweeps
        self.scheduler = Scheduler(self._options.threads + 3)

    def start(self) -> None:
        self.scheduler.every(self._options.poll_interval, self.look,
                             'look for what is due')
        self.scheduler.every(self._options.housekeeping_interval, self.tidy,
                             'tidy up')
        self.scheduler.start()

    def stop(self) -> None:
        """End when the jobs that run have ended."""
        self._stopping.set()
        self.scheduler.shutdown(wait=True)

    def look(self) -> None:
        """Do what there is to do; without anything to do, one query."""
        found = runs.look(self._context, self._clock)
        failed: list[Exception] = []
        for is_wanted, step in (
                (found.due and self._may_begin(), self.fire),
                (found.due or found.queued, self._drop_late),
                ((found.due or found.queued) and self._may_begin(),
                 self._begin_side_by_side),
                # first, so that what is late and has ended since is told of
                (found.late, self._mark_late),
                (found.running, self.settle),
                # beside this, because there may be much to remove
                (found.sweeps and self._may_begin(), self._sweep_beside)):
            try:
                if is_wanted:
                    step()
            except Exception as error:
                # What cannot be done keeps nothing else from being done;
                # all fail if the database is away.
                failed.append(error)
        if failed:
            raise failed[0]

    def fire(self) -> None:
        """Fire all triggers that are due."""
        while not self._stopping.is_set() and firing.fire_due(
                self._context, actions.reckon, self._clock,
                tell=actions.tell):
            pass

    def begin(self) -> None:
        """Begin all runs that wait for it."""
        while (not self._stopping.is_set() and self._may_begin()
               and self.runner.begin_some()):
            pass

    def settle(self) -> None:
        """End all runs whose work has ended."""
        while not self._stopping.is_set() and (
                ended := run_outcomes.settle(self._context, self._clock)):
            for run in ended:
                runner.tell(run)

    def sweep(self) -> None:
        """Begin to remove the checkpoints that are not kept."""
        self._retention.sweep()

    def tidy(self) -> None:
        """Remove old runs, and trusts that nobody uses any more.

        First of all, whatever a clock has spoilt that was ahead.
        """
        self._rewind()
        while not self._stopping.is_set() and (count := run_trimming.trim(
                self._context, seconds=self._options.runs_max_age,
                number=self._options.runs_max_number, clock=self._clock)):
            LOG.info('%d old runs were removed from the ledger.', count)
        while not self._stopping.is_set() and (
                owners.sweep(self._context, _TRUSTS) == _TRUSTS):
            pass

    def _rewind(self) -> None:
        while not self._stopping.is_set() and (ahead := firing.rewind(
                self._context, actions.reckon, self._clock)):
            LOG.error('The clock of the database was ahead. Triggers %s fire '
                      'again from now on.', ', '.join(ahead))
        options = self._options
        while not self._stopping.is_set() and (held := runs.rewind(
                self._context, max(options.lease, options.retry_interval),
                self._clock)):
            LOG.error('The clock of the database was ahead. Runs %s can begin '
                      'from now on.', ', '.join(held))
        for what, count in (
                ('retentions', db_retention.rewind(
                    self._context, max(options.retention_interval,
                                       options.retry_interval),
                    self._clock)),
                ('trusts', trusts.rewind(self._context, self._clock)),
                ('operations of workers', operation_leases.rewind(
                    self._context, self._clock))):
            if count:
                LOG.error('The clock of the database was ahead. %d %s are '
                          'looked after again.', count, what)

    def _may_sweep(self) -> bool:
        return not self._stopping.is_set() and self._may_begin()

    def _mark_late(self) -> None:
        for run in run_outcomes.mark_late(self._context, self._clock):
            runner.tell(run, 'late')

    def _sweep_beside(self) -> None:
        self.scheduler.once(self._sweep_guarded)

    def _sweep_guarded(self) -> None:
        try:
            self.sweep()
        except Exception:
            # The database is away; whatever is due then, is due again.
            LOG.exception('The engine could not sweep checkpoints.')

    def _drop_late(self) -> None:
        while not self._stopping.is_set() and (
                dropped := run_outcomes.drop_late(self._context, self._clock)):
            for run in dropped:
                runner.tell(run)

    def _begin_side_by_side(self) -> None:
        # beside this, because who acts may have to be asked of Keystone
        for _number in range(self._options.threads):
            if not self._free.acquire(blocking=False):
                return
            self.scheduler.once(self._begin_guarded)

    def _begin_guarded(self) -> None:
        try:
            self.begin()
        except Exception:
            # The database is away. What was taken is given to another when
            # its lease has run out.
            LOG.exception('The engine could not begin runs.')
        finally:
            self._free.release()
