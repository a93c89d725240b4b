# SPDX-License-Identifier: Apache-2.0
"""What triggers owe, by their time formats, and what was missed of it."""

import datetime

from oslo_log import log

from karbor import exception
from karbor import plugin
from karbor.actions import telling
from karbor.actions import timeformats
from karbor.model.notification import Missed
from karbor.model.run import Firing
from karbor.model.trigger import from_text
from karbor.model.trigger import Trigger
from karbor.model.trigger import UTC

LOG = log.getLogger(__name__)

# One look at a trigger makes no more runs of an operation; the rest comes with
# the next look.
MOST = 10_000
# until a trigger that cannot be read is tried again
_LATER = datetime.timedelta(seconds=60)


def reckon(trigger: Trigger, done_until: datetime.datetime,
           now: datetime.datetime) -> Firing:
    """What a trigger owes at a moment.

    :param done_until: its times up to this one have been dealt with
    """
    try:
        # what its runs are made with
        datetime.timedelta(seconds=trigger.properties['window'])
        if trigger.type == 'event':
            return _of_events(trigger, now)
        return _of_times(trigger, done_until, now)
    except exception.KarborError as error:
        # Its format is not installed any more, or reads less than it did.
        LOG.error('Trigger %s cannot be read and does not fire: %s',
                  trigger.id, error)
    except Exception:
        # A fault of its format, or of what is stored of it.
        LOG.exception('Trigger %s has a fault and does not fire.', trigger.id)
    # The others must fire; this one owes its times until it can be read.
    return Firing((), done_until, now + _LATER)


def _of_events(trigger: Trigger, now: datetime.datetime) -> Firing:
    """What has come sets the next time; it comes once."""
    if trigger.next_time is None or trigger.next_time > now:
        return Firing((), now, trigger.next_time)
    return Firing((trigger.next_time,), trigger.next_time, None)


def _of_times(trigger: Trigger, done_until: datetime.datetime,
              now: datetime.datetime) -> Firing:
    properties = trigger.properties
    schedule = timeformats.get(properties['format']).read(
        properties['pattern'], start=from_text(properties['start_time']),
        zone=zone_of(trigger))
    end = properties.get('end_time')
    last = datetime.datetime.max.replace(tzinfo=datetime.UTC) if (
        end is None) else from_text(end)
    times: list[datetime.datetime] = []
    # a moment is after itself in no schedule
    found = _later(schedule, done_until)
    while found is not None and found <= min(now, last):
        if len(times) == MOST:
            return Firing(tuple(times), times[-1], times[-1], complete=False)
        times.append(found)
        found = _later(schedule, found)
    return Firing(tuple(times), max(now, done_until),
                  found if found is not None and found <= last else None)


def _later(schedule: plugin.Schedule,
           moment: datetime.datetime) -> datetime.datetime | None:
    # One that goes back or stands still would never come to an end.
    found = schedule.after(moment)
    if found is not None and found <= moment:
        raise ValueError(f'after {moment} comes {found}')
    return found


def zone_of(trigger: Trigger) -> datetime.tzinfo:
    """By whose clock on the wall a trigger fires.

    :raises exception.Invalid: this host does not know the zone
    """
    return plugin.time_zone(trigger.properties.get('timezone', UTC))


def tell(missed: Missed) -> None:
    """Tell of runs of a scheduled operation that were dropped, at once."""
    LOG.warning('%d times of scheduled operation %s were over when they were '
                'found, from %s to %s: %s', missed.count,
                missed.scheduled_operation_id, missed.first, missed.last,
                missed.reason)
    telling.missed(missed)
