# SPDX-License-Identifier: Apache-2.0
"""karbor-api as a service of oslo.service."""

from collections.abc import Callable, Iterable
from typing import Any

from oslo_config import cfg
from oslo_service import service

from karbor import service as karbor_service
from karbor.api import app
from karbor.api.server import Server


class ApiService(service.ServiceBase):
    """The HTTP server of a process.

    It listens as soon as it is made, so that several workers share the port
    and one that is in use is said before anything is forked; the application
    is built where it is to run.
    """

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._conf = conf
        self._app: Callable[..., Iterable[bytes]] | None = None
        self._server = Server(self._call, conf.api.host, conf.api.port,
                              conf.api.threads)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._server.port

    def _call(self, environ: dict[str, Any],
              start_response: Any) -> Iterable[bytes]:
        if self._app is None:
            raise RuntimeError('the service has not been started')
        return self._app(environ, start_response)

    def start(self) -> None:
        """Begin to answer; in the process that is to do the work."""
        karbor_service.set_up(self._conf)
        self._app = app.build(self._conf)
        self._server.start()

    def stop(self, graceful: bool = True) -> None:
        """Accept no more; requests that run come to their end."""
        self._server.stop()

    def wait(self) -> None:
        self._server.wait()

    def reset(self) -> None:
        """Read options again."""
        self._conf.mutate_config_files()
