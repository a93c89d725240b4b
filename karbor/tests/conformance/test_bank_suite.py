# SPDX-License-Identifier: Apache-2.0
"""The suite of banks accepts a right bank and refuses each wrong one."""

import datetime
import functools
import threading
import unittest

import pytest

from karbor.bank.patience import PatientBank
from karbor.plugin import BankError
from karbor.plugin import BankKeyNotFound
from karbor.plugin import BankUnavailable
from karbor.plugin import Stat
from karbor.plugin import testing
from karbor.plugin.testing import MemoryBank


class TestMemoryBank(testing.BankConformance):
    def make_bank(self):
        return _Breakable()

    def break_bank(self):
        self.bank.objects = None

    def take_bank_away(self):
        self.bank.away = True

    def bring_bank_back(self):
        self.bank.away = False


class TestPatientBank(TestMemoryBank):
    """It keeps the contract that it hands on."""

    def make_bank(self):
        self.beneath = super().make_bank()
        return PatientBank(self.beneath, 'provider Local', 0)

    def break_bank(self):
        self.beneath.objects = None

    def take_bank_away(self):
        self.beneath.away = True

    def bring_bank_back(self):
        self.beneath.away = False


class _Breakable(MemoryBank):
    """Says what is wrong, once its storage is gone or away."""

    away = False

    def _check(self):
        if self.away:
            raise BankUnavailable(key='memory', reason='no answer')
        if self.objects is None:
            raise BankError(key='memory', reason='it was taken away')

    def put(self, key, data):
        self._check()
        super().put(key, data)

    def get(self, key):
        self._check()
        return super().get(key)

    def list(self, prefix='', after='', limit=None):
        self._check()
        return super().list(prefix, after, limit)

    def stat(self, key):
        self._check()
        return super().stat(key)

    def delete(self, key):
        self._check()
        super().delete(key)


# -- banks with one fault each ------------------------------------------------

