# SPDX-License-Identifier: Apache-2.0
"""karbor-operationengine as a service of oslo.service.

It decides when things happen, with APScheduler as its clock.
"""

import threading

from oslo_config import cfg
from oslo_service import service

from karbor import service as karbor_service
from karbor.operationengine import engine
from karbor.operationengine import listener

BINARY = 'karbor-operationengine'


class OperationEngineService(service.ServiceBase):
    """The clock of a process."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._conf = conf
        self._ended = threading.Event()
        # SIGTERM may come while this starts, from another thread
        self._lock = threading.Lock()
        self._stopped = False
        self._engine: engine.Engine | None = None
        self._listener: listener.Listener | None = None
        self._heartbeat = karbor_service.Heartbeat(conf, BINARY)

    def start(self) -> None:
        """Begin; in the process that is to do the work."""
        with self._lock:
            if not self._stopped:
                self._begin()

    def _begin(self) -> None:
        karbor_service.set_up(self._conf)
        self._engine = engine.Engine(self._conf, self._heartbeat.may_begin)
        self._engine.start()
        self._listener = listener.Listener(self._conf)
        self._listener.start()
        self._heartbeat.start()

    def stop(self, graceful: bool = True) -> None:
        """End when the jobs that run have ended."""
        with self._lock:
            self._stopped = True
            if self._listener is not None:
                self._listener.stop()
            if self._engine is not None:
                self._engine.stop()
                self._heartbeat.stop()
                karbor_service.farewell()
        self._ended.set()

    def wait(self) -> None:
        self._ended.wait()

    def reset(self) -> None:
        """Read options again."""
        self._conf.mutate_config_files()
