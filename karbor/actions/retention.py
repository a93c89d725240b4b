# SPDX-License-Identifier: Apache-2.0
"""Use cases of retention: what would be removed, and removing it.

Both go by the same decision. A sweep removes as the owner of the scheduled
operation, through `karbor.actions.checkpoints.delete`; whatever happens
between the decision and the removal, that one refuses what is not right any
more.
"""

from collections.abc import Mapping
import dataclasses
from dataclasses import dataclass
import datetime
from typing import Any
import zoneinfo

from oslo_log import log

from karbor import context as karbor_context
from karbor import exception
from karbor import policy
from karbor.actions import checkpoints
from karbor.actions import operation_types
from karbor.actions import owners
from karbor.conf import CONF
from karbor.context import RequestContext
from karbor.db import plans
from karbor.db import retention as db
from karbor.db import scheduled_operations
from karbor.db.clock import Clock
from karbor.db.clock import DATABASE
from karbor.i18n import _
from karbor.model.retention import Candidate
from karbor.model.retention import decide
from karbor.model.retention import newest_first
from karbor.model.retention import Retention
from karbor.model.retention import Rule

LOG = log.getLogger(__name__)

# the type of operation whose members a rule that is tried out has
TYPE = 'retention_protect'
_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Fate:
    """What the next sweep does with a checkpoint.

    :ivar action: one of `model.retention.ACTIONS`
    :ivar reason: a sentence
    """

    checkpoint: db.Row
    action: str
    reason: str


@dataclass(frozen=True, slots=True)
class Simulation:
    """What the next sweep does with all checkpoints of a plan in a provider.

    :ivar operation_id: of the rule's operation; None if it has none yet
    :ivar next_sweep_at: when it is; None: never
    :ivar reason: a sentence if there is none for now, or the last one could
        not do all that it was to do
    :ivar fates: newest first
    """

    plan_id: str
    provider_id: str
    fates: tuple[Fate, ...]
    operation_id: str | None = None
    next_sweep_at: datetime.datetime | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Sweep:
    """What a sweep has done.

    :ivar begun: ids of checkpoints whose deletion has begun
    :ivar reason: a sentence if it could not do all that it was to do
    :ivar news: the reason is not that of the last sweep
    """

    operation_id: str
    project_id: str
    plan_id: str
    begun: tuple[str, ...] = ()
    reason: str | None = None
    news: bool = False


def simulate(context: RequestContext, operation_id: str,
             clock: Clock = DATABASE) -> Simulation:
    """What the next sweep of a scheduled operation does; nothing is changed.

    :raises exception.ScheduledOperationNotFound: none in the project
    """
    operation = scheduled_operations.get(context, operation_id)
    policy.authorize(context, 'retention:get',
                     {'project_id': operation.project_id})
    provider_id = operation.operation_definition['provider_id']
    facts = db.facts(context, project_id=operation.project_id,
                     plan_id=operation.plan_id, provider_id=provider_id,
                     clock=clock)
    mine = _bound(facts, operation_id)
    if mine is None:
        raise exception.ScheduledOperationNotFound(id=operation_id)
    return Simulation(
        plan_id=operation.plan_id, provider_id=provider_id,
        fates=_fates(facts, _rules(facts, provider_id, first=mine), mine.id),
        operation_id=operation_id, next_sweep_at=mine.retention_at,
        reason=_still(facts, mine) or mine.reason)


def simulate_rule(context: RequestContext, plan_id: str,
                  definition: Mapping[str, Any], *,
                  provider_id: str | None = None,
                  instead_of: str | None = None,
                  clock: Clock = DATABASE) -> Simulation:
    """What the sweep of a rule would do that no operation has yet.

    Beside it, those of the plan's operations count as they would then.

    :param definition: members of the operation type `TYPE`
    :param provider_id: by default the plan's
    :param instead_of: an operation of the plan whose rule it would replace
    :raises exception.PlanNotFound: there is none in the project
    :raises exception.Invalid: names the member and what was expected
    """
    plan = plans.get(context, plan_id)
    policy.authorize(context, 'retention:simulate',
                     {'project_id': plan.project_id})
    provider_id = provider_id or plan.provider_id
    definition = operation_types.check(TYPE, definition, field='retention')
    facts = db.facts(context, project_id=plan.project_id, plan_id=plan_id,
                     provider_id=provider_id, clock=clock)
    zone: datetime.tzinfo = datetime.UTC
    replaced = None
    if instead_of is not None:
        replaced = _bound(facts, instead_of)
        if (replaced is None
                or replaced.definition.get('provider_id') != provider_id):
            raise exception.Invalid(field='retention.instead_of', reason=_(
                'expected a scheduled operation of plan %(plan)s and provider '
                '%(provider)s') % {'plan': plan_id, 'provider': provider_id})
        try:
            zone = _zone(replaced)
        except LookupError as error:
            raise exception.Invalid(field='retention.instead_of', reason=_(
                'the time zone of its trigger is not known any more'),
            ) from error
    rule = Rule(operation_types.retention(TYPE, definition, zone=zone)
                or Retention())
    return Simulation(
        plan_id=plan_id, provider_id=provider_id, fates=_fates(
            facts, [rule, *_rules(facts, provider_id, without=instead_of)],
            instead_of))


