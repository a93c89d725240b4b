# SPDX-License-Identifier: Apache-2.0

import threading

import pytest

from karbor.plugin.testing.together import run_together


def test_all_run_at_once():
    meeting = threading.Barrier(3, timeout=60)
    done = []

    def work():
        # nobody would pass it if they ran one after another
        meeting.wait()
        done.append(1)
    run_together([work] * 3)
    assert done == [1] * 3


def test_the_first_error_is_the_caller_s_and_the_others_end():
    meeting = threading.Barrier(2)
    ended = []

    def fail():
        meeting.abort()
        raise ValueError('the cause')

    def wait():
        try:
            meeting.wait()
        finally:
            ended.append(1)
    with pytest.raises(ValueError, match='the cause'):
        run_together([wait, fail])
    assert ended == [1]


def test_nothing_to_do_is_no_error():
    run_together([])
