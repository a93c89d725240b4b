# SPDX-License-Identifier: Apache-2.0
"""karbor-api as a service of oslo.service."""

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
        self._server = Server(self._make, conf.api.host, conf.api.port,
                              conf.api.threads)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._server.port

    def _make(self) -> Any:
        karbor_service.set_up(self._conf)
        return app.build(self._conf)

    def start(self) -> None:
        """Begin to answer; in the process that is to do the work."""
        self._server.start()

    def stop(self, graceful: bool = True) -> None:
        """Accept no more; requests that run come to their end."""
        self._server.stop()

    def wait(self) -> None:
        self._server.wait()
        karbor_service.farewell()

    def reset(self) -> None:
        """Read options again."""
        self._conf.mutate_config_files()
