# SPDX-License-Identifier: Apache-2.0
"""Every URL of v1 and the handler behind it, on one screen.

The table is walked by pecan's own ``_route``. Its REST controllers would
also take a ``_method`` parameter for the method, and the ids ``new``,
``edit`` and ``delete`` for actions.
"""

from typing import Any, NamedTuple

from oslo_config import cfg
import pecan
from pecan import core
import webob.exc

from karbor import exception
from karbor import policy
from karbor.api import base
from karbor.api import hooks
from karbor.api import validation
from karbor.api.request import CONTROL
from karbor.api.request import ENV_FORM
from karbor.api.request import Request
from karbor.api.schemas import checkpoints
from karbor.api.schemas import copies
from karbor.api.schemas import operation_logs
from karbor.api.schemas import operations
from karbor.api.schemas import plans
from karbor.api.schemas import protectables
from karbor.api.schemas import providers
from karbor.api.schemas import quota_classes
from karbor.api.schemas import quotas
from karbor.api.schemas import restores
from karbor.api.schemas import retention
from karbor.api.schemas import runs
from karbor.api.schemas import scheduled_operations
from karbor.api.schemas import services
from karbor.api.schemas import triggers
from karbor.api.schemas import verifications
from karbor.api.schemas.method import Method
from karbor.api.schemas.method import V1_1
from karbor.api.schemas.types import MAX_TEXT
from karbor.api.v1.checkpoints import Checkpoints
from karbor.api.v1.copies import Copies
from karbor.api.v1.operation_logs import OperationLogs
from karbor.api.v1.operations import Operations
from karbor.api.v1.plans import Plans
from karbor.api.v1.protectables import Instances
from karbor.api.v1.protectables import Protectables
from karbor.api.v1.providers import Providers
from karbor.api.v1.quota_classes import QuotaClasses
from karbor.api.v1.quotas import Quotas
from karbor.api.v1.restores import Restores
from karbor.api.v1.retention import Retention
from karbor.api.v1.runs import Runs
from karbor.api.v1.scheduled_operations import ScheduledOperations
from karbor.api.v1.services import Services
from karbor.api.v1.triggers import Triggers
from karbor.api.v1.verifications import Verifications
from karbor.i18n import _

PLANS = Plans()
PROVIDERS = Providers()
CHECKPOINTS = Checkpoints()
COPIES = Copies()
PROTECTABLES = Protectables()
INSTANCES = Instances()
RESTORES = Restores()
VERIFICATIONS = Verifications()
OPERATION_LOGS = OperationLogs()
QUOTAS = Quotas()
QUOTA_CLASSES = QuotaClasses()
SERVICES = Services()
OPERATIONS = Operations()
TRIGGERS = Triggers()
SCHEDULED_OPERATIONS = ScheduledOperations()
RUNS = Runs()
RETENTION = Retention()

_CHECKPOINTS = 'providers/{provider_id}/checkpoints'
_CHECKPOINT = f'{_CHECKPOINTS}/{{checkpoint_id}}'
_INSTANCES = 'protectables/{protectable_type}/instances'
# ids that may end in .json like any other text
FREE_TEXT = '{resource_id}'
_INSTANCE = f'{_INSTANCES}/{FREE_TEXT}'
_QUOTA = 'quotas/{quota_project_id}'
_QUOTA_CLASS = 'quota_classes/{class_name}'
_SCHEDULED_OPERATION = 'scheduled_operations/{scheduled_operation_id}'


class Route(NamedTuple):
    """A method of a URL.

    :ivar path: below ``/v1/{project_id}/``
    """

    method: str
    path: str
    handler: Any
    does: Method