class TornPut(MemoryBank):
    """An object is there before all of it is: its writer still holds a part.

    The part follows when its writer next reads, so that others see the torn
    one however the threads are scheduled.
    """

    held = None

    def put(self, key, data):
        if key == 'a/b' and len(data) > 65536:
            self.held = threading.get_ident(), data
            data = data[:len(data) // 2]
        super().put(key, data)

    def get(self, key):
        if key == 'a/b' and self.held:
            writer, data = self.held
            if writer == threading.get_ident():
                super().put(key, data)
        return super().get(key)


class MixedPut(MemoryBank):
    """Two writers of one key share a temporary object."""

    def put(self, key, data):
        if key == 'a/b' and len(data) > 65536:
            self.temp = data[:32768]
            with in_flight:
                in_flight.notify_all()
                in_flight.wait(0.05)
            data = self.temp + data[32768:]
        super().put(key, data)


class NoneForMissing(MemoryBank):
    def get(self, key):
        return self.objects.get(key)


class KeyErrorForMissing(MemoryBank):
    def get(self, key):
        return self.objects[key]


class GetByPrefix(MemoryBank):
    def get(self, key):
        for name in sorted(self.objects):
            if key.startswith(name):
                return self.objects[name]
        raise BankKeyNotFound(key=key)


class Unordered(MemoryBank):
    def list(self, prefix='', after='', limit=None):
        return [key for key in self.objects
                if key.startswith(prefix) and key > after][:limit]


class FoldersFirst(MemoryBank):
    """Walks a tree in the order of names: 'a/b' comes before 'a-b'."""

    def list(self, prefix='', after='', limit=None):
        found = sorted(super().list(prefix, after),
                       key=lambda key: key.split('/'))
        return found[:limit]


class CaselessOrder(MemoryBank):
    def list(self, prefix='', after='', limit=None):
        return sorted(super().list(prefix, after), key=str.lower)[:limit]


class IgnoresAfter(MemoryBank):
    def list(self, prefix='', after='', limit=None):
        return super().list(prefix, '', limit)


class IncludesAfter(MemoryBank):
    def list(self, prefix='', after='', limit=None):
        return sorted(key for key in self.objects
                      if key.startswith(prefix) and key >= after)[:limit]


class IgnoresLimit(MemoryBank):
    def list(self, prefix='', after='', limit=None):
        return super().list(prefix, after)


class LimitBeforeFilter(MemoryBank):
    """Takes the first so many of all keys, then those with the prefix."""

    def list(self, prefix='', after='', limit=None):
        return [key for key in super().list('', after, limit)
                if key.startswith(prefix)]


class FirstPageOnly(MemoryBank):
    """Forgets that its server answers in pages."""

    def list(self, prefix='', after='', limit=None):
        return super().list(prefix, after,
                            100 if limit is None else min(limit, 100))


class ZeroIsNoLimit(MemoryBank):
    def list(self, prefix='', after='', limit=None):
        return super().list(prefix, after, limit or None)


class PrefixIsFolder(MemoryBank):
    def list(self, prefix='', after='', limit=None):
        folder = prefix.rstrip('/') + '/' if prefix else ''
        return super().list(folder, after, limit)


class DeleteRaisesWhenAbsent(MemoryBank):
    def delete(self, key):
        self.get(key)
        super().delete(key)


class DeleteRemovesFolder(MemoryBank):
    def delete(self, key):
        for name in list(self.objects):
            if name == key or name.startswith(f'{key}/'):
                super().delete(name)


class DeleteRemovesPrefix(MemoryBank):
    def delete(self, key):
        for name in self.list(key):
            super().delete(name)


class DeleteDoesNothing(MemoryBank):
    def delete(self, key):
        pass


class DeleteEmpties(MemoryBank):
    def delete(self, key):
        if key in self.objects:
            self.put(key, b'')


class PutAppends(MemoryBank):
    def put(self, key, data):
        super().put(key, self.objects.get(key, b'') + data)


class PutKeepsTheFirst(MemoryBank):
    def put(self, key, data):
        if key not in self.objects:
            super().put(key, data)


class PutLeavesTail(MemoryBank):
    """Writes over the old bytes without cutting off what was longer."""

    def put(self, key, data):
        super().put(key, data + self.objects.get(key, b'')[len(data):])


class PutRefusesEmpty(MemoryBank):
    def put(self, key, data):
        if not data:
            raise BankError(key=key, reason='nothing to store')
        super().put(key, data)


class PutForgetsEmpty(MemoryBank):
    def put(self, key, data):
        if data:
            super().put(key, data)
        else:
            super().delete(key)


class TextNewlines(MemoryBank):
    def put(self, key, data):
        super().put(key, data.replace(b'\r\n', b'\n'))


class TextDecoded(MemoryBank):
    def put(self, key, data):
        super().put(key, data.decode('utf-8', 'replace').encode('utf-8'))


class StripsZeros(MemoryBank):
    def get(self, key):
        return super().get(key).split(b'\0')[0]


class ByteArray(MemoryBank):
    def get(self, key):
        return bytearray(super().get(key))


class SmallObjects(MemoryBank):
    def put(self, key, data):
        if len(data) > 32 * 1024 * 1024:
            raise BankError(key=key, reason='it is too large')
        super().put(key, data)


class CutsLarge(MemoryBank):
    def put(self, key, data):
        super().put(key, data[:48 * 1024 * 1024])


class CaselessKeys(MemoryBank):
    def put(self, key, data):
        super().put(key.lower(), data)

    def get(self, key):
        return super().get(key.lower())


class HidesDotFiles(MemoryBank):
    def list(self, prefix='', after='', limit=None):
        return [key for key in super().list(prefix, after)
                if not key.startswith('.')][:limit]


class CutsKeys(MemoryBank):
    def put(self, key, data):
        super().put(key[:255], data)

    def get(self, key):
        return super().get(key[:255])


class StaleGet(MemoryBank):
    """Answers from a cache that put does not renew."""

    def __init__(self):
        super().__init__()
        self.cache = {}

    def get(self, key):
        return self.cache.setdefault(key, super().get(key))


class CachedForItself(MemoryBank):
    """Sees its own changes, but not those of others."""

    shared: dict[str, bytes] = {}

    def __init__(self):
        super().__init__()
        self.cache = {}
        self.objects = CachedForItself.shared

    def put(self, key, data):
        self.cache[key] = data
        super().put(key, data)

    def get(self, key):
        if key not in self.cache:
            self.cache[key] = super().get(key)
        return self.cache[key]

    def delete(self, key):
        self.cache.pop(key, None)
        super().delete(key)


class StaleList(MemoryBank):
    """Lists what was there at the question before."""

    def list(self, prefix='', after='', limit=None):
        now = super().list(prefix, after, limit)
        before, self.before = getattr(self, 'before', []), now
        return before


class NotSafeForThreads(MemoryBank):
    """Reads all, changes it and writes all: the last one wins."""

    def put(self, key, data):
        objects = dict(self.objects)
        if key.startswith('a/b/'):
            with in_flight:
                in_flight.notify_all()
                in_flight.wait(0.01)
        self.objects = {**objects, key: data}


class RaisesOsError(_Breakable):
    def _check(self):
        if self.objects is None:
            raise OSError('gone')


class SwallowsErrors(_Breakable):
    def delete(self, key):
        if self.objects is not None:
            super().delete(key)


class NotFoundForFailure(_Breakable):
    def get(self, key):
        if self.objects is None:
            raise BankKeyNotFound(key=key)
        return super().get(key)


class RaisesWhenEmpty(MemoryBank):
    def list(self, prefix='', after='', limit=None):
        if not self.objects:
            raise BankKeyNotFound(key=prefix)
        return super().list(prefix, after, limit)


class ListsItsOwn(MemoryBank):
    """Shows an object that it keeps for itself."""

    def list(self, prefix='', after='', limit=None):
        own = ['.bank'] if '.bank'.startswith(prefix) else []
        return sorted({*super().list(prefix, after), *own})[:limit]


class SizeOfNothing(MemoryBank):
    def stat(self, key):
        return Stat(len(self.objects.get(key, b'')),
                    datetime.datetime.now(datetime.UTC))


class SizeOfTheFirst(MemoryBank):
    def stat(self, key):
        self.sizes = getattr(self, 'sizes', {})
        found = super().stat(key)
        return Stat(self.sizes.setdefault(key, found.size), found.written_at)


class LocalTime(MemoryBank):
    def stat(self, key):
        found = super().stat(key)
        return Stat(found.size, found.written_at.replace(tzinfo=None))


class AgeOfReading(MemoryBank):
    """Tells when an object was last used."""

    def get(self, key):
        self.written[key] = datetime.datetime.now(datetime.UTC)
        return super().get(key)


class NoAge(MemoryBank):
    def stat(self, key):
        return Stat(super().stat(key).size,
                    datetime.datetime.fromtimestamp(0, datetime.UTC))


class AwayIsForEver(_Breakable):
    """Does not tell what passes from what lasts."""

    def _check(self):
        if self.away:
            raise BankError(key='memory', reason='no answer')


class AwayIsEmpty(_Breakable):
    """A directory on which nothing is mounted now."""

    def _check(self):
        pass

    def get(self, key):
        if self.away:
            raise BankKeyNotFound(key=key)
        return super().get(key)

    def list(self, prefix='', after='', limit=None):
        return [] if self.away else super().list(prefix, after, limit)


class DeletesOfNothing(_Breakable):
    """Knows without asking that nothing is left."""

    def delete(self, key):
        if not self.away:
            super().delete(key)


class NeverBack(_Breakable):
    """Does not connect again."""

    def _check(self):
        self.lost = getattr(self, 'lost', False) or self.away
        if self.lost:
            raise BankUnavailable(key='memory', reason='no answer')


# a put waits here for another one, so that the two overlap
in_flight = threading.Condition()

# which test must refuse it; others may as well
FAULTS = {
    TornPut: 'test_writers_of_one_key_never_tear_it',
    MixedPut: 'test_writers_of_one_key_never_tear_it',
    NoneForMissing: 'test_get_of_nothing_raises_not_found',
    KeyErrorForMissing: 'test_get_of_nothing_raises_not_found',
    GetByPrefix: 'test_get_of_nothing_raises_not_found',
    Unordered: 'test_list_is_in_order_of_bytes',
    FoldersFirst: 'test_list_is_in_order_of_bytes',
    CaselessOrder: 'test_list_is_in_order_of_bytes',
    IgnoresAfter: 'test_list_begins_after',
    IncludesAfter: 'test_list_begins_after',
    IgnoresLimit: 'test_list_keeps_the_limit',
    LimitBeforeFilter: 'test_list_keeps_the_limit',
    FirstPageOnly: 'test_list_of_many',
    ZeroIsNoLimit: 'test_list_keeps_the_limit',
    PrefixIsFolder: 'test_list_compares_prefix_as_text',
    DeleteRaisesWhenAbsent: 'test_delete_of_nothing_is_no_error',
    DeleteRemovesFolder: 'test_delete_removes_one_key_only',
    DeleteRemovesPrefix: 'test_delete_removes_one_key_only',
    DeleteDoesNothing: 'test_delete_removes',
    DeleteEmpties: 'test_delete_removes',
    PutAppends: 'test_put_replaces',
    PutKeepsTheFirst: 'test_put_replaces',
    PutLeavesTail: 'test_put_replaces',
    PutRefusesEmpty: 'test_empty_object',
    PutForgetsEmpty: 'test_empty_object',
    TextNewlines: 'test_every_byte_survives',
    TextDecoded: 'test_every_byte_survives',
    StripsZeros: 'test_every_byte_survives',
    ByteArray: 'test_get_returns_what_was_put',
    SmallObjects: 'test_largest_object',
    CutsLarge: 'test_largest_object',
    CaselessKeys: 'test_every_legal_key',
    HidesDotFiles: 'test_every_legal_key',
    CutsKeys: 'test_every_legal_key',
    StaleGet: 'test_put_replaces',
    CachedForItself: 'test_others_see_every_change_at_once',
    StaleList: 'test_list_is_in_order_of_bytes',
    RaisesWhenEmpty: 'test_list_of_an_empty_bank',
    ListsItsOwn: 'test_list_of_an_empty_bank',
    NotSafeForThreads: 'test_neighbours_do_not_disturb_each_other',
    RaisesOsError: 'test_failures_are_bank_errors',
    SwallowsErrors: 'test_failures_are_bank_errors',
    NotFoundForFailure: 'test_failures_are_bank_errors',
    SizeOfNothing: 'test_stat_of_nothing_raises_not_found',
    SizeOfTheFirst: 'test_stat_tells_the_size',
    LocalTime: 'test_stat_tells_the_age',
    AgeOfReading: 'test_stat_tells_the_age',
    NoAge: 'test_stat_tells_the_age',
    AwayIsForEver: 'test_a_bank_that_is_away_says_so',
    AwayIsEmpty: 'test_a_bank_that_is_away_says_so',
    DeletesOfNothing: 'test_a_bank_that_is_away_says_so',
    NeverBack: 'test_a_bank_that_is_away_says_so',
}


@functools.cache
def refusals(bank_class):
    """Names of the tests that refuse a bank."""

    class Suite(testing.BankConformance):
        def make_bank(self):
            getattr(bank_class, 'shared', {}).clear()
            return bank_class()

        def reopen_bank(self):
            return bank_class() if hasattr(bank_class, 'shared') else self.bank

        def break_bank(self):
            if not isinstance(self.bank, _Breakable):
                super().break_bank()
            self.bank.objects = None

        def take_bank_away(self):
            if not isinstance(self.bank, _Breakable):
                super().take_bank_away()
            self.bank.away = True

        def bring_bank_back(self):
            self.bank.away = False

    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(Suite).run(result)
    return {case.id().rpartition('.')[2]
            for case, _trace in result.failures + result.errors}


@pytest.mark.parametrize(('bank_class', 'test'), FAULTS.items(),
                         ids=lambda value: getattr(value, '__name__', None))
def test_a_wrong_bank_is_refused(bank_class, test):
    assert test in refusals(bank_class)


def test_a_right_bank_is_not_refused():
    assert refusals(MemoryBank) == set()
    assert refusals(_Breakable) == set()


def test_every_test_of_the_suite_refuses_something():
    """A test that no fault can fail would prove nothing."""
    names = unittest.defaultTestLoader.getTestCaseNames(
        testing.BankConformance)
    useless = set(names)
    for bank_class in FAULTS:
        useless -= refusals(bank_class)
    assert useless == set()


def test_the_suite_itself_is_not_run():
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(
        testing.BankConformance).run(result)
    assert result.testsRun == 0
    assert len(result.skipped) == 1
    assert testing.BankConformance.__test__ is False
    assert TestMemoryBank.__test__ is True


def test_a_suite_without_a_bank_says_what_is_missing():
    class Suite(testing.BankConformance):
        pass

    case = Suite('test_empty_object')
    result = unittest.TestResult()
    case.run(result)
    assert 'make_bank() has to return a bank' in result.errors[0][1]


def test_a_bank_that_cannot_be_broken_skips_with_the_reason():
    class Suite(testing.BankConformance):
        def make_bank(self):
            return MemoryBank()

    result = unittest.TestResult()
    Suite('test_failures_are_bank_errors').run(result)
    assert 'break_bank() is not overridden' in result.skipped[0][1]