def sweep(claimed: db.Claim, clock: Clock = DATABASE) -> Sweep | None:
    """Begin to delete what a scheduled operation does not keep.

    Stopped anywhere, the next one goes on.

    :return: None: the operation is gone, or this was not the one to sweep
    :raises Exception: whatever is away; it is to be tried again
    """
    system = karbor_context.system()
    try:
        operation = scheduled_operations.get(system, claimed.operation_id)
    except exception.ScheduledOperationNotFound:
        return None
    provider_id = operation.operation_definition['provider_id']
    facts = db.facts(system, project_id=operation.project_id,
                     plan_id=operation.plan_id, provider_id=provider_id,
                     clock=clock)
    mine = _bound(facts, operation.id)
    if mine is None or mine.retention_at != claimed.until:
        return None
    done = Sweep(operation.id, operation.project_id, operation.plan_id)
    if _still(facts, mine) is not None:
        return done
    rule, fault = _read(mine)
    if fault is not None:
        # Only here, perhaps: an engine of another release may know better,
        # so that it stays due.
        if fault != mine.reason:
            db.end(system, claimed, fault)
        return dataclasses.replace(done, reason=fault,
                                   news=fault != mine.reason)
    if rule is None or rule.keeps_all:
        # until somebody changes it
        db.end(system, claimed, None, never=True)
        return done
    fates = _fates(facts, _rules(facts, provider_id, first=mine), mine.id)
    # the oldest first, so that what is left is what was newer
    expired = [one for one in reversed(fates) if one.action == 'delete']
    newest = next((one.checkpoint.id for one in fates
                   if one.checkpoint.is_good
                   and one.checkpoint.created_at <= facts.now), None)
    begun: list[str] = []
    reason, later = None, None
    try:
        owner = owners.context_of(operation) if expired else None
        for fate in expired:
            if owner is not None and _begin(owner, provider_id, claimed, fate,
                                            newest):
                begun.append(fate.checkpoint.id)
    except exception.SweepLost:
        # who has changed the operation has made the next one due
        LOG.info('The sweep of scheduled operation %s was given up: it was '
                 'changed, or another engine is at it.', operation.id)
        return Sweep(done.operation_id, done.project_id, done.plan_id,
                     tuple(begun))
    except exception.CheckpointNeeded as error:
        LOG.info('The sweep of scheduled operation %s begins anew: %s',
                 operation.id, error)
        later = clock.sql(1)
    except exception.RunSkipped as error:
        reason = str(error)
    except exception.Forbidden as error:
        # he has lost the role since, or has only adopted the operation
        reason = _('Its owner may not delete checkpoints: %s Somebody who '
                   'may has to adopt the scheduled operation.') % error
    if reason != mine.reason or later is not None:
        db.end(system, claimed, reason, at=later)
    return Sweep(done.operation_id, done.project_id, done.plan_id,
                 tuple(begun), reason, reason != mine.reason)


def _begin(owner: RequestContext, provider_id: str, claimed: db.Claim,
           fate: Fate, newest: str | None) -> bool:
    """Begin to delete a checkpoint; whether it was still to be deleted."""
    checkpoint = fate.checkpoint
    try:
        checkpoints.delete(owner, provider_id, checkpoint.id,
                           checkpoints.Expiry(claimed, checkpoint.status,
                                              newest))
    except (exception.CheckpointNotFound,
            exception.CheckpointNotDeletable) as error:
        # somebody has removed it, or begun to use it; the next sweep sees
        LOG.info('Checkpoint %s was not removed: %s', checkpoint.id, error)
        return False
    LOG.info('Checkpoint %s is removed by scheduled operation %s. %s',
             checkpoint.id, claimed.operation_id, fate.reason)
    return True


# -- rules --------------------------------------------------------------------

def _bound(facts: db.Facts, operation_id: str) -> db.Bound | None:
    return next((one for one in facts.bound if one.id == operation_id), None)


