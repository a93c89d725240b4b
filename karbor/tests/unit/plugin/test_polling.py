# SPDX-License-Identifier: Apache-2.0
"""Waiting for something outside that only tells when it is asked."""

import pytest

from karbor.plugin import polling
from karbor.plugin import WaitFailed


class Time:
    """A clock that only pauses move."""

    def __init__(self, *statuses):
        self.now = 100.0
        self.pauses = []
        self.statuses = list(statuses)
        self.asked = 0

    def clock(self):
        return self.now

    def sleep(self, seconds):
        self.pauses.append(seconds)
        self.now += seconds

    def status(self):
        self.asked += 1
        return self.statuses.pop(0) if len(
            self.statuses) > 1 else self.statuses[0]

    def wait(self, **changes):
        return polling.wait(self.status, **{
            'done': {'ok', 'fine'}, 'failed': {'error'}, 'timeout': 60,
            'interval': 1, 'most': 3, 'sleep': self.sleep, 'what': 'T 1',
            'clock': self.clock, **changes})


def test_what_is_done_takes_no_pause():
    time = Time('fine')
    assert time.wait() == 'fine'
    assert (time.asked, time.pauses) == (1, [])


def test_pauses_grow_up_to_a_limit():
    time = Time(*['busy'] * 5, 'ok')
    assert time.wait() == 'ok'
    assert time.pauses == [1, 1.5, 2.25, 3, 3]


def test_a_failed_status_is_said():
    time = Time('busy', 'error')
    with pytest.raises(WaitFailed, match='^T 1 went to status error.$'):
        time.wait()
    assert time.asked == 2


def test_done_wins_over_failed():
    assert Time('ok').wait(failed={'ok'}) == 'ok'


def test_time_is_up():
    time = Time('busy')
    with pytest.raises(WaitFailed, match=(
            '^T 1 was still busy after 10 seconds.$')):
        time.wait(timeout=10)
    # not one moment longer, and asked once more at the end
    assert time.now == 110.0
    assert time.asked == len(time.pauses) + 1


def test_no_time_is_one_question():
    time = Time('busy')
    with pytest.raises(WaitFailed):
        time.wait(timeout=0)
    assert (time.asked, time.pauses) == (1, [])


def test_an_error_of_the_question_is_final():
    def status():
        raise OSError('gone')

    with pytest.raises(OSError, match='gone'):
        polling.wait(status, done=(), failed=(), timeout=1, interval=1,
                     most=1, sleep=lambda seconds: None, what='x')
