# SPDX-License-Identifier: Apache-2.0
"""What pecan does around every handler."""

from typing import Any

from oslo_config import cfg
from oslo_log import log
from oslo_middleware import request_id
from pecan import hooks
import webob

from karbor.api import faults
from karbor.api import validation
from karbor.api.request import ENV_CONF
from karbor.api.request import ENV_FORM
from karbor.api.request import ENV_QUERY

LOG = log.getLogger(__name__)


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

    def before(self, state: Any) -> None:
        state.response.status_int = state.request.form.status


class Answers(hooks.PecanHook):
    """Hold every answer against its schema; for tests and for doubts."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._conf = conf

    def after(self, state: Any) -> None:
        how = self._conf.api.response_validation
        form = state.request.environ.get(ENV_FORM)
        if how == 'none' or form is None or state.response.status_int >= 400:
            return
        problem = validation.check_answer(form, state.response.text)
        if problem is None and state.response.status_int != form.status:
            problem = f'status {state.response.status_int}'
        if problem is None:
            return
        if how == 'error':
            raise RuntimeError(f'The answer breaks its schema: {problem}')
        LOG.warning('The answer breaks its schema: %s', problem)


class Errors(hooks.PecanHook):
    """Answer every error with the v1 body."""

    def on_error(self, state: Any, error: Exception) -> webob.Response:
        return faults.of(error, state.request.environ.get(
            request_id.ENV_REQUEST_ID))
