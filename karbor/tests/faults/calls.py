# SPDX-License-Identifier: Apache-2.0
"""Calls of a process are counted, and one of them goes wrong."""

import contextlib
from dataclasses import dataclass
import threading

# much longer than anything takes here
_MOMENT = 60

# Instead of an error: the call is carried out two times, as when somebody in
# between repeats a request, ...
TWICE = 'twice'
# ... or when `Faults.deliver` is called; for calls without an answer.
LATER = 'later'
# Counted only if they are named. What is read changes nothing, so dying there
# is dying before the next write; and the end of a transaction is the 'after'
# of its write, but for who wants it rolled back.
UNASKED = frozenset({'read', 'commit'})


class Crash(BaseException):
    """Here the process died; nothing that it does after this counts."""


@dataclass(frozen=True, slots=True)
class Call:
    """Something that a process did.

    :ivar kind: ``put``, ``write``, ``hook``, ...
    :ivar what: with or to which thing
    """

    kind: str
    what: str = ''

    def __str__(self):
        return f'{self.kind} {self.what}'.strip()


class Hang:
    """A fault: the call stands still until it is released.

    :ivar reached: set when the call has come
    """

    def __init__(self):
        self.reached = threading.Event()
        self._released = threading.Event()

    def __call__(self):
        self.reached.set()
        assert self._released.wait(_MOMENT), 'it was never released'

    def wait(self):
        """Until somebody hangs."""
        assert self.reached.wait(_MOMENT), 'nobody came'

    def release(self):
        self._released.set()


class Faults:
    """Counts what a process does, and makes it fail.

    :ivar calls: how much was counted
    :ivar seen: what was counted, in order
    :ivar hit: whether the fault has come about
    """

    def __init__(self, at=None, error=None, *, on=(), after=False,
                 from_then_on=False):
        """Fail.

        :param at: number of the call that fails, from 1
        :param error: raised there, of which a `Crash` ends everything that
            follows; or a function that is called there, after which the call
            goes on (a `Hang`, or what others do meanwhile); or `TWICE` or
            `LATER`
        :param on: kinds of calls that are counted; all if empty, but for
            `UNASKED`
        :param after: the call is carried out, but its answer is lost
        :param from_then_on: all that follow fail, too
        """
        self.calls = 0
        self.seen = []
        self.hit = False
        self.dead = False
        self._at = at
        self._error = error
        self._on = frozenset(on)
        self._after = after
        self._from_then_on = from_then_on
        self._later = []
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def call(self, kind, what=''):
        """Around what may fail; gives how often it is to be done."""
        fails = self._count(kind, what)
        if fails and not self._after:
            self._fail()
        try:
            yield {TWICE: 2, LATER: 0}.get(self._mode(fails), 1)
        finally:
            if fails and self._after:
                self._fail()        # instead of whatever the answer was

    def run(self, kind, function, what=''):
        """Call a function, which may fail; returns its answer."""
        answer = None
        with self.call(kind, what) as times:
            for _time in range(times):
                answer = function()
        if not times:
            self._later.append(function)
        return answer

    def deliver(self):
        """Carry out what is to be done later: that is now."""
        later, self._later = self._later, []
        for function in later:
            function()

    def _mode(self, fails):
        return self._error if fails and isinstance(self._error, str) else None

    def _count(self, kind, what):
        with self._lock:
            if self.dead:
                raise Crash()
            if kind not in self._on if self._on else kind in UNASKED:
                return False
            self.calls += 1
            self.seen.append(Call(kind, what))
            if self._at is None:
                return False
            return self.calls == self._at or (
                self._from_then_on and self.calls > self._at)

    def _fail(self):
        self.hit = True
        if isinstance(self._error, BaseException):
            self.dead = isinstance(self._error, Crash)
            raise self._error
        if callable(self._error):
            self._error()
