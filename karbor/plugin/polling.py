# SPDX-License-Identifier: Apache-2.0
"""Waiting for something outside that only tells when it is asked."""

from collections.abc import Callable, Collection
import time

from karbor.i18n import _
from karbor.plugin.errors import WaitFailed


def wait(status: Callable[[], str], *, done: Collection[str],
         failed: Collection[str], timeout: float, interval: float,
         most: float, sleep: Callable[[float], None], what: str,
         clock: Callable[[], float] = time.monotonic) -> str:
    """See `Step.wait`; the clock and the pause are the caller's."""
    end = clock() + timeout
    while True:
        now = status()
        if now in done:
            return now
        if now in failed:
            raise WaitFailed(_('%(what)s went to status %(now)s.')
                             % {'what': what, 'now': now})
        left = end - clock()
        if left <= 0:
            raise WaitFailed(
                _('%(what)s was still %(now)s after %(seconds)d seconds.')
                % {'what': what, 'now': now, 'seconds': timeout})
        sleep(min(interval, left))
        interval = min(interval * 1.5, most)
