# SPDX-License-Identifier: Apache-2.0
"""What the daemons have in common: life in a process of oslo.service."""

from collections.abc import Callable, Sequence
import os
import threading
from typing import Any

from oslo_config import cfg
from oslo_log import log
from oslo_service import backend
from oslo_service import service

from karbor import context as karbor_context
from karbor import policy
from karbor.db import services
from karbor.db import session
from karbor.rpc import protection as rpc_protection
from karbor.rpc import transport

LOG = log.getLogger(__name__)


_ready_in: int | None = None


def set_up(conf: cfg.ConfigOpts) -> None:
    """Connect this process to what all daemons need; once after a fork."""
    global _ready_in
    if _ready_in == os.getpid():
        return
    _ready_in = os.getpid()
    session.init(conf)
    policy.init(conf)
    transport.init(conf)
    rpc_protection.reset()


class Heartbeat:
    """Tells others that a daemon lives, and it whether to begin new work.

    An operator can disable a daemon. That is found out with a heartbeat, so
    that it costs nothing to ask here, however often.
    """

    def __init__(self, conf: cfg.ConfigOpts, binary: str,
                 enabled: Callable[[], None] = lambda: None) -> None:
        """Prepare; nothing is written before the start.

        :param enabled: called when a daemon that was disabled is no more
        """
        self._conf = conf
        self._binary = binary
        self._enabled = enabled
        self._lock = threading.Lock()
        self._status: str | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True,
                                        name='service-heartbeat')

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def may_begin(self) -> bool:
        """Whether new work may be begun; what runs goes on in any case.

        Before the first heartbeat the database is asked: a restart does not
        enable what was disabled.
        """
        with self._lock:
            if self._status is None:
                self._status = services.status(
                    karbor_context.system(), self._conf.host, self._binary)
                if self._status != 'enabled':
                    self._tell()
            return self._status == 'enabled'

    def _learn(self, status: str) -> None:
        with self._lock:
            old, self._status = self._status, status
            if old == status or (old is None and status == 'enabled'):
                return
            self._tell()
        if status == 'enabled':
            self._enabled()

    def _tell(self) -> None:
        if self._status == 'enabled':
            LOG.info('%s of this host is enabled.', self._binary)
        else:
            LOG.warning('%s of this host is disabled by an operator and '
                        'begins no new work.', self._binary)

    def _beat(self) -> None:
        context = karbor_context.system()
        while True:
            try:
                self._learn(services.heartbeat(context, self._conf.host,
                                               self._binary))
            except Exception:
                # a daemon whose database is away shows as down, which it is
                LOG.exception('The heartbeat of %s could not be written.',
                              self._binary)
            if self._ended.wait(self._conf.service_heartbeat_interval):
                return


class Launcher(service.ServiceLauncher):
    """Runs a service in worker processes that outlive a SIGHUP.

    Unless told otherwise, workers end on SIGHUP and are forked anew, which
    would cut the work of hours to read a log level.
    """

    def launch_service(self, service_instance: Any,
                       workers: int = 1) -> None:
        super().launch_service(service_instance, workers)
        # oslo.service passes no hook on to its manager
        self._manager.register_hooks(on_new_worker=_reload_in_place)


def _reload_in_place(service_id: Any, worker_id: int, wrapper: Any) -> None:
    wrapper.reload = wrapper.service_instance.reset


def launch(conf: cfg.ConfigOpts, instance: Any, workers: int = 1) -> int:
    """Run a service until it is told to end; returns the exit status.

    :raises exceptions.BackendAlreadySelected: of oslo.service, if something
        has chosen green threads before Karbor was imported
    """
    backend.init_backend(backend.BackendType.THREADING)
    launcher = Launcher(conf, restart_method='mutate')
    launcher.launch_service(instance, workers)
    status: int | None = launcher.wait()
    return status or 0


class Composite(service.ServiceBase):
    """Several services in one process, begun in order, ended in reverse."""

    def __init__(self, make: Sequence[Callable[[], Any]]) -> None:
        self._make = make
        self._parts: list[Any] = []
        # SIGTERM may come while the parts start, from another thread
        self._lock = threading.Lock()
        self._stopped = False

    def start(self) -> None:
        with self._lock:
            for make in () if self._stopped else self._make:
                part = make()
                part.start()
                self._parts.append(part)

    def stop(self, graceful: bool = True) -> None:
        with self._lock:
            self._stopped = True
            for part in reversed(self._parts):
                part.stop()

    def wait(self) -> None:
        for part in self._parts:
            part.wait()

    def reset(self) -> None:
        for part in self._parts:
            part.reset()
