# SPDX-License-Identifier: Apache-2.0
import dataclasses
import datetime
import json
import time

import pytest
import sqlalchemy as sa

from karbor import exception
from karbor.actions import triggers
from karbor.actions import webhooks
from karbor.db import models
from karbor.db import session
from karbor.model import webhook
from karbor.tests import fixtures
from karbor.tests.unit.db import schedules

KEY, NEW = 'k' * 32, 'n' * 32
NOW = 1_764_000_000


@pytest.fixture(autouse=True)
def house(database, rules, conf):
    """Everything that actions stand on."""
    conf.set_override('webhook_keys', [KEY], 'events')
    return conf


@pytest.fixture
def clock():
    """The database's, which stands still."""
    return schedules.Clock(datetime.datetime.fromtimestamp(
        NOW, datetime.UTC))


def make(who, **properties):
    return triggers.create(who, name='built', type_='event', properties={
        'source': 'webhook', **properties})


def call(secret, payload=None, *, timestamp=NOW, event_id=None, body=None,
         **changes):
    body = (b'' if payload is None else json.dumps(payload).encode()
            ) if body is None else body
    return webhooks.Call(**{
        'timestamp': str(timestamp), 'body': body, 'event_id': event_id,
        'signature': webhook.signature(secret, str(timestamp), body),
        'read': lambda: json.loads(body or '{}'), **changes})


def receive(trigger, called, clock, project=fixtures.PROJECT):
    return webhooks.receive(project, trigger.id, called, clock=clock)


def everything():
    """What is in the database about triggers."""
    with session.engine().connect() as connection:
        return [connection.execute(sa.select(table)).all() for table in (
            models.Trigger.__table__, models.TriggerEvent.__table__)]


@pytest.fixture
def hooked(member):
    return make(member)


def test_a_call_fires_the_trigger(member, hooked, clock):
    secret = webhooks.secret(hooked)
    assert receive(hooked, call(secret, {'a': 1}), clock) is True
    assert triggers.get(member, hooked.id).next_time == clock.moment
    pending = everything()[0][0]._mapping['pending']
    assert pending['count'] == 1
    assert pending['type'] == 'webhook'


def test_the_secret_is_nowhere(member, hooked, clock, caplog):
    secret = webhooks.secret(hooked)
    called = call(secret, {'a': 1})
    receive(hooked, called, clock)
    stored = repr(everything())
    for word in (secret, KEY, called.signature.partition('=')[2]):
        assert word not in stored
        assert word not in caplog.text


WRONG = [
    {'signature': ''}, {'signature': 'sha256='}, {'signature': 'x' * 71},
    {'signature': 'sha256=' + '0' * 64}, {'timestamp': ''},
    {'timestamp': str(NOW + 1)}, {'timestamp': 'now'},
    {'timestamp': '\N{SUPERSCRIPT TWO}'}, {'body': b'{"a": 2}'},
    {'body': b''}, {'event_id': None, 'signature': '\xff'}]


@pytest.mark.parametrize('changes', WRONG)
def test_one_change_and_it_is_refused(hooked, clock, changes):
    right = call(webhooks.secret(hooked), {'a': 1})
    before = everything()
    with pytest.raises(exception.WebhookRefused):
        receive(hooked, dataclasses.replace(right, **changes), clock)
    assert everything() == before
    assert receive(hooked, right, clock) is True


def test_all_that_is_not_there_looks_alike(member, hooked, clock):
    """The same words, after as many questions and digests."""
    nightly = triggers.create(
        member, name='n', type_='time',
        properties={'format': 'crontab', 'pattern': '@daily'})
    gone = make(member)
    triggers.delete(member, gone.id)
    secret = webhooks.secret(hooked)
    seen = set()
    for trigger, called, project in (
            (hooked, call('x' * 64), fixtures.PROJECT),
            (hooked, call(secret), fixtures.OTHER),
            (nightly, call(webhook.secret(KEY, nightly.id, 1)),
             fixtures.PROJECT),
            (gone, call(webhooks.secret(gone)), fixtures.PROJECT)):
        with pytest.raises(exception.WebhookRefused) as raised, \
                fixtures.Statements() as statements:
            receive(trigger, called, clock, project)
        seen.add((str(raised.value), statements.count))
    assert len(seen) == 1


@pytest.mark.parametrize('apart', [-300, 300])
def test_clocks_may_differ(hooked, clock, apart):
    secret = webhooks.secret(hooked)
    with pytest.raises(exception.WebhookStale, match='301 seconds away'):
        receive(hooked, call(secret, timestamp=NOW + apart + (
            1 if apart > 0 else -1)), clock)
    assert receive(hooked, call(secret, timestamp=NOW + apart), clock)


def test_a_stranger_does_not_learn_the_time(hooked, clock):
    with pytest.raises(exception.WebhookRefused):
        receive(hooked, call('x' * 64, timestamp=5), clock)


def test_a_call_counts_once(member, hooked, clock):
    """As long as its timestamp is believed, and that is half the time."""
    called = call(webhooks.secret(hooked), timestamp=NOW + 300)
    assert receive(hooked, called, clock)
    for _time in range(3):
        with pytest.raises(exception.EventTaken):
            receive(hooked, called, clock)
        clock.after(seconds=200)
    clock.after(seconds=1)
    with pytest.raises(exception.WebhookStale):
        receive(hooked, called, clock)


