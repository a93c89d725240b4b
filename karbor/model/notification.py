# SPDX-License-Identifier: Apache-2.0
"""What the cloud is told: each event with its payload and its schema.

A payload is flat, plain data. Of what users send to plugins it has nothing:
that may be secret.
"""

from collections.abc import Mapping, Sequence
import dataclasses
from dataclasses import dataclass
import datetime
from typing import Any

from oslo_utils import strutils

from karbor.model import states
from karbor.model.operation import Operation
from karbor.model.operation import TYPES
from karbor.model.run import ORIGINS
from karbor.model.run import Run

# Of all payloads. What is added raises the part after the point; what changes
# or goes, the part before it.
VERSION = '1.0'
QUARTERS = (0.25, 0.5, 0.75)
# so many damaged resources are named
MOST = 100


@dataclass(frozen=True, slots=True)
class Event:
    """One type of notification.

    :ivar priority: info or error
    :ivar text: a sentence for operators
    :ivar schema: of its payload, in JSON Schema
    """

    type: str
    priority: str
    text: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Missed:
    """Expected times of a scheduled operation that were over when found.

    :ivar first: the first of them
    :ivar last: the last of them
    :ivar reason: why the last one has no work
    """

    scheduled_operation_id: str
    project_id: str
    trigger_id: str
    plan_id: str
    count: int
    first: datetime.datetime
    last: datetime.datetime
    reason: str

    def and_also(self, other: 'Missed') -> 'Missed':
        """Both as one."""
        last = max(self, other, key=lambda one: one.last)
        return dataclasses.replace(
            last, count=self.count + other.count,
            first=min(self.first, other.first))


def of_operation(operation: Operation) -> dict[str, Any]:
    """The payload about an operation."""
    return {
        'version': VERSION,
        **{name: getattr(operation, name) for name in (
            'id', 'type', 'status', 'attempt', 'project_id', 'user_id',
            'provider_id', 'plan_id', 'checkpoint_id', 'source_checkpoint_id',
            'scheduled_operation_id', 'scheduled_run_id', 'request_id',
            'bytes_done', 'bytes_total')},
        'fraction': round(operation.fraction, 4),
        'reason': _without_secrets(operation.reason),
        **{name: _said(getattr(operation, name)) for name in (
            'created_at', 'started_at', 'ended_at')}}


def of_progress(operation: Operation, quarter: float) -> dict[str, Any]:
    """The payload about a quarter that is done."""
    return {**of_operation(operation), 'quarter': quarter}


def of_verification(operation: Operation,
                    failed: Sequence[tuple[str, str, str | None]],
                    ) -> dict[str, Any]:
    """The payload about a verification that has failed.

    :param failed: type, id and reason of resources that are not in order
    """
    return {
        **of_operation(operation), 'resources_failed': len(failed),
        'resources': [
            {'type': type_, 'id': id_, 'reason': _without_secrets(reason)}
            for type_, id_, reason in failed[:MOST]]}


def of_run(run: Run) -> dict[str, Any]:
    """The payload about a run."""
    return {
        'version': VERSION,
        **{name: getattr(run, name) for name in (
            'id', 'project_id', 'scheduled_operation_id', 'plan_id',
            'trigger_id', 'origin', 'status', 'late', 'checkpoint_id',
            'operation_id')},
        'reason': _without_secrets(run.reason),
        **{name: _said(getattr(run, name)) for name in (
            'expected_at', 'triggered_at', 'started_at', 'ended_at')}}


def of_missed(missed: Missed) -> dict[str, Any]:
    """The payload about expected times that were over when found."""
    return {
        'version': VERSION,
        **{name: getattr(missed, name) for name in (
            'scheduled_operation_id', 'project_id', 'trigger_id', 'plan_id',
            'count', 'reason')},
        'first_expected_at': _said(missed.first),
        'last_expected_at': _said(missed.last)}


def of_retention(operation_id: str, project_id: str, plan_id: str,
                 begun: Sequence[str], reason: str) -> dict[str, Any]:
    """The payload about checkpoints that are not removed.

    :param operation_id: of the scheduled operation
    :param begun: ids of checkpoints whose deletion has begun all the same
    """
    return {
        'version': VERSION, 'scheduled_operation_id': operation_id,
        'project_id': project_id, 'plan_id': plan_id,
        'checkpoints_begun': list(begun[:MOST]),
        'reason': _without_secrets(reason)}