ROUTES = (
    Route('GET', 'plans', PLANS.index, plans.INDEX),
    Route('POST', 'plans', PLANS.create, plans.CREATE),
    Route('GET', 'plans/{plan_id}', PLANS.show, plans.SHOW),
    Route('PUT', 'plans/{plan_id}', PLANS.update, plans.UPDATE),
    Route('DELETE', 'plans/{plan_id}', PLANS.delete, plans.DELETE),
    Route('POST', 'plans/{plan_id}/start', PLANS.start, plans.START),
    Route('POST', 'plans/{plan_id}/suspend', PLANS.suspend, plans.SUSPEND),
    Route('POST', 'plans/{plan_id}/retention', RETENTION.simulate,
          retention.SIMULATE),
    Route('GET', 'providers', PROVIDERS.index, providers.INDEX),
    Route('GET', 'providers/{provider_id}', PROVIDERS.show, providers.SHOW),
    Route('GET', _CHECKPOINTS, CHECKPOINTS.index, checkpoints.INDEX),
    Route('POST', _CHECKPOINTS, CHECKPOINTS.create, checkpoints.CREATE),
    Route('POST', f'{_CHECKPOINTS}/action', COPIES.create, copies.CREATE),
    Route('GET', _CHECKPOINT, CHECKPOINTS.show, checkpoints.SHOW),
    Route('PUT', _CHECKPOINT, CHECKPOINTS.update, checkpoints.UPDATE),
    Route('DELETE', _CHECKPOINT, CHECKPOINTS.delete, checkpoints.DELETE),
    Route('GET', 'protectables', PROTECTABLES.index, protectables.INDEX),
    Route('GET', 'protectables/{protectable_type}', PROTECTABLES.show,
          protectables.SHOW),
    Route('GET', _INSTANCES, INSTANCES.index, protectables.INSTANCES),
    Route('GET', _INSTANCE, INSTANCES.show, protectables.INSTANCE),
    Route('GET', 'restores', RESTORES.index, restores.INDEX),
    Route('POST', 'restores', RESTORES.create, restores.CREATE),
    Route('GET', 'restores/{restore_id}', RESTORES.show, restores.SHOW),
    Route('POST', 'restores/{restore_id}/undo', RESTORES.undo,
          restores.UNDO),
    Route('GET', 'verifications', VERIFICATIONS.index, verifications.INDEX),
    Route('POST', 'verifications', VERIFICATIONS.create,
          verifications.CREATE),
    Route('GET', 'verifications/{verification_id}', VERIFICATIONS.show,
          verifications.SHOW),
    Route('GET', 'operation_logs', OPERATION_LOGS.index,
          operation_logs.INDEX),
    Route('GET', 'operation_logs/{operation_log_id}', OPERATION_LOGS.show,
          operation_logs.SHOW),
    Route('GET', 'operations', OPERATIONS.index, operations.INDEX),
    Route('GET', 'operations/{operation_id}', OPERATIONS.show,
          operations.SHOW),
    Route('POST', 'operations/{operation_id}/cancel', OPERATIONS.cancel,
          operations.CANCEL),
    Route('GET', _QUOTA, QUOTAS.show, quotas.SHOW),
    Route('GET', f'{_QUOTA}/detail', QUOTAS.detail, quotas.DETAIL),
    Route('GET', f'{_QUOTA}/defaults', QUOTAS.defaults, quotas.DEFAULTS),
    Route('PUT', _QUOTA, QUOTAS.update, quotas.UPDATE),
    Route('DELETE', _QUOTA, QUOTAS.delete, quotas.DELETE),
    Route('GET', _QUOTA_CLASS, QUOTA_CLASSES.show, quota_classes.SHOW),
    Route('PUT', _QUOTA_CLASS, QUOTA_CLASSES.update, quota_classes.UPDATE),
    Route('GET', 'os-services', SERVICES.index, services.INDEX),
    Route('PUT', 'os-services/{service_id}', SERVICES.update,
          services.UPDATE),
    Route('GET', 'triggers', TRIGGERS.index, triggers.INDEX),
    Route('POST', 'triggers', TRIGGERS.create, triggers.CREATE),
    Route('POST', 'triggers/preview', TRIGGERS.preview, triggers.PREVIEW),
    Route('GET', 'triggers/{trigger_id}', TRIGGERS.show, triggers.SHOW),
    Route('PUT', 'triggers/{trigger_id}', TRIGGERS.update, triggers.UPDATE),
    Route('DELETE', 'triggers/{trigger_id}', TRIGGERS.delete,
          triggers.DELETE),
    Route('POST', 'triggers/{trigger_id}/secret', TRIGGERS.secret,
          triggers.SECRET),
    Route('POST', 'triggers/{trigger_id}/webhook', TRIGGERS.webhook,
          triggers.WEBHOOK),
    Route('GET', 'scheduled_operations', SCHEDULED_OPERATIONS.index,
          scheduled_operations.INDEX),
    Route('POST', 'scheduled_operations', SCHEDULED_OPERATIONS.create,
          scheduled_operations.CREATE),
    Route('GET', _SCHEDULED_OPERATION, SCHEDULED_OPERATIONS.show,
          scheduled_operations.SHOW),
    Route('PUT', _SCHEDULED_OPERATION, SCHEDULED_OPERATIONS.update,
          scheduled_operations.UPDATE),
    Route('DELETE', _SCHEDULED_OPERATION, SCHEDULED_OPERATIONS.delete,
          scheduled_operations.DELETE),
    Route('POST', f'{_SCHEDULED_OPERATION}/adopt',
          SCHEDULED_OPERATIONS.adopt, scheduled_operations.ADOPT),
    Route('POST', f'{_SCHEDULED_OPERATION}/run', RUNS.create, runs.CREATE),
    Route('GET', f'{_SCHEDULED_OPERATION}/retention', RETENTION.show,
          retention.SHOW),
    Route('GET', f'{_SCHEDULED_OPERATION}/runs', RUNS.index, runs.INDEX),
    Route('GET', f'{_SCHEDULED_OPERATION}/runs/{{run_id}}', RUNS.show,
          runs.SHOW),
)


