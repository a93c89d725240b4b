# SPDX-License-Identifier: Apache-2.0
"""What pecan does around every handler."""

from typing import Any

from oslo_config import cfg
from oslo_middleware import request_id
from pecan import hooks
import webob

from karbor.api import faults
from karbor.api.request import ENV_CONF
from karbor.api.request import ENV_QUERY


class Prepare(hooks.PecanHook):
    """Give the request what the handlers need."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._conf = conf

    def on_route(self, state: Any) -> None:
        request = state.request
        request.environ[ENV_CONF] = self._conf
        # v1 speaks JSON whatever a client would rather have
        request.pecan['content_type'] = 'application/json'
        request.environ[ENV_QUERY] = request.read_query()


class Errors(hooks.PecanHook):
    """Answer every error with the v1 body."""

    def on_error(self, state: Any, error: Exception) -> webob.Response:
        return faults.of(error, state.request.environ.get(
            request_id.ENV_REQUEST_ID))
