# SPDX-License-Identifier: Apache-2.0
"""A bank that is away for a moment, and one that stays away."""

import logging
import threading

from hypothesis import given
from hypothesis import strategies as st
import pytest

from karbor import exception
from karbor import plugin
from karbor.bank.patience import PatientBank
from karbor.plugin.testing import MemoryBank
from karbor.plugin.testing.together import run_together
from karbor.tests.faults import Faults
from karbor.tests.faults import FaultyBank
from karbor.tests.faults import Hang
from karbor.tests.unit.bank import common

CALLS = {'put': lambda bank: bank.put('a/b', b'new'),
         'get': lambda bank: bank.get('a/b'),
         'list': lambda bank: bank.list('a', 'a/a', 5),
         'stat': lambda bank: bank.stat('a/b').size,
         'delete': lambda bank: bank.delete('a/b')}
ANSWERS = {'put': None, 'get': b'old', 'list': ['a/b'], 'stat': 3,
           'delete': None}
AFTER = {'put': {'a/b': b'new'}, 'delete': {}}


def away():
    return plugin.BankUnavailable(key='k', reason='no answer')


class Time:
    """A clock that only pauses move on.

    :ivar pauses: that were made
    """

    def __init__(self):
        self.now = 1000.0
        self.pauses = []

    def clock(self):
        return self.now

    def sleep(self, seconds):
        assert seconds >= 0
        self.pauses.append(seconds)
        self.now += seconds


@pytest.fixture
def time():
    return Time()


def patient(bank, time, seconds=300, **kwargs):
    return PatientBank(bank, 'provider Local', seconds, clock=time.clock,
                       **{'sleep': time.sleep, **kwargs})


def memory():
    bank = MemoryBank()
    bank.put('a/b', b'old')
    return bank


class Down(FaultyBank):
    """Away until a moment of the clock."""

    def __init__(self, bank, time, until):
        super().__init__(bank, Faults(1, self.answer, from_then_on=True))
        self._time, self._until = time, until

    def answer(self):
        if self._time.now < self._until:
            raise away()


@pytest.mark.parametrize('after', [False, True])
@pytest.mark.parametrize('name', CALLS)
def test_a_call_that_failed_is_made_again(time, name, after):
    """Whether it was done or not."""
    bank = memory()
    faults = Faults(1, away(), after=after)
    found = CALLS[name](patient(FaultyBank(bank, faults), time))
    assert faults.calls == 2
    assert found == ANSWERS[name]
    assert bank.objects == AFTER.get(name, {'a/b': b'old'})


@pytest.mark.parametrize('name', CALLS)
def test_pauses_grow_until_it_is_back(time, name):
    bank = patient(Down(memory(), time, 1250), time)
    assert CALLS[name](bank) == ANSWERS[name]
    pauses = time.pauses
    assert 250 <= sum(pauses) < 300
    for number, pause in enumerate(pauses):
        assert 0 <= pause <= min(2 ** number, 30)
    assert len(pauses) > 8


@pytest.mark.parametrize('name', CALLS)
def test_what_stays_away_is_given_up_and_named(time, name):
    bank = patient(Down(memory(), time, 5000), time)
    with pytest.raises(exception.BankUnavailable, match=(
            r'The bank of provider Local was away for 300 seconds; given up '
            r'after \d+ tries of the last call. The bank cannot be reached '
            'at k: no answer')) as caught:
        CALLS[name](bank)
    # the last try is when the time is over, and not before
    assert sum(time.pauses) == pytest.approx(300)
    assert caught.value.facts == {'key': 'k', 'reason': 'no answer'}


@pytest.mark.parametrize('error', [
    plugin.BankError(key='k', reason='the disk is full'),
    plugin.BankCorrupt(key='k', reason='a bad sector'),
    plugin.BankKeyNotFound(key='k'), ValueError('a fault of the plugin')])
@pytest.mark.parametrize('name', CALLS)
def test_what_lasts_is_not_waited_for(time, name, error):
    faults = Faults(1, error)
    with pytest.raises(type(error)) as caught:
        CALLS[name](patient(FaultyBank(memory(), faults), time))
    assert caught.value is error
    assert (faults.calls, time.pauses) == (1, [])


def test_without_patience_the_first_failure_counts(time):
    faults = Faults(1, away())
    with pytest.raises(exception.BankUnavailable, match='after 1 tries'):
        patient(FaultyBank(memory(), faults), time, 0).get('a/b')
    assert (faults.calls, time.pauses) == (1, [])


def test_whoever_must_stop_does_not_wait(time):
    def stopped(seconds):
        raise plugin.Cancelled()

    store = common.make_store(patient(Down(MemoryBank(), time, 5000), time))
    with pytest.raises(plugin.Cancelled):
        store.waiting(stopped).manifests()
    assert time.pauses == []
    with pytest.raises(exception.BankUnavailable):
        store.manifests()
    assert time.pauses


