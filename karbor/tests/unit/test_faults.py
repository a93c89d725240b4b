# SPDX-License-Identifier: Apache-2.0
"""The faults themselves: what others prove with them depends on it."""

import threading

from oslo_db import exception as db_exception
import pytest
import sqlalchemy as sa

from karbor import context as karbor_context
from karbor import plugin
from karbor.db import models
from karbor.db import services
from karbor.db import session
from karbor.plugin.testing import MemoryBank
from karbor.tests import faults
from karbor.tests.faults import Call
from karbor.tests.faults import Crash
from karbor.tests.faults import database as watched
from karbor.tests.faults import Faults
from karbor.tests.faults import FaultyBank


def away():
    return plugin.BankError(key='k', reason='away')


@pytest.fixture
def bank():
    return MemoryBank()


def test_all_is_counted_and_nothing_fails_unless_it_is_told(bank):
    seen = Faults()
    mine = FaultyBank(bank, seen)
    mine.put('a', b'1')
    assert mine.get('a') == b'1'
    assert mine.list('a') == ['a']
    mine.delete('a')
    assert bank.list() == []
    assert seen.calls == 4
    assert seen.seen == [Call('put', 'a'), Call('get', 'a'),
                         Call('list', 'a'), Call('delete', 'a')]
    assert str(seen.seen[0]) == 'put a'
    assert not seen.hit


@pytest.mark.parametrize(('after', 'there'), [(False, []), (True, ['b'])])
def test_the_nth_of_a_kind_fails_before_or_after_its_effect(
        bank, after, there):
    fault = Faults(2, away(), on=['put'], after=after)
    mine = FaultyBank(bank, fault)
    mine.put('a', b'1')
    mine.delete('a')            # another kind does not count
    with pytest.raises(plugin.BankError, match='away'):
        mine.put('b', b'2')
    assert fault.hit
    assert bank.list() == there
    mine.put('c', b'3')         # just that one


def test_all_that_follow_may_fail_too(bank):
    mine = FaultyBank(bank, Faults(2, away(), from_then_on=True))
    mine.put('a', b'1')
    for _time in range(3):
        with pytest.raises(plugin.BankError):
            mine.put('b', b'2')
    assert bank.list() == ['a']


def test_the_dead_do_nothing(bank):
    mine = FaultyBank(bank, Faults(1, Crash(), on=['put']))
    for act in (lambda: mine.put('a', b'1'), lambda: mine.put('a', b'1'),
                lambda: mine.get('a')):
        with pytest.raises(Crash):
            act()
    assert bank.list() == []


@pytest.mark.parametrize('after', [False, True])
def test_what_hangs_goes_on_when_it_is_released(bank, after):
    hang = faults.Hang()
    mine = FaultyBank(bank, Faults(1, hang, after=after))
    thread = threading.Thread(target=mine.put, args=('a', b'1'))
    thread.start()
    hang.wait()
    assert bank.list() == (['a'] if after else [])
    bank.put('a', b'of another')
    hang.release()
    thread.join()
    assert bank.get('a') == (b'of another' if after else b'1')


@pytest.mark.parametrize(('after', 'stays'), [(False, b'1'),
                                              (True, b'of another')])
def test_others_act_meanwhile(bank, after, stays):
    """That is how a worker is late, without a thread that waits."""
    mine = FaultyBank(bank, Faults(
        1, lambda: bank.put('a', b'of another'), after=after))
    mine.put('a', b'1')
    assert bank.get('a') == stays


def test_the_answer_is_that_of_the_second_time(bank):
    cloud = faults.Cloud()
    mine = cloud.client(Faults(1, faults.TWICE, on=['make']))
    made = mine.made('mark', b'content')
    assert [thing.id for thing in cloud.marked('mark')] == [
        'thing-1', 'thing-2']
    assert made.id == 'thing-2'
    # who looks for the mark finds what was made, and removes all of it
    assert mine.made('mark').id == 'thing-1'
    cloud.make('another mark', b'')
    mine.remove('mark')
    assert [thing.mark for thing in cloud.things.values()] == [
        'another mark']


class Bus:
    told = ()

    def run(self, context, operation_id):
        self.told += (operation_id,)

    def providers(self, context):
        return ['provider']


@pytest.mark.parametrize(('error', 'after', 'told'), [
    (None, False, ('1', '2')),
    (faults.TWICE, False, ('1', '1', '2')),
    (faults.LATER, False, ('2', '1')),
    (OSError('no route'), False, ('2',)),
    (OSError('no route'), True, ('1', '2')),
])
def test_messages_are_lost_doubled_or_late(error, after, told):
    bus, fault = Bus(), Faults(None if error is None else 1, error,
                               on=['cast'], after=after)
    mine = faults.FaultyClient(bus, fault)
    assert mine.providers(None) == ['provider']
    assert mine.told == ()
    for number in ('1', '2'):
        if number == '1' and isinstance(error, OSError):
            with pytest.raises(OSError, match='no route'):
                mine.run(None, number)
        else:
            mine.run(None, number)
    fault.deliver()
    fault.deliver()
    assert bus.told == told
    assert fault.seen == [Call('cast', 'run 1'), Call('cast', 'run 2')]


@pytest.fixture
def beat(database, monkeypatch):
    """A write to the database, by a process with faults."""
    watched.watch(monkeypatch)

    def beat(fault):
        context = karbor_context.system()
        context.faults = fault
        services.heartbeat(context, 'host', 'binary')
        return fault
    return beat


def rows():
    with session.reader(karbor_context.system()) as found:
        return found.execute(sa.select(sa.func.count()).select_from(
            models.Service)).scalar()


def test_transactions_are_named_by_who_begins_them(beat):
    fault = beat(Faults())
    assert set(fault.seen) == {Call('write', 'services._beat')}
    context = karbor_context.system()
    context.faults = Faults(on=['read', 'write'])
    with session.reader(context):
        pass
    assert context.faults.seen == [Call(
        'read', 'test_faults.test_transactions_are_named_by_who_begins_them')]


@pytest.mark.parametrize(('kind', 'after', 'there'), [
    ('write', False, 0), ('commit', False, 0), ('write', True, 1)])
def test_a_transaction_fails_before_in_or_after_it(beat, kind, after, there):
    with pytest.raises(OSError, match='cut'):
        beat(Faults(1, OSError('cut'), on=[kind], after=after))
    assert rows() == there


def test_a_transaction_that_the_database_gives_up_is_repeated(beat):
    fault = beat(Faults(1, db_exception.DBDeadlock(), on=['commit']))
    assert fault.hit
    assert rows() == 1


def test_nobody_repeats_a_transaction(beat):
    with pytest.raises(TypeError, match='nobody repeats a transaction'):
        beat(Faults(1, faults.TWICE, on=['write']))
