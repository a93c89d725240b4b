# SPDX-License-Identifier: Apache-2.0
"""A clock that wakes the engine, whatever happens to that of the host."""

import datetime
import threading

from apscheduler.schedulers import base
import pytest

from karbor.operationengine import scheduler

PATIENCE = 60


@pytest.fixture
def made():
    made = scheduler.Scheduler(2)
    yield made
    if made.running:
        made.shutdown(wait=True)


class Bell:
    """Rings, and counts."""

    def __init__(self):
        self.changed = threading.Condition()
        self.count = 0

    def __call__(self):
        with self.changed:
            self.count += 1
            self.changed.notify_all()

    def wait(self, count):
        with self.changed:
            return self.changed.wait_for(lambda: self.count >= count,
                                         PATIENCE)


def test_a_job_comes_at_once_and_again(made):
    bell = Bell()
    made.every(0.05, bell, 'ring')
    made.start()
    assert bell.wait(3)


def test_a_job_that_fails_comes_again(made):
    bell = Bell()

    def fail():
        bell()
        raise ZeroDivisionError

    made.every(0.05, fail, 'fail')
    made.start()
    assert bell.wait(2)


def test_a_job_runs_once_at_a_time(made):
    entered, go_on, inside = Bell(), threading.Event(), []

    def slow():
        inside.append(1)
        assert len(inside) == 1
        entered()
        go_on.wait(PATIENCE)
        inside.pop()

    other = Bell()
    made.every(0.05, slow, 'be slow')
    made.every(0.05, other, 'ring')
    made.start()
    assert entered.wait(1)
    # the other comes again and again meanwhile
    assert other.wait(4)
    assert entered.count == 1
    go_on.set()
    assert entered.wait(2)


def test_once(made):
    bell = Bell()
    made.start()
    made.once(bell)
    assert bell.wait(1)


@pytest.mark.parametrize('seconds', [-3600, 3600])
def test_a_clock_that_is_set_does_not_stop_it(made, monkeypatch, seconds):
    """APScheduler would sleep until the old time comes again."""
    bell = Bell()
    shift = datetime.timedelta(0)
    real = datetime.datetime

    class Shifted(real):
        @classmethod
        def now(cls, tz=None):
            return real.now(tz) + shift

    monkeypatch.setattr(base, 'datetime', Shifted)
    monkeypatch.setattr(made, '_now', lambda: real.now(datetime.UTC) + shift)
    offset = scheduler.time.time
    monkeypatch.setattr(scheduler.time, 'time',
                        lambda: offset() + shift.total_seconds())
    made.every(0.05, bell, 'ring')
    made.start()
    assert bell.wait(2)
    shift = datetime.timedelta(seconds=seconds)
    assert bell.wait(bell.count + 3)


def test_a_job_may_ask_for_another_while_it_is_shut_down(made, monkeypatch):
    """Who shuts down waits for the job, which must not wait for him."""
    inside, stopping, ended = (threading.Event() for _number in range(3))
    workers = made._lookup_executor('default')
    real = workers.shutdown

    def shutdown(wait=True):
        stopping.set()
        real(wait)

    def job():
        inside.set()
        stopping.wait(PATIENCE)
        made.once(ended.set)
        ended.set()

    monkeypatch.setattr(workers, 'shutdown', shutdown)
    made.start()
    made.once(job)
    assert inside.wait(PATIENCE)
    stopper = threading.Thread(target=made.shutdown, daemon=True)
    stopper.start()
    assert ended.wait(PATIENCE)
    stopper.join(PATIENCE)
    assert not stopper.is_alive()


def test_it_is_shut_down_in_the_middle_of_its_work(made, monkeypatch):
    """The thread of the clock ends without a traceback."""
    stopping, failed = threading.Event(), []
    workers = made._lookup_executor('default')
    real, pause = workers.submit_job, threading.Event()

    def submit(job, times):
        stopper.start()
        while made.running:
            pause.wait(0.001)
        stopping.set()
        real(job, times)

    stopper = threading.Thread(target=made.shutdown, daemon=True)
    monkeypatch.setattr(workers, 'submit_job', submit)
    monkeypatch.setattr(threading, 'excepthook', failed.append)
    made.start()
    made.once(lambda: None)
    assert stopping.wait(PATIENCE)
    stopper.join(PATIENCE)
    assert failed == []
