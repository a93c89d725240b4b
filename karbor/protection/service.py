# SPDX-License-Identifier: Apache-2.0
"""karbor-protection as a service of oslo.service."""

import threading

from oslo_config import cfg
from oslo_log import log
from oslo_service import service

from karbor import service as karbor_service
from karbor.protection import manager
from karbor.protection import protectables
from karbor.protection import providers
from karbor.protection import work
from karbor.protection import worker
from karbor.protection.flows import engine
from karbor.rpc import transport

LOG = log.getLogger(__name__)
BINARY = 'karbor-protection'


class ProtectionService(service.ServiceBase):
    """Worker, server of questions, and heartbeat."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._conf = conf
        self._ended = threading.Event()
        # SIGTERM may come while this starts, from another thread
        self._lock = threading.Lock()
        self._stopped = False
        self._worker: worker.Worker | None = None

    def start(self) -> None:
        """Begin; in the process that is to do the work."""
        with self._lock:
            if self._stopped:
                return
            self._begin()
        # waits for a bus that is away; work is found without it
        self._server.start()
        self._heartbeat.start()

    def _begin(self) -> None:
        karbor_service.set_up(self._conf)
        self._executor = engine.Threads(self._conf.protection.threads)
        self._own = {
            type_: engine.Threads(threads)
            for type_, threads in self._conf.protection.type_threads.items()}
        self._shop = self._load()
        # wake, when it may begin again what waits meanwhile
        self._heartbeat = karbor_service.Heartbeat(
            self._conf, BINARY, lambda: made.wake(),
            lambda: self._shop.limits.to_dict())
        made = worker.Worker(self._shop, self._heartbeat.may_begin)
        self._server = transport.server(
            transport.PROTECTION_TOPIC, self._conf.host,
            [manager.Manager(self._conf, lambda: self._shop,
                             made.wake, made.cancel)],
            self._conf.rpc.server_threads)
        made.start()
        self._worker = made

    def _load(self) -> work.Workshop:
        return work.Workshop(
            self._conf, providers.load(self._conf),
            protectables.Protectables.load(self._conf), self._executor,
            self._own)

    def stop(self, graceful: bool = True) -> None:
        """Take no more work, and give up in good order what runs."""
        with self._lock:
            self._stopped = True
        if self._worker is not None:
            # First what others wait for: a bus that is away may hold up the
            # rest until this process is ended the hard way.
            self._worker.stop(self._conf.graceful_shutdown_timeout or None)
            self._heartbeat.stop()
            karbor_service.farewell()
            self._server.stop()
            self._server.wait()
        self._ended.set()

    def wait(self) -> None:
        self._ended.wait()

    def reset(self) -> None:
        """Read options and providers again; what runs goes on with its own.
        """
        LOG.info('Options and providers are read again.')
        self._conf.mutate_config_files()
        with self._lock:
            if self._worker is None or self._stopped:
                return
            self._shop = self._load()
            self._worker.use(self._shop)
