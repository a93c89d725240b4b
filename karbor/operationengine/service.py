# SPDX-License-Identifier: Apache-2.0
"""karbor-operationengine as a service of oslo.service.

It decides when things happen, with APScheduler as its clock. The heartbeat is
its first job; triggers add theirs.
"""

import datetime
import threading

from apscheduler.schedulers import background
from oslo_config import cfg
from oslo_log import log
from oslo_service import service

from karbor import context as karbor_context
from karbor import service as karbor_service
from karbor.db import services

LOG = log.getLogger(__name__)
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

    def start(self) -> None:
        """Begin; in the process that is to do the work."""
        with self._lock:
            if not self._stopped:
                self._begin()

    def _begin(self) -> None:
        karbor_service.set_up(self._conf)
        self._clock = background.BackgroundScheduler(timezone=datetime.UTC)
        self._clock.add_job(
            self._beat, 'interval', id='heartbeat', max_instances=1,
            seconds=self._conf.service_heartbeat_interval,
            next_run_time=datetime.datetime.now(datetime.UTC),
            misfire_grace_time=None, coalesce=True)
        self._clock.start()

    def _beat(self) -> None:
        try:
            services.heartbeat(karbor_context.system(), self._conf.host,
                               BINARY)
        except Exception:
            # a daemon whose database is away shows as down, which it is
            LOG.exception('The heartbeat could not be written.')

    def stop(self, graceful: bool = True) -> None:
        """End when the jobs that run have ended."""
        with self._lock:
            self._stopped = True
            if self._clock is not None:
                self._clock.shutdown(wait=True)
        self._ended.set()

    def wait(self) -> None:
        self._ended.wait()

    def reset(self) -> None:
        """Read options again."""
        self._conf.mutate_config_files()
