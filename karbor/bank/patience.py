# SPDX-License-Identifier: Apache-2.0
"""A bank that is asked again while it is away.

It stands between a section and the plugin, so that nothing above it has to
think of it. All changes and questions of the contract may be repeated:
`put` stores the same bytes under the same key, whatever became of it before,
and an object is read as a whole.
"""

from collections.abc import Callable
import threading
import time
from typing import TypeVar

from oslo_log import log
import tenacity

from karbor import exception
from karbor.i18n import _
from karbor.plugin import BankPlugin
from karbor.plugin import Stat

LOG = log.getLogger(__name__)
T = TypeVar('T')

# seconds of the longest pause; the first ones are shorter by powers of two,
# and all are cut at random, so that those who wait do not come back together
_LONGEST = 30.0
# Nobody has asked for so long: what was away then may have been back since.
_FORGOTTEN = 60.0


class PatientBank(BankPlugin):
    """A bank plugin whose calls wait for a bank that is away.

    A call fails when it was made again and again for so long; and at once, if
    others have found the bank away for so long and nobody has had an answer
    since. So an operation of many resources waits once, not for each of them.
    """

    def __init__(self, bank: BankPlugin, name: str, seconds: float, *,
                 sleep: Callable[[float], None] = time.sleep,
                 clock: Callable[[], float] = time.monotonic,
                 first: float = 1.0) -> None:
        """Wrap a bank.

        :param name: of the bank, for users
        :param seconds: for which a call is made again; 0 is one try
        :param sleep: pauses; whatever it raises ends the call
        :param first: seconds of the first pause at most
        """
        self._bank = bank
        self._name = name
        self._seconds = seconds
        self._sleep = sleep
        self._clock = clock
        self._first = first
        self._growing = tenacity.wait_random_exponential(
            multiplier=first, max=max(first, _LONGEST))
        self._lock = threading.Lock()
        self._away_since: float | None = None
        self._last_failure = 0.0

    def waiting(self, sleep: Callable[[float], None]) -> 'PatientBank':
        """The same bank for somebody who has his own way to pause.

        It begins to wait anew, whatever others have found.
        """
        return PatientBank(self._bank, self._name, self._seconds, sleep=sleep,
                           clock=self._clock, first=self._first)

    # -- the contract ---------------------------------------------------------

    def put(self, key: str, data: bytes) -> None:
        self._ask(key, lambda: self._bank.put(key, data))

    def get(self, key: str) -> bytes:
        return self._ask(key, lambda: self._bank.get(key))

    def list(self, prefix: str = '', after: str = '',
             limit: int | None = None) -> list[str]:
        return self._ask(prefix, lambda: self._bank.list(prefix, after,
                                                         limit))

    def stat(self, key: str) -> Stat:
        return self._ask(key, lambda: self._bank.stat(key))

    def delete(self, key: str) -> None:
        self._ask(key, lambda: self._bank.delete(key))

    # -- waiting --------------------------------------------------------------

    def _ask(self, key: str, call: Callable[[], T]) -> T:
        began = self._clock()

        def left() -> float:
            since = min(began, self._failed(began))
            return since + self._seconds - self._clock()

        def over(state: tenacity.RetryCallState) -> bool:
            return left() <= 0

        def pause(state: tenacity.RetryCallState) -> float:
            # the last try is when the time is over
            return max(0.0, min(self._growing(state), left()))

        def tell(state: tenacity.RetryCallState) -> None:
            # who waits beside others says nothing new
            LOG.log(log.WARNING if state.attempt_number == 1 else log.INFO,
                    'The bank of %(name)s is away, try %(try)d in %(spent).1f '
                    's: %(error)s It is asked again in %(pause).1f s.', {
                        'name': self._name, 'try': state.attempt_number,
                        'spent': self._clock() - began,
                        'error': state.outcome and state.outcome.exception(),
                        'pause': state.upcoming_sleep})

        tries = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(exception.BankUnavailable),
            stop=over, wait=pause, before_sleep=tell, sleep=self._sleep,
            reraise=True)
        try:
            answer = tries(call)
        except exception.BankUnavailable as error:
            raise self._given_up(key, began, tries, error) from error
        except exception.BankError:
            # what it says is not welcome, but it is there
            self._answered()
            raise
        self._answered()
        return answer

    def _failed(self, began: float) -> float:
        """Note a call that failed; returns since when the bank is away."""
        with self._lock:
            if (self._away_since is None
                    or began > self._last_failure + _FORGOTTEN):
                self._away_since = began
            self._last_failure = self._clock()
            return self._away_since

    def _answered(self) -> None:
        if self._away_since is None:
            return
        with self._lock:
            since, self._away_since = self._away_since, None
        if since is not None:
            LOG.info('The bank of %(name)s answers again after %(spent).1f '
                     's.', {'name': self._name,
                            'spent': self._clock() - since})

    def _given_up(self, key: str, began: float, tries: tenacity.Retrying,
                  error: exception.BankUnavailable,
                  ) -> exception.BankUnavailable:
        with self._lock:
            since = began if self._away_since is None else min(
                began, self._away_since)
        return exception.BankUnavailable(_(
            'The bank of %(name)s was away for %(spent)d seconds; given up '
            'after %(count)d tries of the last call. %(error)s') % {
                'name': self._name, 'spent': self._clock() - since,
                'count': tries.statistics['attempt_number'],
                'error': error},
            key=error.facts.get('key', key),
            reason=error.facts.get('reason', str(error)))
