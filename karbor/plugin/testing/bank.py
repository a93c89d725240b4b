# SPDX-License-Identifier: Apache-2.0
"""The conformance suite of banks.

Subclass it and say how a bank is made::

    class TestMyBank(testing.BankConformance):
        def make_bank(self):
            return MyBank(config)

The suite runs under pytest and under unittest. It writes at most some 130 MiB
and makes a few hundred requests in a test.
"""

from collections.abc import Callable
import datetime
import functools
import random
import threading
from typing import Any, ClassVar
import unittest

from karbor.plugin.bank import BankPlugin
from karbor.plugin.errors import BankError
from karbor.plugin.errors import BankKeyNotFound
from karbor.plugin.errors import BankUnavailable
from karbor.plugin.testing.suite import Suite
from karbor.plugin.testing.together import run_together

_MIB = 1024 * 1024


class BankConformance(Suite):
    """What every bank has to keep of `BankPlugin`.

    :cvar largest: bytes of the largest object that is tried; the contract
        says 64 MiB
    :cvar threads: how many act at once
    :cvar rounds: how often each of them does
    """

    largest: ClassVar[int] = 64 * _MIB
    threads: ClassVar[int] = 8
    rounds: ClassVar[int] = 25

    __test__ = False

    def make_bank(self) -> BankPlugin:
        """A bank that holds nothing; called once before each test."""
        raise NotImplementedError('make_bank() has to return a bank')

    def reopen_bank(self) -> BankPlugin:
        """The same storage as another process would see it.

        Override it unless the storage is the instance itself.
        """
        return self.bank

    def break_bank(self) -> None:
        """Make the storage unusable, so that every method must fail."""
        raise unittest.SkipTest('break_bank() is not overridden: this bank '
                                'cannot be made to fail')

    def take_bank_away(self) -> None:
        """Make the storage unreachable, as a broken connection would.

        Nothing in it is lost.
        """
        raise unittest.SkipTest('take_bank_away() is not overridden: this '
                                'bank cannot be away')

    def bring_bank_back(self) -> None:
        """The reverse of `take_bank_away`."""
        raise NotImplementedError('bring_bank_back() has to be overridden '
                                  'with take_bank_away()')

    def cleanup(self) -> None:
        """Remove what `make_bank` made; called after each test."""

    def setUp(self) -> None:
        super().setUp()
        self.addCleanup(self.cleanup)
        self.bank = self.make_bank()

    # -- put and get ----------------------------------------------------------

    def test_get_returns_what_was_put(self) -> None:
        self.bank.put('a/b', b'content')
        self.assert_holds('a/b', b'content')

    def test_get_of_nothing_raises_not_found(self) -> None:
        self.bank.put('a/b', b'x')
        for key in ('c', 'a', 'a/bc', 'a/c', 'b', 'a/b/c'):
            with self.assertRaises(BankKeyNotFound, msg=key):
                self.bank.get(key)

    def test_every_byte_survives(self) -> None:
        data = bytes(range(256)) * 2 + b'\r\n\n\r\x00\x1a\xff\xfe'
        self.bank.put('bytes', data)
        self.assert_holds('bytes', data)

    def test_empty_object(self) -> None:
        self.bank.put('empty', b'')
        self.assert_holds('empty', b'')
        self.assert_lists(['empty'])

    def test_largest_object(self) -> None:
        block = random.Random(1).randbytes(_MIB)  # noqa: S311 - no secret
        data = (block * (self.largest // _MIB + 1))[:self.largest]
        self.bank.put('large', data)
        found = self.bank.get('large')
        # assertEqual would print both
        self.assertTrue(found == data, 'the object is not what was put')

    def test_put_replaces(self) -> None:
        for data in (b'long content', b'short', b'', b'longer than before'):
            self.bank.put('a', data)
            self.assert_holds('a', data)
        self.assert_lists(['a'])

    def test_put_may_repeat(self) -> None:
        for _round in range(3):
            self.bank.put('a/b', b'same')
        self.assert_holds('a/b', b'same')
        self.assert_lists(['a/b'])

    def test_every_legal_key(self) -> None:
        keys = ['ABCXYZabcxyz0189', '._:@=+~-', '-', '~', '...', '.a', '=',
                'a.json', '..a/b', 'x' * 200,
                '/'.join(['k' * 8] * 100)[:899] + 'e', 'A/b', 'a/B']
        for number, key in enumerate(keys):
            self.bank.put(key, b'%d' % number)
        for number, key in enumerate(keys):
            self.assert_holds(key, b'%d' % number)
        self.assert_lists(sorted(keys))

    # -- list -----------------------------------------------------------------

    tree: ClassVar[tuple[str, ...]] = (
        'A', 'B/a', 'a-b', 'a-b0/x', 'a.b', 'a/b', 'a/b-c', 'a/b.c/d',
        'a/bc', 'a/b0/e', 'a/c', 'a0', 'a=/1', 'aa/b', 'b', 'ba/b/c/d/e',
        'z~/z')

    def plant(self) -> list[str]:
        keys = list(self.tree)
        random.Random(2).shuffle(keys)  # noqa: S311 - no secret
        for key in keys:
            self.bank.put(key, key.encode('ascii'))
        return sorted(keys)

    def test_list_of_an_empty_bank(self) -> None:
        self.assert_lists([])
        self.assert_lists([], prefix='a')
        self.assert_lists([], prefix='a/', after='a/b', limit=3)

    def test_list_is_in_order_of_bytes(self) -> None:
        self.assert_lists(self.plant())

    def test_list_compares_prefix_as_text(self) -> None:
        keys = self.plant()
        for prefix in ('a', 'a/', 'a/b', 'a/b.', 'a/b.c', 'a/b.c/', 'a/b.c/d',
                       'a-', 'a-b', 'ba/b/c', 'b', 'A', 'z~', 'q', 'a/q/',
                       'a/b/', 'z~/z/z'):
            self.assert_lists([k for k in keys if k.startswith(prefix)],
                              prefix=prefix)

    def test_list_begins_after(self) -> None:
        keys = self.plant()
        marks = [*keys, 'a', 'a/', 'a/b/', 'a/b/c', 'a/b.c', 'a/z', 'a~',
                 '0', 'zz', 'a-b0/', 'ba/b/c/d/f', 'ba/b/c']
        for after in marks:
            self.assert_lists([k for k in keys if k > after], after=after)

    def test_list_begins_after_within_prefix(self) -> None:
        keys = self.plant()
        for prefix in ('a', 'a/', 'a/b', 'b', 'ba/b'):
            for after in ('A', 'a', 'a/b', 'a/b.c/d', 'a0', 'b', 'c'):
                self.assert_lists(
                    [k for k in keys if k.startswith(prefix) and k > after],
                    prefix=prefix, after=after)

    def test_list_keeps_the_limit(self) -> None:
        keys = self.plant()
        for limit in (0, 1, 2, len(keys) - 1, len(keys), len(keys) + 1):
            self.assert_lists(keys[:limit], limit=limit)
        self.assert_lists(['a/b', 'a/b-c'], prefix='a/', limit=2)

    def test_list_in_pages_gives_each_key_once(self) -> None:
        keys = self.plant()
        for size in (1, 2, 3, 7):
            found: list[str] = []
            while page := self.bank.list(
                    after=found[-1] if found else '', limit=size):
                self.assertLessEqual(len(page), size)
                found += page
                self.assertLessEqual(len(found), len(keys))
            self.assertEqual(keys, found)

    def test_list_of_many(self) -> None:
        keys = sorted(f'many/{number % 7}/{number:04d}'
                      for number in range(250))
        for key in keys:
            self.bank.put(key, b'')
        self.assert_lists(keys)
        self.assert_lists(keys, prefix='many/')

    # -- stat -----------------------------------------------------------------

    def test_stat_tells_the_size(self) -> None:
        for size in (0, 1, 70000, 5):
            self.bank.put('a/b', b'x' * size)
            self.assertEqual(size, self.bank.stat('a/b').size)

    def test_stat_of_nothing_raises_not_found(self) -> None:
        self.bank.put('a/b', b'x')
        for key in ('c', 'a', 'a/bc', 'a/b/c'):
            with self.assertRaises(BankKeyNotFound, msg=key):
                self.bank.stat(key)

    def test_stat_tells_the_age(self) -> None:
        # its clock is not ours, but it cannot be far away
        hour = datetime.timedelta(hours=1)
        self.bank.put('a/b', b'x')
        first = self.bank.stat('a/b').written_at
        self.assertIsNotNone(first.tzinfo, 'the time has no zone')
        now = datetime.datetime.now(datetime.UTC)
        self.assertLess(abs(first - now), hour)
        self.bank.get('a/b')
        self.assertEqual(first, self.bank.stat('a/b').written_at,
                         'reading is no writing')
        self.bank.put('a/b', b'y')
        self.assertGreaterEqual(self.bank.stat('a/b').written_at, first)

    # -- delete ---------------------------------------------------------------

    def test_delete_removes(self) -> None:
        self.bank.put('a/b', b'x')
        self.bank.delete('a/b')
        with self.assertRaises(BankKeyNotFound):
            self.bank.get('a/b')
        self.assert_lists([])

    def test_delete_of_nothing_is_no_error(self) -> None:
        self.bank.delete('a')
        self.bank.delete('a/b/c')
        self.bank.put('a/b', b'x')
        self.bank.delete('a/b')
        self.bank.delete('a/b')
        self.assert_lists([])

    def test_delete_removes_one_key_only(self) -> None:
        keys = self.plant()
        # folders and beginnings of keys are no keys
        for key in ('a', 'a/', 'a/b.c', 'ba', 'ba/b/c/d', 'B', 'z~', 'z'):
            if not key.endswith('/'):
                self.bank.delete(key)
        self.assert_lists(keys)
        for key in ('a/b', 'b', 'a-b'):
            self.bank.delete(key)
            keys.remove(key)
            self.assert_lists(keys)
        for key in keys:
            self.assert_holds(key, key.encode('ascii'))

    def test_put_after_delete(self) -> None:
        for number in range(3):
            self.bank.put('a/b/c', b'%d' % number)
            self.assert_holds('a/b/c', b'%d' % number)
            self.bank.delete('a/b/c')
            self.assert_lists([])

    # -- others ---------------------------------------------------------------

    def test_others_see_every_change_at_once(self) -> None:
        other = self.reopen_bank()
        for number in range(5):
            self.bank.put('a/b', b'%d' % number)
            self.assertEqual(b'%d' % number, other.get('a/b'))
            self.assertEqual(['a/b'], other.list())
            other.put('a/c', b'%d' % number)
            self.assert_holds('a/c', b'%d' % number)
            other.delete('a/b')
            self.assert_lists(['a/c'])
            with self.assertRaises(BankKeyNotFound):
                self.bank.get('a/b')
            self.bank.delete('a/c')
            self.assertEqual([], other.list('a'))

    def test_writers_of_one_key_never_tear_it(self) -> None:
        whole = {bytes([65 + number]) * (_MIB // 8 + number)
                 for number in range(self.threads)}
        self.bank.put('a/b', next(iter(whole)))

        def look() -> None:
            if self.bank.get('a/b') not in whole:
                raise AssertionError('the object is a mixture, or cut off')
            if self.bank.list() != ['a/b']:
                raise AssertionError('more or less than one key is there')

        def write(data: bytes) -> None:
            for _round in range(self.rounds):
                self.bank.put('a/b', data)
                look()

        def read() -> None:
            for _round in range(self.rounds):
                look()

        run_together([*(functools.partial(write, data)
                             for data in sorted(whole)), read, read])
        self.assertIn(self.bank.get('a/b'), whole)

    def test_neighbours_do_not_disturb_each_other(self) -> None:
        together = threading.Barrier(self.threads)

        def turn(key: str, data: bytes, here: bool) -> None:
            if here:
                self.bank.put(key, data)
            else:
                self.bank.delete(key)
            together.wait()
            # all have done their part now, and it has to stand
            if self.bank.list(key) != ([key] if here else []):
                raise AssertionError(f'{key} is listed wrongly')
            if here and self.bank.get(key) != data:
                raise AssertionError(f'{key} is not what was put')
            together.wait()

        def come_and_go(number: int) -> None:
            try:
                for count in range(self.rounds):
                    turn(f'a/b/{number // 2}/{number}',
                         b'%d %d' % (number, count), (number + count) % 2 == 0)
            except BaseException:
                together.abort()
                raise

        run_together(functools.partial(come_and_go, number)
                          for number in range(self.threads))
        here = (self.rounds - 1) % 2
        self.assert_lists([f'a/b/{number // 2}/{number}'
                           for number in range(self.threads)
                           if number % 2 == here])

    def test_failures_are_bank_errors(self) -> None:
        self.bank.put('a/b', b'x')
        self.break_bank()
        for call in self.calls(self.bank):
            with self.assertRaises(BankError) as caught:
                call()
            # a bank that cannot be read does not know that a key is absent
            self.assertNotIsInstance(caught.exception, BankKeyNotFound)
            self.assertTrue(str(caught.exception))

    def test_a_bank_that_is_away_says_so(self) -> None:
        keys = self.plant()
        self.take_bank_away()
        # one that this process knows, and one that it opens meanwhile
        for bank in (self.bank, self.reopen_bank()):
            for call in self.calls(bank):
                with self.assertRaises(BankUnavailable):
                    call()
        self.bring_bank_back()
        self.assert_lists(keys)
        for key in keys:
            self.assert_holds(key, key.encode('ascii'))
        self.bank.delete('a/b')
        self.bank.put('a/c', b'y')
        self.assert_holds('a/c', b'y')

    # -- tools ----------------------------------------------------------------

    @staticmethod
    def calls(bank: BankPlugin) -> list[Callable[[], object]]:
        """One of each, for a bank that holds ``a/b``."""
        return [lambda: bank.put('a/c', b'y'), lambda: bank.get('a/b'),
                lambda: bank.list(), lambda: bank.list('a/b', limit=1),
                lambda: bank.stat('a/b'), lambda: bank.delete('a/b')]

    def assert_holds(self, key: str, data: bytes) -> None:
        """The bank holds just this at a key."""
        found = self.bank.get(key)
        self.assertIs(bytes, type(found), f'get({key!r}) returns bytes')
        self.assertEqual(data, found, f'get({key!r})')

    def assert_lists(self, keys: list[str], **question: Any) -> None:
        """The bank answers a question about its keys with just these."""
        self.assertEqual(keys, list(self.bank.list(**question)),
                         f'list() with {question}')