def test_a_store_over_another_bank_waits_for_nothing():
    store = common.make_store(MemoryBank())
    assert store.waiting(lambda seconds: None) is store


def test_many_calls_wait_once(time):
    """Or a thousand resources would wait a thousand times."""
    bank = patient(down := Down(memory(), time, 5000), time)
    for _time in range(5):
        for call in CALLS.values():
            with pytest.raises(exception.BankUnavailable,
                               match='away for 300 seconds'):
                call(bank)
    assert sum(time.pauses) == pytest.approx(300)
    # and each of them has tried it
    assert down._faults.calls == len(time.pauses) + 25


def test_another_operation_waits_anew(time):
    bank = patient(Down(memory(), time, 1400), time)
    with pytest.raises(exception.BankUnavailable):
        bank.get('a/b')
    assert bank.waiting(time.sleep).get('a/b') == b'old'
    # and its answer is no answer to the first one, which has to ask
    assert bank.get('a/b') == b'old'


def test_an_answer_ends_the_waiting_of_all(time):
    down = Down(memory(), time, 1200)
    bank = patient(down, time)
    assert bank.get('a/b') == b'old'
    down._until = time.now + 200
    assert bank.get('a/b') == b'old', 'a second time'
    # not found is an answer, too
    down._until = time.now + 299
    with pytest.raises(exception.BankKeyNotFound):
        bank.get('a/c')
    down._until = time.now + 299
    assert bank.get('a/b') == b'old'


def test_an_old_failure_says_nothing_of_today(time):
    """Nobody has asked meanwhile; it may have been back and gone again."""
    down = Down(memory(), time, 5000)
    bank = patient(down, time)
    with pytest.raises(exception.BankUnavailable):
        bank.get('a/b')
    time.now += 3600
    down._until = time.now + 200
    assert bank.get('a/b') == b'old'


def test_one_key_that_never_answers_is_given_up_among_others(time):
    """Answers to others do not prolong its time for ever."""
    real = memory()
    real.put('a/bad', b'x')

    class OneBadKey(MemoryBank):
        def get(self, key):
            if key == 'a/bad':
                raise away()
            return real.get(key)

    def others(seconds):
        time.sleep(seconds)
        assert bank.get('a/b') == b'old'

    bank = patient(OneBadKey(), time, sleep=others)
    with pytest.raises(exception.BankUnavailable, match='300 seconds'):
        bank.get('a/bad')
    assert sum(time.pauses) == pytest.approx(300)


@given(st.lists(st.booleans(), max_size=60), st.booleans())
def test_a_checkpoint_over_a_bank_that_comes_and_goes_is_whole(fails, after):
    """However often calls fail, before or after they are done."""
    pattern = iter(fails)
    bank = MemoryBank()
    time = Time()

    def answer():
        if next(pattern, False):
            raise away()

    faulty = FaultyBank(bank, Faults(1, answer, from_then_on=True,
                                     after=after))
    store = common.make_store(patient(faulty, time, seconds=10 ** 6))
    common.protect(store)
    assert common.make_store(bank).verify(common.CHECKPOINT) == []
    assert store.verify(common.CHECKPOINT) == []
    common.protect(store, attempt=2)
    store.delete(common.CHECKPOINT)
    assert bank.objects == {}


def test_a_call_that_hangs_holds_up_no_other(time):
    bank = memory()
    hang = Hang()
    mine = patient(FaultyBank(bank, Faults(1, hang, on=['get'])), time)
    found = []
    thread = threading.Thread(target=lambda: found.append(mine.get('a/b')))
    thread.start()
    hang.wait()
    mine.put('a/c', b'x')
    assert found == []
    hang.release()
    thread.join()
    assert found == [b'old']


def test_every_try_is_told_once(time, caplog):
    caplog.set_level(logging.INFO, 'karbor.bank.patience')
    bank = patient(Down(memory(), time, 1060), time)
    bank.get('a/b')
    first, *again, last = caplog.records
    assert len(caplog.records) == len(time.pauses) + 1
    assert first.levelno == logging.WARNING
    assert 'provider Local is away, try 1 in 0.0 s' in first.getMessage()
    assert 'no answer' in first.getMessage()
    assert {record.levelno for record in again} == {logging.INFO}
    assert 'answers again after' in last.getMessage()


def test_many_threads_wait_at_once():
    """With a real clock; each gets what it wants."""
    bank = memory()
    lock = threading.Lock()
    left = [40]

    def answer():
        with lock:
            left[0] -= 1
            if left[0] >= 0:
                raise away()

    mine = PatientBank(FaultyBank(bank, Faults(1, answer,
                                               from_then_on=True)),
                       'provider Local', 60, first=0.001)
    run_together([lambda: mine.put('a/b', b'old'),
                  lambda: mine.get('a/b')] * 4)
    assert bank.objects == {'a/b': b'old'}
