# SPDX-License-Identifier: Apache-2.0
"""Protect a plan, and keep only some of its checkpoints."""

from collections.abc import Mapping
import datetime
from typing import Any

from karbor import plugin

DAY = 86_400            # seconds; also when clocks are put forward
MOST_DAYS = 36_500
MOST_PERIODS = 1000
ALL = -1


def _limit(what: str, most: int) -> dict[str, Any]:
    return {'type': 'integer', 'minimum': ALL, 'maximum': most,
            'not': {'const': 0},
            'description': f'expected {what}: 1 to {most}, or -1 for all'}


class RetentionProtect(plugin.OperationType):
    """The operation type ``retention_protect``.

    A checkpoint is kept if it is within the limits of number and of age,
    where a limit that is not given is none; or if it is the last one of a
    period that is to be kept. With periods and without any limit, only these
    are kept.
    """

    members = {
        'max_backups': _limit('how many checkpoints to keep', 2 ** 31 - 1),
        'retention_duration': _limit('how many days to keep a checkpoint',
                                     MOST_DAYS),
        'max_age': {
            'type': 'integer', 'minimum': 1, 'maximum': MOST_DAYS * DAY,
            'description': 'expected how many seconds to keep a checkpoint: '
                           f'1 to {MOST_DAYS * DAY}'},
        'keep': {
            'type': 'object', 'minProperties': 1,
            'additionalProperties': False,
            'properties': {name: {'type': 'integer', 'minimum': 1,
                                  'maximum': MOST_PERIODS}
                           for name in plugin.PERIODS},
            'description': 'expected of how many periods to keep the last '
                           f'checkpoint: an object of any of '
                           f'{", ".join(plugin.PERIODS)}, each 1 to '
                           f'{MOST_PERIODS}'},
        'timezone': {
            'type': 'string',
            'description': 'expected the name of a time zone such as '
                           'Europe/Berlin or UTC'}}

    def check(self, definition: Mapping[str, Any]) -> None:
        if 'retention_duration' in definition and 'max_age' in definition:
            raise plugin.Invalid(field='max_age', reason=(
                'expected either this or retention_duration: both say how '
                'old a checkpoint may be'))
        if 'timezone' in definition:
            plugin.time_zone(definition['timezone'])
        if 'keep' in definition:
            for name in ('max_backups', 'retention_duration'):
                if definition.get(name) == ALL:
                    # it would be the whole of what is kept, or nothing of it
                    raise plugin.Invalid(field=name, reason=(
                        'expected a limit, or nothing, beside keep; without '
                        'any limit only what keep names is kept'))

    def run(self, definition: Mapping[str, Any],
            actions: plugin.Actions) -> None:
        actions.protect()

    def retention(self, definition: Mapping[str, Any], *,
                  zone: datetime.tzinfo = datetime.UTC,
                  ) -> plugin.Retention | None:
        number = _given(definition, 'max_backups')
        days = _given(definition, 'retention_duration')
        seconds = (definition.get('max_age') if days is None
                   else days * DAY)
        periods = dict(definition.get('keep', {}))
        if periods and number is None and seconds is None:
            # none for their number, or all would be kept
            number = 0
        if 'timezone' in definition:
            zone = plugin.time_zone(definition['timezone'])
        return plugin.Retention(number=number, seconds=seconds,
                                periods=periods, zone=zone)


def _given(definition: Mapping[str, Any], name: str) -> int | None:
    limit: int = definition.get(name, ALL)
    return None if limit == ALL else limit