def _still(facts: db.Facts, mine: db.Bound) -> str | None:
    """Why nothing is swept now; the rule goes on to keep what it keeps."""
    if not mine.enabled:
        return _('The scheduled operation is disabled; nothing expires by it '
                 'until it is enabled.')
    if facts.plan is None:
        return _('The plan is gone; nothing expires by this scheduled '
                 'operation any more.')
    name, status = facts.plan
    if status != 'started':
        return _('Plan %(name)s is %(status)s; nothing expires until it is '
                 'started.') % {'name': name, 'status': status}
    return None


def _zone(bound: db.Bound) -> datetime.tzinfo:
    """That of the operation's trigger.

    :raises LookupError: its name is not known any more
    """
    return zoneinfo.ZoneInfo(bound.trigger.get('timezone') or 'UTC')


def _read(bound: db.Bound) -> tuple[Retention | None, str | None]:
    """The rule of an operation, and why it cannot be read; None: it has none.

    Of one that cannot be read, because its plugin is gone or a newer release
    has made it, it is not known what it keeps: so it keeps all.
    """
    try:
        return operation_types.retention(
            bound.operation_type, bound.definition, zone=_zone(bound)), None
    except (exception.KarborError, LookupError, ValueError) as error:
        LOG.warning('The rule of scheduled operation %s cannot be read, so '
                    'it keeps all: %s', bound.id, error)
        # What a plugin or a file of a host has said is for the log only.
        why = (str(error) if isinstance(error, exception.Invalid)
               else _('the operator has to look at the log'))
        return Retention(), _('The rule cannot be read by an engine, so it '
                              'keeps all: %s') % why


def _rules(facts: db.Facts, provider_id: str, *,
           first: db.Bound | None = None,
           without: str | None = None) -> list[Rule]:
    """Rules of all operations that are about these checkpoints.

    :param first: the operation that is asked about
    :param without: id of an operation that does not count
    """
    rules: list[Rule] = []
    for bound in facts.bound:
        if (bound.id == without
                or bound.definition.get('provider_id') != provider_id):
            continue
        rule, _fault = _read(bound)
        if rule is None:
            continue
        if first is not None and bound.id == first.id:
            rules.insert(0, Rule(rule))
        else:
            rules.append(Rule(rule, _('scheduled operation %s') % bound.id))
    return rules


# -- fates --------------------------------------------------------------------

def _fates(facts: db.Facts, rules: list[Rule],
           operation_id: str | None) -> tuple[Fate, ...]:
    """What becomes of each checkpoint, newest first."""
    rows = {row.id: row for row in facts.rows}
    all_ = newest_first([
        Candidate(row.id, row.created_at, row.origin, facts.used.get(row.id),
                  row.damaged) for row in facts.rows])
    decided = {one.checkpoint.id: one for one in decide(
        rules, [one for one in all_ if rows[one.id].status == 'available'],
        facts.now)}
    fates = []
    for one in all_:
        row, decision = rows[one.id], decided.get(one.id)
        if decision is None:
            fates.append(Fate(row, *_unavailable(facts, row, operation_id)))
        else:
            fates.append(Fate(row, 'keep' if decision.keep else 'delete',
                              decision.reason))
    return tuple(fates)


def _unavailable(facts: db.Facts, row: db.Row,
                 operation_id: str | None) -> tuple[str, str]:
    """Action and reason for one of which no rule decides."""
    failure = facts.failures.get(row.id)
    if (failure is None or operation_id is None
            or failure.asked_by != operation_id):
        return 'none', _('It is %s; only available checkpoints are counted '
                         'and expire.') % row.status
    told = {'count': failure.count, 'reason': failure.reason or _('unknown')}
    at = _retry_at(failure, facts.now)
    if at > facts.now:
        return 'none', _(
            'It has expired, but its deletion has failed (attempts: '
            '%(count)d) and is tried again at %(at)s. The last time: '
            '%(reason)s') % {
                **told, 'at': at.strftime('%Y-%m-%d %H:%M:%S UTC')}
    return 'delete', _(
        'It has expired, but its deletion has failed (attempts: %(count)d) '
        'and is tried again. The last time: %(reason)s') % told


def _retry_at(failure: db.Failure,
              now: datetime.datetime) -> datetime.datetime:
    """Each time twice as late as before, but once a day."""
    if failure.ended_at is not None and failure.ended_at > now:
        # by the clock of its host, which was ahead: nobody knows when
        return now
    interval = CONF.operationengine.retention_interval
    seconds = min(interval / 2 * 2 ** min(failure.count - 1, 32),
                  max(_DAY, interval))
    ended_at = failure.ended_at or datetime.datetime.min.replace(
        tzinfo=datetime.UTC)
    return ended_at + datetime.timedelta(seconds=seconds)
