# SPDX-License-Identifier: Apache-2.0
"""What has happened is told to the cloud, and counted for its operators.

Always after the commit of what is told: a crash in between loses it, and
nothing is told that has not happened. Nobody waits for it, and whatever goes
wrong here is no failure of what it tells of.
"""

from collections.abc import Callable, Mapping, Sequence
import dataclasses
import functools
import math
from typing import Any, ParamSpec

from oslo_log import log

from karbor import context as karbor_context
from karbor.actions import retention
from karbor.metrics import instruments
from karbor.model import notification
from karbor.model import states
from karbor.model.notification import Missed
from karbor.model.operation import Operation
from karbor.model.operation import TYPES
from karbor.model.run import Run
from karbor.rpc import notifications

LOG = log.getLogger(__name__)
P = ParamSpec('P')


def _prepare() -> None:
    """Have all series from the beginning: else the first of each is lost.

    Prometheus sees changes, and what appears with 1 has not changed.
    """
    for type_ in TYPES:
        for instrument in (instruments.CLAIMS, instruments.TAKEOVERS,
                           instruments.LEASES_LOST, instruments.WAIT):
            instrument.labels(type_)
        for outcome in states.OPERATION.final:
            instruments.OUTCOMES.labels(type_, outcome)
            instruments.DURATION.labels(type_, outcome)
    for outcome in states.RUN.final:
        instruments.RUNS.labels(outcome)


_prepare()


def _guarded(tell: Callable[P, None]) -> Callable[P, None]:
    @functools.wraps(tell)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            tell(*args, **kwargs)
        except Exception:
            # It has happened all the same, and must not look as if not.
            LOG.exception('What has happened could not be told.')
    return guarded


def _notify(type_: str, payload: Mapping[str, Any]) -> None:
    notifications.notify(karbor_context.system(), type_, payload,
                         priority=notification.EVENTS[type_].priority)


@_guarded
def started(operation: Operation) -> None:
    """A worker has claimed an operation."""
    instruments.CLAIMS.labels(operation.type).inc()
    if operation.taken_over:
        instruments.TAKEOVERS.labels(operation.type).inc()
    if operation.attempt == 1 and operation.started_at is not None:
        # of two hosts, whose clocks may differ
        instruments.WAIT.labels(operation.type).observe(max(0.0, (
            operation.started_at - operation.created_at).total_seconds()))
    _notify('karbor.operation.start', notification.of_operation(operation))


def quarter(fraction: float) -> float:
    """The last quarter that is done, but for the whole: 0, 0.25, 0.5, 0.75."""
    # a sum of fractions may lack the last bit
    return min(math.floor(fraction * 4 + 1e-6), 3) / 4


@_guarded
def progressed(operation: Operation, totals: Mapping[str, Any]) -> None:
    """Another quarter of an operation is done.

    :param totals: fraction, bytes_done and bytes_total
    """
    _notify('karbor.operation.progress', notification.of_progress(
        dataclasses.replace(operation, **totals),
        quarter(totals['fraction'])))


@_guarded
def ended(operation: Operation,
          failed: Sequence[tuple[str, str, str | None]] = ()) -> None:
    """An operation has ended.

    :param failed: type, id and reason of its resources that have failed
    """
    instruments.OUTCOMES.labels(operation.type, operation.status).inc()
    if operation.started_at is not None and operation.ended_at is not None:
        instruments.DURATION.labels(
            operation.type, operation.status).observe(max(0.0, (
                operation.ended_at - operation.started_at).total_seconds()))
    _notify(notification.OUTCOMES[operation.status],
            notification.of_operation(operation))
    if operation.type == 'verify' and operation.status == 'error':
        _notify('karbor.verification.failed',
                notification.of_verification(operation, failed))


@_guarded
def lease_lost(operation: Operation) -> None:
    """A worker has lost an operation; it is for others to tell of it."""
    instruments.LEASES_LOST.labels(operation.type).inc()


@_guarded
def run(run: Run, event: str) -> None:
    """A run has ended, or is late.

    :param event: its status, or ``late``
    """
    if event == 'late':
        instruments.RUNS_LATE.inc()
    else:
        instruments.RUNS.labels(event).inc()
    _notify(f'karbor.run.{event}', notification.of_run(run))


@_guarded
def missed(found: Missed) -> None:
    """Expected times of a scheduled operation were over when found."""
    instruments.RUNS_MISSED.inc(found.count)
    _notify('karbor.run.missed', notification.of_missed(found))


@_guarded
def retention_skipped(swept: retention.Sweep) -> None:
    """A sweep could not remove all that is not kept."""
    _notify('karbor.retention.skipped', notification.of_retention(
        swept.operation_id, swept.project_id, swept.plan_id, swept.begun,
        str(swept.reason)))
