# SPDX-License-Identifier: Apache-2.0
"""What the daemons have in common: life in a process of oslo.service."""

from collections.abc import Callable, Mapping, Sequence
import os
import socket
import threading
from typing import Any

from oslo_config import cfg
from oslo_log import log
from oslo_service import backend
from oslo_service import service

from karbor import context as karbor_context
from karbor import policy
from karbor.clients import trusts
from karbor.db import metrics as db_metrics
from karbor.db import services
from karbor.db import session
from karbor.metrics import database as database_metrics
from karbor.metrics import instruments
from karbor.metrics import server as metrics_server
from karbor.rpc import notifications
from karbor.rpc import protection as rpc_protection
from karbor.rpc import transport
from karbor.version import version_info

LOG = log.getLogger(__name__)

# seconds that the end of a daemon waits for the bus to take what it has told
_FAREWELL = 5
# They show the metrics that come from the database, in their first process:
# one that is there whatever else there is, and few of it.
_KNOW_DATABASE = ('karbor-operationengine', 'karbor-standalone')

_ready_in: int | None = None
_binary = 'karbor'
# addresses for metrics, one a process, and which process this is
_listeners: list[socket.socket] = []
_worker = 0


def named(binary: str) -> None:
    """Say which daemon this is; before the fork."""
    global _binary
    _binary = binary
    notifications.publish_as(binary)
    instruments.BUILD.clear()
    instruments.BUILD.labels(binary, version_info.release_string()).set(1)


def set_up(conf: cfg.ConfigOpts) -> None:
    """Connect this process to what all daemons need; once after a fork."""
    global _ready_in
    if _ready_in == os.getpid():
        return
    _ready_in = os.getpid()
    session.init(conf)
    policy.init(conf)
    transport.init(conf)
    notifications.reset()
    rpc_protection.reset()
    trusts.reset()
    if _listeners:
        _show_metrics(conf)


def _show_metrics(conf: cfg.ConfigOpts) -> None:
    if _binary in _KNOW_DATABASE and _worker == 0:
        options = conf.metrics
        instruments.REGISTRY.register(database_metrics.Collector(
            lambda: db_metrics.read(karbor_context.system(),
                                    options.max_projects, options.max_plans),
            options.database_interval))
    metrics_server.serve(_listeners, _worker)


def farewell() -> None:
    """Let the bus take what was told last, but do not wait for ever."""
    notifications.flush(_FAREWELL)


class Heartbeat:
    """Tells others that a daemon lives, and it whether to begin new work.

    An operator can disable a daemon. That is found out with a heartbeat, so
    that it costs nothing to ask here, however often.
    """

    def __init__(self, conf: cfg.ConfigOpts, binary: str,
                 enabled: Callable[[], None] = lambda: None,
                 limits: Callable[[], Mapping[str, Any] | None] = (
                     lambda: None)) -> None:
        """Prepare; nothing is written before the start.

        :param enabled: called when a daemon that was disabled is no more
        :param limits: those of the queue that the daemon has now
        """
        self._conf = conf
        self._binary = binary
        self._enabled = enabled
        self._limits = limits
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
                self._learn(services.heartbeat(
                    context, self._conf.host, self._binary, self._limits()))
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
        self._manager.register_hooks(on_new_worker=_in_worker)


def _in_worker(service_id: Any, worker_id: int, wrapper: Any) -> None:
    global _worker
    _worker = worker_id
    wrapper.reload = wrapper.service_instance.reset


def _listen(conf: cfg.ConfigOpts, binary: str,
            workers: int) -> list[socket.socket]:
    option = f'{binary.removeprefix("karbor-")}_port'
    port = conf.metrics[option]
    if port is None:
        return []
    try:
        return metrics_server.listen(conf.metrics.host, port, workers)
    except OSError as error:
        raise SystemExit(
            f'{binary}: [metrics] {option} = {port}: {error}') from error


def launch(conf: cfg.ConfigOpts, binary: str, instance: Any,
           workers: int = 1) -> int:
    """Run a service until it is told to end; returns the exit status.

    :param binary: name of the daemon
    :raises SystemExit: its metrics cannot be shown where they are to be
    :raises exceptions.BackendAlreadySelected: of oslo.service, if something
        has chosen green threads before Karbor was imported
    """
    global _listeners
    named(binary)
    # before the fork, so that an address in use is said at once
    _listeners = _listen(conf, binary, workers)
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