def _by_length() -> dict[tuple[str, int], list[tuple[Route, list[str]]]]:
    table: dict[tuple[str, int], list[tuple[Route, list[str]]]] = {}
    for route in ROUTES:
        parts = route.path.split('/')
        table.setdefault((route.method, len(parts)), []).append(
            (route, parts))
    return table


_TABLE = _by_length()


def match(method: str, segments: list[str]) -> tuple[Route, list[str]] | None:
    """The route of a path below the project, with the ids for it."""
    for route, parts in _TABLE.get((method, len(segments)), ()):
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
            return route, ids
    return None


def is_public(method: str, path: str) -> bool:
    """Whether a method of a URL is for callers who show no token.

    :param path: the whole one, as WSGI has it
    """
    _empty, *segments = path.removesuffix('/').split('/')
    found = (match(method, segments[2:])
             if len(segments) > 2 and segments[0] == 'v1' else None)
    return found is not None and found[0].does.public


class Root:
    """Where pecan begins."""

    @pecan.expose()
    def _route(self, args: list[str], request: Request) -> Any:
        # a slash at the end changes nothing
        segments = args[:-1] if args[-1] == '' else args
        if len(segments) < 3 or segments[0] != 'v1':
            raise webob.exc.HTTPNotFound()
        caller = request.caller
        if (caller.project_id not in (None, segments[1])
                or any(CONTROL.search(segment) or len(segment) > MAX_TEXT
                       for segment in segments)):
            raise exception.Invalid(_('Malformed request url'))
        found = match(request.method, segments[2:])
        form = found and found[0].does.form(request.version)
        if found is None or form is None:
            raise webob.exc.HTTPNotFound()
        route, ids = found
        rule = route.does.rule
        if (rule is not None and caller.project_id is None
                and not policy.in_scope(caller, rule)):
            # a token of the system, of a domain or of nothing at all
            raise exception.Forbidden(action=rule)
        if request.version >= V1_1:
            validation.check_query(form, request.query)
        request.environ[ENV_FORM] = form
        return route.handler, ids


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
        hooks=[hooks.Prepare(conf), hooks.Answers(conf), hooks.Errors()])
