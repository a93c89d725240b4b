# SPDX-License-Identifier: Apache-2.0
"""Many writers, few commits, nothing lost."""

import threading

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import pytest

from karbor.protection.journal import Journal


class Disk:
    """What commits go to; the first one waits until it may go on.

    :ivar batches: what was committed, by commit
    """

    def __init__(self, error=None):
        self.batches = []
        self.error = error
        self.entered = threading.Event()
        self.go_on = threading.Event()

    def commit(self, entries):
        if not self.entered.is_set():
            self.entered.set()
            assert self.go_on.wait(60)
        if self.error is not None:
            raise self.error
        self.batches.append(list(entries))


class Writer(threading.Thread):
    """Writes one entry, and notes what was committed when it returned."""

    def __init__(self, journal, disk, number):
        super().__init__(daemon=True)
        self.journal, self.disk, self.number = journal, disk, number
        self.error = self.committed = None
        self.start()

    def run(self):
        try:
            self.journal.write({'position': self.number})
            self.committed = [e['position'] for batch in self.disk.batches
                              for e in batch]
        except Exception as error:
            # looked at by the test
            self.error = error


class Watched(threading.Condition):
    """Tells of each thread that begins to wait."""

    def __init__(self):
        super().__init__()
        self.waiting = threading.Semaphore(0)

    def wait(self, timeout=None):
        self.waiting.release()
        return super().wait(timeout)


def crowd(journal, disk, count):
    """One writer in the commit, and so many that wait for it."""
    journal._changed = Watched()
    first = Writer(journal, disk, 0)
    assert disk.entered.wait(60)
    others = [Writer(journal, disk, number)
              for number in range(1, count + 1)]
    for _writer in others:
        assert journal._changed.waiting.acquire(timeout=60)
    disk.go_on.set()
    for writer in [first, *others]:
        writer.join(60)
        assert not writer.is_alive()
    return [first, *others]


def test_those_that_wait_share_a_commit():
    disk = Disk()
    journal = Journal(disk.commit)
    writers = crowd(journal, disk, 8)
    assert [len(batch) for batch in disk.batches] == [1, 8]
    for writer in writers:
        assert writer.error is None
        assert writer.number in writer.committed
    assert sorted(e['position'] for batch in disk.batches
                  for e in batch) == list(range(9))


def test_an_error_reaches_everybody_and_stays():
    error = OSError('the disk is gone')
    disk = Disk(error)
    journal = Journal(disk.commit)
    for writer in crowd(journal, disk, 4):
        assert writer.error is error
    assert journal.error is error
    disk.error = None
    with pytest.raises(OSError, match='gone'):
        journal.write({'position': 99})
    assert disk.batches == []


def test_an_end_of_the_process_is_an_error_for_the_others_too():
    def commit(entries):
        raise KeyboardInterrupt

    journal = Journal(commit)
    for _writer in range(2):
        with pytest.raises(KeyboardInterrupt):
            journal.write({'position': 1})


@settings(max_examples=20, deadline=None)
@given(st.lists(st.lists(st.integers(0, 3), max_size=5), min_size=1,
                max_size=4))
def test_no_entry_is_lost_or_written_twice(threads):
    """Threads that each write batches of some size, all at once."""
    written = []
    journal = Journal(written.extend)
    barrier = threading.Barrier(len(threads))
    wrong = []

    def work(owner, sizes):
        barrier.wait(60)
        for batch, size in enumerate(sizes):
            mine = [{'position': (owner, batch, number)}
                    for number in range(size)]
            journal.write(*mine)
            if any(entry not in written for entry in mine):
                wrong.append((owner, batch))

    running = [threading.Thread(target=work, args=item)
               for item in enumerate(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join(60)
    assert wrong == []
    assert len(written) == sum(map(sum, threads))
    for owner, sizes in enumerate(threads):
        # in the order in which their writer wrote them
        assert [e['position'] for e in written
                if e['position'][0] == owner] == [
            (owner, batch, number) for batch, size in enumerate(sizes)
            for number in range(size)]
