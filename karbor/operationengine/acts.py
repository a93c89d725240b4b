# SPDX-License-Identifier: Apache-2.0
"""What a run does: what its type of operation asks for, as its owner.

All of it are calls of `karbor.actions`, each of which is one of the REST API,
so a scheduler outside of Karbor can do the same.
"""

from collections.abc import Iterator, Sequence
import contextlib
from typing import NoReturn

from oslo_log import log

from karbor import exception
from karbor import plugin
from karbor.actions import checkpoints
from karbor.actions import operation_types
from karbor.actions import verifications
from karbor.context import RequestContext
from karbor.db import plans
from karbor.i18n import _
from karbor.model.plan import Plan
from karbor.model.query import ListQuery
from karbor.model.run import Run
from karbor.model.scheduled_operation import ScheduledOperation

LOG = log.getLogger(__name__)

# A checkpoint may go between the look at what is available and the use of it.
_TRIES = 3
_GONE = (exception.CheckpointNotAvailable, exception.CheckpointNotFound)


def carry_out(run: Run, operation: ScheduledOperation,
              context: RequestContext) -> None:
    """Begin the work of a run.

    :param run: as it was claimed
    :param context: of the owner
    :raises exception.RunSkipped: there is a reason to do nothing
    :raises exception.TypeMissing: another engine may be able to
    :raises exception.KarborError: it has not begun
    :raises Exception: neither; whatever the database raises when it is away
    """
    type_ = _type(operation.operation_type)
    plan = plans.get(context, operation.plan_id)
    # a run that somebody asks for now is no scheduled one
    why_not = None if run.origin == 'manual' else plan.why_no_run()
    if why_not is not None:
        raise exception.RunSkipped(reason=why_not)
    for left in reversed(range(_TRIES)):
        try:
            _attempt(type_, Acts(run, operation, plan, context),
                     operation)
            return
        except _GONE:
            if not left:
                raise


def _type(name: str) -> plugin.OperationType:
    try:
        return operation_types.get(name)
    except (exception.Invalid, exception.PluginError) as error:
        # why it cannot be loaded is for who looks after this host
        LOG.error('Operation type %s is missing here: %s', name, error)
        raise exception.TypeMissing(type=name) from error


def _attempt(type_: plugin.OperationType, acts: 'Acts',
             operation: ScheduledOperation) -> None:
    name = operation.operation_type
    try:
        type_.run(operation.operation_definition, acts)
    except Exception as error:
        if acts.begun:
            # it goes on, whatever its type wants beside
            LOG.exception('Operation type %s has a fault; what it has begun '
                          'for operation %s goes on.', name, operation.id)
            return
        if isinstance(error, exception.KarborError) or error is acts.raised:
            raise
        # else it is the plugin's own, and would be the same again
        LOG.exception('Operation type %s has a fault.', name)
        raise exception.PluginError(
            reason=_('Operation type %(name)s has a fault: %(kind)s: '
                     '%(error)s') % {
                         'name': name, 'kind': type(error).__name__,
                         'error': error}) from error
    if not acts.begun:
        raise exception.PluginError(
            reason=_('Operation type %s has begun nothing.') % name)


class Acts(plugin.Actions):
    """What can be done in one attempt to begin a run.

    :ivar begun: something has begun, and the run with it
    :ivar raised: what was raised last by what was called, and is not the
        fault of who called it
    """

    def __init__(self, run: Run, operation: ScheduledOperation, plan: Plan,
                 context: RequestContext) -> None:
        self._run = run
        self._plan = plan
        self._operation = operation
        self._context = context
        self._provider_id: str = operation.operation_definition['provider_id']
        self._shown: set[str] = set()
        self.begun = False
        self.raised: Exception | None = None

    @contextlib.contextmanager
    def _call(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            self.raised = error
            raise

    def available(self, most: int) -> Sequence[str]:
        query = ListQuery(limit=most, filters={
            'plan_id': self._operation.plan_id, 'status': 'available'})
        with self._call():
            found = [checkpoint.id for checkpoint in checkpoints.list_(
                self._context, self._provider_id, query)]
        self._shown.update(found)
        return found

    def protect(self) -> None:
        self._once()
        with self._call():
            checkpoints.create_of(
                self._context, self._provider_id, self._plan,
                origin='schedule', run=self._run)
        self.begun = True

    def verify(self, checkpoint_ids: Sequence[str], *,
               subsets: int = 1) -> None:
        self._once()
        ids = list(checkpoint_ids)
        if not ids or len(set(ids)) < len(ids) or not self._shown >= set(ids):
            raise exception.PluginError(
                reason=_('Operation type %s wants to verify other '
                         'checkpoints than it was shown.')
                % self._operation.operation_type)
        with self._call():
            verifications.create_all(
                self._context, provider_id=self._provider_id,
                checkpoint_ids=ids, run=self._run, subsets=subsets)
        self.begun = True

    def skip(self, reason: str) -> NoReturn:
        self._once()
        raise exception.RunSkipped(reason=reason)

    def _once(self) -> None:
        if self.begun:
            raise exception.PluginError(
                reason=_('Operation type %s does more than one thing.')
                % self._operation.operation_type)
