# SPDX-License-Identifier: Apache-2.0
"""Failing on purpose, at the n-th thing that a process does."""

import contextlib
import threading

from karbor import plugin


class Crash(BaseException):
    """Here the process died; nothing that it does after this counts."""


class Faults:
    """Counts what a process does, and makes it fail.

    :ivar calls: how much was counted
    :ivar hit: whether the fault has come about
    """

    def __init__(self, at=None, error=None, *, on=(), after=False,
                 from_then_on=False):
        """Fail.

        :param at: number of the call that fails, from 1
        :param error: raised there; a `Crash` ends everything that follows
        :param on: kinds of calls that are counted; all if empty
        :param after: the call is carried out, but its answer is lost
        :param from_then_on: all that follow fail, too
        """
        self.calls = 0
        self.hit = False
        self.dead = False
        self._at = at
        self._error = error
        self._on = frozenset(on)
        self._after = after
        self._from_then_on = from_then_on
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def call(self, kind):
        """Around what may fail."""
        fails = self._count(kind)
        if fails and not self._after:
            self._fail()
        try:
            yield
        finally:
            if fails and self._after:
                self._fail()        # instead of whatever the answer was

    def _count(self, kind):
        with self._lock:
            if self.dead:
                raise Crash()
            if self._on and kind not in self._on:
                return False
            self.calls += 1
            if self._at is None:
                return False
            return self.calls == self._at or (
                self._from_then_on and self.calls > self._at)

    def _fail(self):
        self.hit = True
        self.dead = isinstance(self._error, Crash)
        raise self._error


class FaultyBank(plugin.BankPlugin):
    """A bank that fails when it is told to."""

    def __init__(self, bank, faults):
        self._bank = bank
        self._faults = faults

    def put(self, key, data):
        with self._faults.call('put'):
            self._bank.put(key, data)

    def get(self, key):
        with self._faults.call('get'):
            return self._bank.get(key)

    def list(self, prefix='', after='', limit=None):
        with self._faults.call('list'):
            return self._bank.list(prefix, after, limit)

    def delete(self, key):
        with self._faults.call('delete'):
            self._bank.delete(key)


BANK = ('put', 'get', 'list', 'delete')
