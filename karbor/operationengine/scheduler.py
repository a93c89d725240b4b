# SPDX-License-Identifier: Apache-2.0
"""APScheduler as the clock and the pool of a process, and no more than that.

It wakes the engine every so often. What is due is asked of the database each
time, whose clock decides, so nothing here has to be right.
"""

from collections.abc import Callable
import datetime
import time
from typing import Any

from apscheduler.executors import pool
from apscheduler.jobstores import base
from apscheduler.schedulers import background
from oslo_log import log

LOG = log.getLogger(__name__)

# A jump of the host's clock is noticed within so many seconds.
_LONGEST_WAIT = 5.0
_JUMP = 1.0


class Scheduler(background.BackgroundScheduler):
    """Wakes up in time even if somebody sets the clock of the host.

    APScheduler reckons by the clock on the wall: if that is set back, it
    would sleep until the old time comes again.
    """

    def __init__(self, threads: int) -> None:
        self._workers = pool.ThreadPoolExecutor(threads)
        super().__init__(
            timezone=datetime.UTC,
            executors={'default': self._workers},
            job_defaults={'coalesce': True, 'max_instances': 1,
                          # whatever is late is done then
                          'misfire_grace_time': None})
        self._offset = time.time() - time.monotonic()

    def every(self, seconds: float, job: Callable[[], Any],
              name: str) -> None:
        """Call something now, and every so often from now on.

        It is not called again before it has returned.
        """
        self.add_job(_guarded(job, name), 'interval', seconds=seconds,
                     id=name, next_run_time=self._now())

    def once(self, job: Callable[[], None]) -> None:
        """Call something in the pool, as soon as a thread is free."""
        self.add_job(job)

    def shutdown(self, wait: bool = True) -> None:
        """Wake nobody any more.

        :param wait: until the jobs that run have ended
        """
        # APScheduler would wait with its locks held, and a job that calls
        # `once` meanwhile would wait for those: for ever, both of them.
        super().shutdown(wait=False)
        if wait:
            self._workers.shutdown(wait=True)

    def _process_jobs(self) -> float:
        offset = time.time() - time.monotonic()
        if abs(offset - self._offset) > _JUMP:
            LOG.warning('The clock of this host has jumped by %.0f s.',
                        offset - self._offset)
            self._offset = offset
            for job in self.get_jobs():
                job.modify(next_run_time=self._now())
        try:
            wait: float | None = super()._process_jobs()
        except base.JobLookupError:
            # It was shut down in the middle of this.
            if self.running:
                raise
            return _LONGEST_WAIT
        return _LONGEST_WAIT if wait is None else min(wait, _LONGEST_WAIT)

    def _now(self) -> datetime.datetime:
        return datetime.datetime.now(datetime.UTC)


def _guarded(job: Callable[[], Any], name: str) -> Callable[[], None]:
    def call() -> None:
        try:
            job()
        except Exception:
            # the database or the bus is away; it is tried again in a moment
            LOG.exception('The engine could not %s.', name)
    return call