@pytest.mark.parametrize('remember', [1, 10_000])
def test_what_is_believed_is_remembered(conf, hooked, clock, remember):
    """Whatever the operator thinks of it."""
    conf.set_override('remember', remember, 'events')
    called = call(webhooks.secret(hooked), timestamp=NOW + 300)
    receive(hooked, called, clock)
    clock.after(seconds=600)
    # one that trims
    receive(hooked, call(webhooks.secret(hooked), timestamp=NOW + 600), clock)
    with pytest.raises(exception.EventTaken):
        receive(hooked, called, clock)


def test_an_event_that_is_sent_again_counts_once(hooked, clock):
    secret = webhooks.secret(hooked)
    assert receive(hooked, call(secret, event_id='build-7'), clock)
    with pytest.raises(exception.EventTaken):
        receive(hooked, call(secret, event_id='build-7', timestamp=NOW + 1),
                clock)
    assert receive(hooked, call(secret, event_id='build-8', timestamp=NOW + 2),
                   clock)


@pytest.mark.parametrize('event_id', ['', 'a b', 'x' * 129, 'caf\xe9', 'a\n'])
def test_ids_that_are_none(hooked, clock, event_id):
    with pytest.raises(exception.Invalid, match='X-Karbor-Event-Id'):
        receive(hooked, call(webhooks.secret(hooked), event_id=event_id),
                clock)


def test_an_event_that_is_not_wanted(member, clock):
    trigger = make(member, payload={'ref': ['main', 'stable']})
    secret = webhooks.secret(trigger)
    before = everything()
    assert receive(trigger, call(secret, {'ref': 'new'}), clock) is False
    assert receive(trigger, call(secret), clock) is False
    assert everything() == before
    assert receive(trigger, call(secret, {'ref': 'main'}), clock) is True


def test_the_body_is_read_when_the_signature_was_right(hooked, clock):
    def read():
        raise exception.MalformedBody(reason='no')

    with pytest.raises(exception.WebhookRefused):
        receive(hooked, call('x' * 64, read=read), clock)
    with pytest.raises(exception.MalformedBody):
        receive(hooked, call(webhooks.secret(hooked), read=read), clock)


# -- keys and secrets ---------------------------------------------------------

def test_a_secret_that_is_renewed(member, hooked, clock):
    old = webhooks.secret(hooked)
    new = webhooks.renew_secret(member, hooked.id)
    assert old != new
    with pytest.raises(exception.WebhookRefused):
        receive(hooked, call(old), clock)
    assert receive(hooked, call(new), clock)
    assert webhooks.renew_secret(member, hooked.id) not in (old, new)


def test_the_key_is_changed(member, hooked, clock, conf):
    """New secrets are of the first; the old ones are good for a while."""
    old = webhooks.secret(hooked)
    conf.set_override('webhook_keys', [NEW, KEY], 'events')
    assert receive(hooked, call(old), clock)
    later = make(member)
    assert receive(later, call(webhooks.secret(later)), clock)
    new = webhooks.renew_secret(member, hooked.id)
    assert new == webhook.secret(NEW, hooked.id, 2)
    conf.set_override('webhook_keys', [NEW], 'events')
    assert receive(hooked, call(new, timestamp=NOW + 1), clock)
    assert receive(later, call(webhooks.secret(later), timestamp=NOW + 1),
                   clock)
    conf.set_override('webhook_keys', [], 'events')
    with pytest.raises(exception.WebhookRefused):
        receive(hooked, call(new, timestamp=NOW + 2), clock)


def test_without_a_key_there_are_none(member, hooked, conf):
    conf.set_override('webhook_keys', [], 'events')
    with pytest.raises(exception.Invalid, match='until the operator sets'):
        make(member)
    with pytest.raises(exception.Invalid, match='until the operator sets'):
        webhooks.renew_secret(member, hooked.id)
    # but notifications
    assert make(member, source='notification',
                event_types=['a']).secret_version is None


def test_whose_secret_is_renewed(member, stranger, hooked):
    before = everything()
    with pytest.raises(exception.TriggerNotFound):
        webhooks.renew_secret(stranger, hooked.id)
    member.roles = ['reader']
    with pytest.raises(exception.Forbidden, match='trigger:renew_secret'):
        webhooks.renew_secret(member, hooked.id)
    assert everything() == before


def test_a_trigger_without_a_secret(member):
    for trigger in (make(member, source='notification', event_types=['a']),
                    triggers.create(member, name='n', type_='time',
                                    properties={'format': 'crontab',
                                                'pattern': '@daily'})):
        assert webhooks.secret(trigger) is None
        with pytest.raises(exception.NoWebhook, match='is no webhook'):
            webhooks.renew_secret(member, trigger.id)


def test_the_clock_is_that_of_the_database(hooked):
    secret = webhooks.secret(hooked)
    assert webhooks.receive(fixtures.PROJECT, hooked.id,
                            call(secret, timestamp=int(time.time())))
    with pytest.raises(exception.WebhookStale):
        webhooks.receive(fixtures.PROJECT, hooked.id, call(secret))
