# SPDX-License-Identifier: Apache-2.0
from oslo_db import exception as db_exception
import pytest
import sqlalchemy as sa

from karbor import context
from karbor import exception
from karbor.actions import events
from karbor.actions import eventsources
from karbor.actions import triggers
from karbor.db import events as db
from karbor.db import models
from karbor.db import session
from karbor.model.query import ListQuery
from karbor.plugins.eventsource.notification import Notification
from karbor.tests import fixtures

DELETE = 'compute.instance.delete.start'


@pytest.fixture(autouse=True)
def house(database, rules):
    """Everything that actions stand on."""


def make(who, *event_types, **properties):
    return triggers.create(who, name='deleted', type_='event', properties={
        'source': 'notification',
        'event_types': list(event_types) or [DELETE], **properties})


def receive(project=fixtures.PROJECT, id_='m1', **changes):
    return events.receive(project, **{
        'id_': id_, 'type_': DELETE, 'payload': {}, **changes})


def fires(who, trigger):
    return triggers.get(who, trigger.id).next_time is not None


def test_those_fire_that_want_it(member):
    wanted = [make(member), make(member, 'compute.*'),
              make(member, payload={'host': 'one'})]
    others = [make(member, 'compute.instance.create.*'),
              make(member, payload={'host': 'two'})]
    assert receive(payload={'host': 'one'}) == 3
    assert all(fires(member, trigger) for trigger in wanted)
    assert not any(fires(member, trigger) for trigger in others)


def test_nobody_sees_what_happens_in_other_projects(member, stranger):
    mine, theirs = make(member), make(stranger)
    assert receive(fixtures.OTHER) == 1
    assert not fires(member, mine)
    assert fires(stranger, theirs)


def test_it_may_come_again(member):
    trigger = make(member)
    assert receive() == 1
    before = triggers.get(member, trigger.id)
    assert receive() == 1
    assert triggers.get(member, trigger.id) == before


def test_what_nobody_wants_costs_a_question(member):
    """And nothing is written."""
    for _number in range(5):
        make(member, 'other.type')
    for project, type_ in ((fixtures.OTHER, DELETE),
                           (fixtures.PROJECT, DELETE)):
        with fixtures.Statements() as statements:
            assert receive(project, type_=type_) == 0
        # and BEGIN
        assert statements.count <= 2


def test_a_crash_between_two_triggers(member, monkeypatch):
    """Sent again, it reaches those that have not had it, and no other."""
    made = [make(member) for _number in range(3)]
    take, calls = db.take, []

    def crash(context, trigger_id, *args, **kwargs):
        calls.append(trigger_id)
        if len(calls) == 2:
            raise db_exception.DBConnectionError
        return take(context, trigger_id, *args, **kwargs)

    monkeypatch.setattr(db, 'take', crash)
    with pytest.raises(db_exception.DBConnectionError):
        receive()
    first = triggers.get(member, calls[0])
    assert receive() == 3
    assert all(fires(member, trigger) for trigger in made)
    assert triggers.get(member, calls[0]) == first


def test_a_trigger_that_goes_meanwhile(member, monkeypatch):
    for _number in range(2):
        make(member)
    candidates = db.candidates

    def late(*args):
        found = candidates(*args)
        triggers.delete(member, found[0][0].id)
        return found

    monkeypatch.setattr(db, 'candidates', late)
    assert receive() == 2
    [left] = triggers.list_(member, ListQuery())
    assert left.next_time is not None


def test_a_source_that_fails_at_one_trigger(member, monkeypatch, caplog):
    first, second = make(member, 'boom'), make(member)
    matches = Notification.matches

    def fail(self, properties, event):
        if 'boom' in properties['event_types']:
            raise ZeroDivisionError
        return matches(self, properties, event)

    monkeypatch.setattr(Notification, 'matches', fail)
    assert receive() == 1
    assert fires(member, second)
    assert not fires(member, first)
    assert first.id in caplog.text


def test_a_trigger_that_cannot_take_it_keeps_it_from_no_other(member, caplog):
    """As one of which a newer release has stored something else."""
    made = [make(member) for _number in range(3)]
    ids = sorted(trigger.id for trigger in made)
    with session.writer(context.system()) as writer:
        session.changed(writer, sa.update(models.Trigger).where(
            models.Trigger.id == ids[0]).values(
                properties={'source': 'notification',
                            'event_types': [DELETE]}))
    assert receive() == 3
    assert [trigger.id for trigger in made if fires(member, trigger)] == [
        trigger.id for trigger in made if trigger.id != ids[0]]
    assert ids[0] in caplog.text


def test_without_a_source_nothing_is_asked(monkeypatch):
    monkeypatch.setattr(eventsources, 'arriving', lambda how: ())
    with fixtures.Statements() as statements:
        assert receive() == 0
    assert statements.count == 0


# -- the triggers -------------------------------------------------------------

def test_properties_are_complete(member):
    made = make(member, debounce=5)
    assert made.properties == {
        'source': 'notification', 'window': 900, 'debounce': 5,
        'min_interval': 60, 'event_types': [DELETE]}
    assert (made.next_time, made.source) == (None, 'notification')
    changed = triggers.update(member, made.id, {'properties': {
        'source': 'notification', 'event_types': ['a', 'b'],
        'window': 1800}})
    assert changed.properties == {
        'source': 'notification', 'window': 1800, 'debounce': 0,
        'min_interval': 60, 'event_types': ['a', 'b']}


def test_a_change_of_the_types_holds_at_once(member):
    made = make(member)
    triggers.update(member, made.id, {'properties': {
        'source': 'notification', 'event_types': ['other']}})
    assert receive() == 0
    assert receive(type_='other') == 1


@pytest.mark.parametrize(('properties', 'said'), [
    ({'source': 'webhook'}, 'field source: it stays notification'),
    ({'source': 'notification'}, 'field event_types'),
    ({'source': 'notification', 'event_types': ['a'], 'window': 5},
     'field window: expected 900 to 1800'),
    ({'format': 'crontab', 'pattern': '@daily', 'start_time': None},
     'field source')])
def test_what_is_wrong_changes_nothing(member, properties, said):
    made = make(member)
    with pytest.raises(exception.Invalid, match=said):
        triggers.update(member, made.id, {'name': 'x',
                                          'properties': properties})
    assert triggers.get(member, made.id) == made


@pytest.mark.parametrize(('properties', 'said'), [
    ({'pattern': '@daily'}, 'field format: a time trigger needs it'),
    ({'format': 'crontab', 'pattern': '@daily', 'source': 'webhook'},
     'field source: a time trigger does not know it; it knows format')])
def test_a_time_trigger_has_its_own(member, properties, said):
    with pytest.raises(exception.Invalid, match=said):
        triggers.create(member, name='n', type_='time',
                        properties=properties)
