# SPDX-License-Identifier: Apache-2.0
"""karbor-operationengine as a service of oslo.service.

It decides when things happen, with APScheduler as its clock; triggers add its
jobs.
"""

import datetime
import threading

from apscheduler.schedulers import background
from oslo_config import cfg
from oslo_service import service

from karbor import service as karbor_service

BINARY = 'karbor-operationengine'


class OperationEngineService(service.ServiceBase):
    """The clock of a process."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._conf = conf
        self._ended = threading.Event()
        # SIGTERM may come while this starts, from another thread
        self._lock = threading.Lock()
        self._stopped = False
        self._clock: background.BackgroundScheduler | None = None
        self._heartbeat = karbor_service.Heartbeat(conf, BINARY)

    def start(self) -> None:
        """Begin; in the process that is to do the work."""
        with self._lock:
            if not self._stopped:
                self._begin()

    def _begin(self) -> None:
        karbor_service.set_up(self._conf)
        self._clock = background.BackgroundScheduler(timezone=datetime.UTC)
        self._clock.start()
        self._heartbeat.start()

    def may_fire(self) -> bool:
        """Whether a trigger may fire here; each asks this first."""
        return self._heartbeat.may_begin()

    def stop(self, graceful: bool = True) -> None:
        """End when the jobs that run have ended."""
        with self._lock:
            self._stopped = True
            if self._clock is not None:
                self._clock.shutdown(wait=True)
                self._heartbeat.stop()
        self._ended.set()

    def wait(self) -> None:
        self._ended.wait()

    def reset(self) -> None:
        """Read options again."""
        self._conf.mutate_config_files()
