# SPDX-License-Identifier: Apache-2.0
import datetime

import pytest

from karbor import exception
from karbor.actions import triggers
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
        'start_time': '2026-11-22 18:00:00', 'end_time': None, 'window': 900}
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
    {'end_time': START}, {'start_time': START.replace(year=1900)}])
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


def test_there_is_one_type(member):
    with pytest.raises(exception.Invalid, match='expected one of time, not'):
        triggers.create(member, name='n', type_='event',
                        properties=properties())
