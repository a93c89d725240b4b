# SPDX-License-Identifier: Apache-2.0
import datetime

import pytest

from karbor import exception
from karbor import plugin
from karbor.actions import triggers
from karbor.db import models
from karbor.db import session
from karbor.model.query import ListQuery

START = datetime.datetime(2026, 11, 22, 18, 0, tzinfo=datetime.UTC)


@pytest.fixture(autouse=True)
def house(database, rules):
    """Everything that actions stand on."""


def properties(**changes):
    return {'format': 'crontab', 'pattern': '0 2 * * 1', 'start_time': START,
            **changes}


def make(who, **changes):
    return triggers.create(who, name='nightly', type_='time',
                           properties=properties(**changes))


def test_from_beginning_to_end(member):
    made = make(member)
    assert made.properties == {
        'format': 'crontab', 'pattern': '0 2 * * 1',
        'start_time': '2026-11-22 18:00:00', 'end_time': None, 'window': 900,
        'timezone': 'UTC'}
    assert triggers.get(member, made.id) == made
    assert triggers.list_(member, ListQuery()) == [made]
    changed = triggers.update(member, made.id, {
        'name': 'new', 'properties': properties(window=1800)})
    assert (changed.name, changed.properties['window']) == ('new', 1800)
    triggers.delete(member, made.id)
    with pytest.raises(exception.TriggerNotFound):
        triggers.get(member, made.id)


def test_others_cannot_touch_it(member, stranger):
    made = make(member)
    for touch in (lambda: triggers.get(stranger, made.id),
                  lambda: triggers.update(stranger, made.id, {'name': 'x'}),
                  lambda: triggers.delete(stranger, made.id)):
        with pytest.raises(exception.TriggerNotFound):
            touch()
    assert triggers.get(member, made.id) == made


@pytest.mark.parametrize('changes', [
    {'pattern': '* * * * *'}, {'format': 'sundial'}, {'window': 5},
    {'end_time': START}, {'start_time': START.replace(year=1900)},
    {'timezone': 'Atlantis'}])
def test_of_what_is_refused_nothing_stays(member, changes):
    with pytest.raises(exception.Invalid):
        make(member, **changes)
    assert triggers.list_(member, ListQuery()) == []
    made = make(member)
    with pytest.raises(exception.Invalid):
        triggers.update(member, made.id, {
            'name': 'x', 'properties': properties(**changes)})
    assert triggers.get(member, made.id) == made


def test_a_start_is_now_unless_it_is_changed(member):
    made = make(member, start_time=None)
    assert made.properties['start_time'] > '2026-11-22'
    with pytest.raises(exception.Invalid, match='start_time should be'):
        triggers.update(member, made.id,
                        {'properties': properties(start_time=None)})


def test_there_are_two_types(member):
    with pytest.raises(exception.Invalid,
                       match='expected one of time, event, not moon'):
        triggers.create(member, name='n', type_='moon',
                        properties=properties())


def test_a_zone_stays_unless_another_is_named(member):
    made = make(member, timezone='Europe/Berlin')
    for changes, zone in (({}, 'Europe/Berlin'),
                          ({'timezone': 'Asia/Tokyo'}, 'Asia/Tokyo'),
                          ({'timezone': None}, 'UTC')):
        changed = triggers.update(member, made.id,
                                  {'properties': properties(**changes)})
        assert changed.properties['timezone'] == zone


def test_a_trigger_of_an_older_release_is_in_utc(member):
    made = make(member)
    with session.writer(member) as writer:
        row = writer.get(models.Trigger, made.id)
        row.properties = {key: value for key, value
                          in made.properties.items() if key != 'timezone'}
    changed = triggers.update(member, made.id, {'properties': properties()})
    assert changed.properties == made.properties


def test_a_time_is_one_of_the_clock_on_the_wall(member):
    far = START.replace(year=2126)
    made = make(member, timezone='America/New_York', start_time=far)
    assert made.next_time == datetime.datetime(
        2126, 11, 25, 7, 0, tzinfo=datetime.UTC)


def preview(who, count=3, type_='time', **changes):
    return triggers.preview(who, type_=type_, count=count,
                            properties=properties(**changes))


def test_a_preview_is_what_a_trigger_would_do(member):
    far = START.replace(year=2126)
    stored, times = preview(member, 200, start_time=far,
                            timezone='Europe/Berlin')
    assert times == sorted(set(times))
    assert len(times) == 200
    made = make(member, start_time=far, timezone='Europe/Berlin')
    assert (made.properties, made.next_time) == (stored, times[0])
    # at two o'clock on the wall, in summer and in winter
    zone = plugin.time_zone('Europe/Berlin')
    assert {time.astimezone(zone).hour for time in times} == {2}
    assert {time.hour for time in times} == {0, 1}
    # nothing but the trigger that was asked for is there
    assert triggers.list_(member, ListQuery()) == [made]


def test_a_preview_ends_with_the_trigger(member):
    far = START.replace(year=2126)
    times = preview(member, start_time=far,
                    end_time=far.replace(day=30))[1]
    assert [time.day for time in times] == [25]


@pytest.mark.parametrize(('changes', 'words'), [
    ({'pattern': '0 0 30 2 *'}, 'never fires'),
    ({'timezone': 'Mars'}, 'timezone.*Europe/Berlin.*not Mars'),
    ({'type_': 'event'}, 'nobody knows when'),
    ({'type_': 'moon'}, 'expected one of')])
def test_a_preview_refuses_what_a_trigger_cannot_be(member, changes, words):
    with pytest.raises(exception.Invalid, match=words):
        preview(member, **changes)


def test_who_may_not_create_sees_no_preview(stranger):
    stranger.roles = ['reader']
    with pytest.raises(exception.Forbidden, match='trigger:create'):
        preview(stranger)


def test_a_window_is_a_whole_number(member):
    made = make(member, window=900.0)
    assert repr(triggers.get(member, made.id).properties['window']) == '900'
