# SPDX-License-Identifier: Apache-2.0
import datetime

from hypothesis import given
from hypothesis import strategies as st
import pytest

from karbor.model import event
from karbor.model.event import Event
from karbor.model.event import Pace

NOON = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)


def later(seconds):
    return NOON + datetime.timedelta(seconds=seconds)


def made(seconds=0, id_='e'):
    return Event(id=id_, type='t', project_id='p', payload={},
                 received_at=later(seconds))


@pytest.mark.parametrize(('pace', 'first', 'fired', 'expected'), [
    # at once
    (Pace(0, 60), 100, None, 100), (Pace(0, 60), 100, 40, 100),
    # not yet: it has just fired
    (Pace(0, 60), 100, 90, 150), (Pace(0, 60), 100, 100, 160),
    # not yet: more may come
    (Pace(5, 60), 100, None, 105), (Pace(5, 60), 60, None, 105),
    # enough, though more may come
    (Pace(5, 60), 52, None, 102), (Pace(5, 60), 50, None, 100),
    (Pace(5, 60), 10, None, 100), (Pace(5, 60), 10, 70, 130)])
def test_when_it_fires_for_an_event(pace, first, fired, expected):
    """The event comes at 100."""
    assert pace.next_time(later(100), later(first), None if fired is None
                          else later(fired)) == later(expected)


def test_what_is_pending():
    one = event.pending(None, made(id_='a'), later(1))
    assert one == {
        'count': 1, 'id': 'a', 'type': 't',
        'received_at': '2026-11-22T12:00:01+00:00',
        'first_at': '2026-11-22T12:00:01+00:00'}
    two = event.pending(one, made(id_='b'), later(2))
    assert two == {**one, 'count': 2, 'id': 'b',
                   'received_at': '2026-11-22T12:00:02+00:00'}
    assert event.first_at(two) == later(1)
    assert one['count'] == 1


# Seconds until the next thing happens, and what it is: events come, and an
# engine looks, whenever it likes.
STORIES = st.lists(st.tuples(
    st.floats(0, 400, allow_nan=False), st.sampled_from(['event', 'look'])),
    max_size=60)
PACES = st.builds(Pace, debounce=st.integers(0, 50),
                  min_interval=st.integers(1, 200))


def firings(pace, story):
    """The law's subject: what a trigger does in the course of a story.

    :return: moments of the events; of each firing its expected time, how many
        events it has, and when the first and the last of them have come
    """
    now, fired, pending, next_time = NOON, None, None, None
    events, found = [], []
    # at the end an engine looks long enough
    for seconds, what in [*story, (10 ** 6, 'look')]:
        now += datetime.timedelta(seconds=seconds)
        if what == 'event':
            events.append(now)
            pending = event.pending(pending, made(), now)
            next_time = pace.next_time(now, event.first_at(pending), fired)
        elif next_time is not None and next_time <= now:
            fired = next_time
            found.append((next_time, pending['count'],
                          event.first_at(pending),
                          datetime.datetime.fromisoformat(
                              pending['received_at'])))
            pending = next_time = None
    assert pending is None
    return events, found


@given(PACES, STORIES)
def test_the_law_of_events(pace, story):
    events, found = firings(pace, story)
    # none is lost, and none fires twice
    assert sum(count for _time, count, *_rest in found) == len(events)
    begin = 0
    fired = None
    for time, count, first, last in found:
        mine = events[begin:begin + count]
        begin += count
        assert (first, last) == (mine[0], mine[-1])
        # never before an event that it is for
        assert time >= last
        if fired is not None:
            assert time - fired >= datetime.timedelta(
                seconds=pace.min_interval)
        # and no later than it has to be
        assert time <= max(
            last, min(last + datetime.timedelta(seconds=pace.debounce),
                      first + datetime.timedelta(
                          seconds=event.PATIENCE * pace.debounce)),
            fired + datetime.timedelta(seconds=pace.min_interval)
            if fired else NOON)
        fired = time


@pytest.mark.parametrize(('payload', 'context', 'expected'), [
    ({'tenant_id': 'a'}, {'project_id': 'b'}, 'a'),
    ({'project_id': 'a'}, {}, 'a'),
    ({'nova_object.data': {'tenant_id': 'a'}}, {'project_id': 'b'}, 'a'),
    ({'nova_object.data': {'tenant_id': ''}}, {'tenant': 'b'}, 'b'),
    ({'nova_object.data': ['a']}, {'project_id': 'b'}, 'b'),
    ({'tenant_id': None}, {'project_id': None, 'tenant_id': 'b'}, 'b'),
    ({'tenant_id': 7}, {'project': ['b']}, None), ({}, {}, None)])
def test_whose_notification_it_is(payload, context, expected):
    assert event.project_of(payload, context) == expected
