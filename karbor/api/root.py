# SPDX-License-Identifier: Apache-2.0
"""Every URL of v1 and the handler behind it, on one screen.

The table is walked by pecan's own ``_route``. Its REST controllers would
also take a ``_method`` parameter for the method, and the ids ``new``,
``edit`` and ``delete`` for actions.
"""

from typing import Any

from oslo_config import cfg
import pecan
from pecan import core
import webob.exc

from karbor import exception
from karbor.api import base
from karbor.api import hooks
from karbor.api.request import CONTROL
from karbor.api.request import Request
from karbor.api.v1.checkpoints import Checkpoints
from karbor.api.v1.operation_logs import OperationLogs
from karbor.api.v1.plans import Plans
from karbor.api.v1.protectables import Instances
from karbor.api.v1.protectables import Protectables
from karbor.api.v1.providers import Providers
from karbor.api.v1.restores import Restores
from karbor.i18n import _

PLANS = Plans()
PROVIDERS = Providers()
CHECKPOINTS = Checkpoints()
PROTECTABLES = Protectables()
INSTANCES = Instances()
RESTORES = Restores()
OPERATION_LOGS = OperationLogs()

_CHECKPOINTS = 'providers/{provider_id}/checkpoints'
_CHECKPOINT = f'{_CHECKPOINTS}/{{checkpoint_id}}'
_INSTANCES = 'protectables/{protectable_type}/instances'
# ids that may end in .json like any other text
FREE_TEXT = '{resource_id}'
_INSTANCE = f'{_INSTANCES}/{FREE_TEXT}'

# below /v1/{project_id}/
ROUTES = (
    ('GET', 'plans', PLANS.index),
    ('POST', 'plans', PLANS.create),
    ('GET', 'plans/{plan_id}', PLANS.show),
    ('PUT', 'plans/{plan_id}', PLANS.update),
    ('DELETE', 'plans/{plan_id}', PLANS.delete),
    ('GET', 'providers', PROVIDERS.index),
    ('GET', 'providers/{provider_id}', PROVIDERS.show),
    ('GET', _CHECKPOINTS, CHECKPOINTS.index),
    ('POST', _CHECKPOINTS, CHECKPOINTS.create),
    ('GET', _CHECKPOINT, CHECKPOINTS.show),
    ('PUT', _CHECKPOINT, CHECKPOINTS.update),
    ('DELETE', _CHECKPOINT, CHECKPOINTS.delete),
    ('GET', 'protectables', PROTECTABLES.index),
    ('GET', 'protectables/{protectable_type}', PROTECTABLES.show),
    ('GET', _INSTANCES, INSTANCES.index),
    ('GET', _INSTANCE, INSTANCES.show),
    ('GET', 'restores', RESTORES.index),
    ('POST', 'restores', RESTORES.create),
    ('GET', 'restores/{restore_id}', RESTORES.show),
    ('GET', 'operation_logs', OPERATION_LOGS.index),
    ('GET', 'operation_logs/{operation_log_id}', OPERATION_LOGS.show),
)
_PARTS = tuple((method, tuple(path.split('/')), handler)
               for method, path, handler in ROUTES)


def match(method: str, segments: list[str]) -> tuple[Any, list[str]] | None:
    """The handler of a path below the project, with the ids for it."""
    for route_method, parts, handler in _PARTS:
        if route_method != method or len(parts) != len(segments):
            continue
        last = segments[-1]
        if parts[-1] != FREE_TEXT:
            last = last.removesuffix('.json')
        ids = []
        for part, segment in zip(parts, [*segments[:-1], last], strict=True):
            if part.startswith('{') and segment:
                ids.append(segment)
            elif part != segment:
                break
        else:
            return handler, ids
    return None


class Root:
    """Where pecan begins."""

    @pecan.expose()
    def _route(self, args: list[str], request: Request) -> Any:
        # a slash at the end changes nothing
        segments = args[:-1] if args[-1] == '' else args
        if len(segments) < 3 or segments[0] != 'v1':
            raise webob.exc.HTTPNotFound()
        if (segments[1] != request.caller.project_id
                or any(CONTROL.search(segment) for segment in segments)):
            raise exception.Invalid(_('Malformed request url'))
        found = match(request.method, segments[2:])
        if found is None:
            raise webob.exc.HTTPNotFound()
        return found


class Application(core.ExplicitPecan):
    """pecan, handing request and response to handlers as arguments."""

    def _handle_empty_response_body(self, state: Any) -> None:
        # pecan would make 204 of an answer without a body; the contract
        # says 200
        pass


def application(conf: cfg.ConfigOpts) -> Application:
    """The innermost WSGI application."""
    return Application(
        Root(), default_renderer='json', request_cls=Request,
        response_cls=base.Response, guess_content_type_from_ext=False,
        hooks=[hooks.Prepare(conf), hooks.Errors()])
