# SPDX-License-Identifier: Apache-2.0
"""Sweeps checkpoints that scheduled operations do not keep."""

from collections.abc import Callable
import threading

from oslo_config import cfg
from oslo_log import log

from karbor import context as karbor_context
from karbor import exception
from karbor.actions import retention as actions
from karbor.actions import telling
from karbor.db import retention as db
from karbor.db.clock import Clock
from karbor.db.clock import DATABASE

LOG = log.getLogger(__name__)


class Sweeper:
    """Sweeps for one process; any number may, on any host."""

    def __init__(self, conf: cfg.ConfigOpts, clock: Clock = DATABASE,
                 may_go_on: Callable[[], bool] = lambda: True) -> None:
        """Prepare.

        :param may_go_on: asked before each operation
        """
        self._options = conf.operationengine
        self._clock = clock
        self._may_go_on = may_go_on
        self._context = karbor_context.system()
        self._busy = threading.Lock()

    def sweep(self) -> int:
        """Sweep all operations that are due; how many there were.

        Returns at once if another thread is at it.

        :raises Exception: whatever the database raises when it is away
        """
        if not self._busy.acquire(blocking=False):
            return 0
        try:
            count = 0
            while self._may_go_on() and self._sweep_one():
                count += 1
            return count
        finally:
            self._busy.release()

    def _sweep_one(self) -> bool:
        claimed = db.claim(self._context, self._options.retention_interval,
                           self._clock)
        if claimed is None:
            return False
        try:
            swept = actions.sweep(claimed, self._clock)
        except exception.KarborError as error:
            # Keystone is away, or something else that may be back soon.
            LOG.warning('The sweep of scheduled operation %s is tried again '
                        'in %d s: %s', claimed.operation_id,
                        self._options.retry_interval, error)
            db.end(self._context, claimed, str(error),
                   at=self._clock.sql(self._options.retry_interval))
        except Exception:
            # A fault of ours with one operation must not keep the others
            # from theirs; it has its turn again after the interval. If the
            # database is away, the next claim says so.
            LOG.exception('The sweep of scheduled operation %s has failed.',
                          claimed.operation_id)
        else:
            if swept is not None:
                self._tell(swept)
        return True

    def _tell(self, swept: actions.Sweep) -> None:
        if swept.reason is None or not swept.news:
            return
        LOG.warning('Checkpoints of plan %s are not removed by scheduled '
                    'operation %s: %s', swept.plan_id, swept.operation_id,
                    swept.reason)
        telling.retention_skipped(swept)