def _said(moment: datetime.datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _without_secrets(reason: str | None) -> str | None:
    """A reason may quote what a plugin was told by a program."""
    return None if reason is None else str(strutils.mask_password(reason))


# -- schemas ------------------------------------------------------------------

_ID = {'type': 'string', 'maxLength': 255}
_MAYBE_ID = {'type': ['string', 'null'], 'maxLength': 255}
_TEXT = {'type': 'string'}
_MAYBE_TEXT = {'type': ['string', 'null']}
_TIME = {'type': 'string', 'format': 'date-time'}
_MAYBE_TIME = {'type': ['string', 'null'], 'format': 'date-time'}
_COUNT = {'type': 'integer', 'minimum': 0}
_VERSION = {'type': 'string', 'pattern': r'^1\.[0-9]+$'}

_OPERATION: Mapping[str, Any] = {
    'version': _VERSION, 'id': _ID, 'type': {'enum': list(TYPES)},
    'status': {'enum': sorted(states.OPERATION.changes)},
    'attempt': _COUNT, 'project_id': _ID, 'user_id': _MAYBE_ID,
    'provider_id': _ID, 'plan_id': _MAYBE_ID, 'checkpoint_id': _ID,
    'source_checkpoint_id': _MAYBE_ID, 'scheduled_operation_id': _MAYBE_ID,
    'scheduled_run_id': _MAYBE_ID, 'request_id': _MAYBE_ID,
    'fraction': {'type': 'number', 'minimum': 0, 'maximum': 1},
    'bytes_done': _COUNT, 'bytes_total': _COUNT, 'reason': _MAYBE_TEXT,
    'created_at': _TIME, 'started_at': _MAYBE_TIME, 'ended_at': _MAYBE_TIME}
_RUNNING = {'status': {'const': 'running'}, 'started_at': _TIME,
            'ended_at': {'type': 'null'}}
_FAILED = {'status': {'const': 'error'}, 'reason': _TEXT, 'ended_at': _TIME}

_RUN: Mapping[str, Any] = {
    'version': _VERSION, 'id': _ID, 'project_id': _ID,
    'scheduled_operation_id': _ID, 'plan_id': _ID, 'trigger_id': _ID,
    'origin': {'enum': list(ORIGINS)},
    'status': {'enum': sorted(states.RUN.changes)},
    'late': {'type': 'boolean'}, 'checkpoint_id': _MAYBE_ID,
    'operation_id': _MAYBE_ID, 'reason': _MAYBE_TEXT, 'expected_at': _TIME,
    'triggered_at': _TIME, 'started_at': _MAYBE_TIME,
    'ended_at': _MAYBE_TIME}


def _event(type_: str, priority: str, text: str,
           *properties: Mapping[str, Any]) -> Event:
    merged: dict[str, Any] = {}
    for part in properties:
        merged |= part
    return Event(type_, priority, text, {
        '$schema': 'https://json-schema.org/draft/2020-12/schema',
        'title': type_, 'description': text, 'type': 'object',
        'properties': merged, 'required': sorted(merged)})


def _run_event(status: str, priority: str, text: str) -> Event:
    return _event(f'karbor.run.{status}', priority, text, _RUN, {
        'status': {'const': status}, 'ended_at': _TIME,
        **({} if status == 'success' else {'reason': _TEXT})})


EVENTS: Mapping[str, Event] = {event.type: event for event in (
    _event('karbor.operation.start', 'info',
           'A worker has begun an operation, or goes on with one that another '
           'worker has left: then attempt is more than 1.',
           _OPERATION, _RUNNING),
    _event('karbor.operation.progress', 'info',
           'A quarter, a half or three quarters of an operation are done. Of '
           'those that are passed at the same time, only the last is told.',
           _OPERATION, _RUNNING, {'quarter': {'enum': list(QUARTERS)}}),
    _event('karbor.operation.end', 'info', 'An operation has succeeded.',
           _OPERATION, {'status': {'const': 'success'},
                        'fraction': {'const': 1}, 'ended_at': _TIME}),
    _event('karbor.operation.error', 'error', 'An operation has failed.',
           _OPERATION, _FAILED),
    _event('karbor.operation.cancel', 'info',
           'A user has cancelled an operation, and it has ended.',
           _OPERATION, {'status': {'const': 'cancelled'}, 'reason': _TEXT,
                        'ended_at': _TIME}),
    _event('karbor.verification.failed', 'error',
           'A verification could not prove a checkpoint. It is told beside '
           'karbor.operation.error, with the resources that are not in order: '
           f'at most {MOST} of them.',
           _OPERATION, _FAILED, {
               'type': {'const': 'verify'}, 'resources_failed': _COUNT,
               'resources': {'type': 'array', 'maxItems': MOST, 'items': {
                   'type': 'object', 'required': ['type', 'id', 'reason'],
                   'properties': {'type': _TEXT, 'id': _ID,
                                  'reason': _MAYBE_TEXT}}}}),
    _run_event('success', 'info', 'A run of a scheduled operation has ended, '
               'and so has its work.'),
    _run_event('failed', 'error',
               'A run has begun, but its work has failed.'),
    _run_event('skipped', 'error', 'A run could not begin, because of its '
               'plan, its user, its quota or the run before it.'),
    _run_event('dropped_out_of_window', 'error',
               'A run could not begin in the window of its trigger.'),
    _event('karbor.run.late', 'error',
           'A run has not ended in the time that its scheduled operation '
           'gives it. It goes on.', _RUN, {'late': {'const': True}}),
    _event('karbor.run.missed', 'error',
           'Expected times of a scheduled operation had gone by when an '
           'engine looked: none was there before. Nothing is done for them; '
           'each has its run, which says why.', {
               'version': _VERSION, 'scheduled_operation_id': _ID,
               'project_id': _ID, 'trigger_id': _ID, 'plan_id': _ID,
               'count': {'type': 'integer', 'minimum': 1}, 'reason': _TEXT,
               'first_expected_at': _TIME, 'last_expected_at': _TIME}),
    _event('karbor.retention.skipped', 'error',
           'Checkpoints that a scheduled operation does not keep could not '
           'all be removed. It is told once, until the reason changes. At '
           f'most {MOST} of those whose deletion has begun are named.', {
               'version': _VERSION, 'scheduled_operation_id': _ID,
               'project_id': _ID, 'plan_id': _ID, 'reason': _TEXT,
               'checkpoints_begun': {'type': 'array', 'items': _ID,
                                     'maxItems': MOST}}),
)}

# by the status in which an operation has ended
OUTCOMES: Mapping[str, str] = {
    'success': 'karbor.operation.end', 'error': 'karbor.operation.error',
    'cancelled': 'karbor.operation.cancel'}
