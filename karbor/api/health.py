# SPDX-License-Identifier: Apache-2.0
"""``/healthcheck`` for load balancers."""

import types
from typing import Any

from oslo_config import cfg
from oslo_log import log
from oslo_middleware import healthcheck
from oslo_middleware.healthcheck import pluginbase
import sqlalchemy as sa

from karbor import context
from karbor.db import session

LOG = log.getLogger(__name__)


class Database(pluginbase.HealthcheckBaseExtension):
    """Whether the database answers, without which nothing here works."""

    def healthcheck(self, server_port: int) -> pluginbase.HealthcheckResult:
        try:
            with session.reader(context.system()) as reader:
                reader.execute(sa.select(1))
        except Exception:
            # Whatever it was, that is the answer; why is for the log, for
            # this URL is open to everybody.
            LOG.exception('The database does not answer.')
            return pluginbase.HealthcheckResult(
                False, 'The database does not answer.')
        return pluginbase.HealthcheckResult(True, 'OK')


class Healthcheck(healthcheck.Healthcheck):
    """That of oslo at one path, with our check beside the configured."""

    PATH = '/healthcheck'

    def __init__(self, application: Any, conf: cfg.ConfigOpts) -> None:
        super().__init__(application, conf)
        self._next = application
        self._backends: Any = [
            # of the extensions of stevedore, only this is looked at
            types.SimpleNamespace(obj=Database(conf, {})),
            *self._backends]

    def __call__(self, environ: Any, start_response: Any) -> Any:
        # without this, oslo's would answer every path
        if environ.get('PATH_INFO') != self.PATH:
            return self._next(environ, start_response)
        return super().__call__(environ, start_response)
