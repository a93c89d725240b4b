# SPDX-License-Identifier: Apache-2.0
"""Walks through a list, page by page, while its rows come and go.

What was in the list all the time, with the values that it is sorted by, must
be seen once in a walk: no matter what was made, changed or deleted beside it
or beside the marker.
"""

import contextlib
import datetime
import random
from unittest import mock
import uuid

from hypothesis import HealthCheck
from hypothesis import Phase
from hypothesis import settings
from hypothesis import stateful
from hypothesis import strategies as st
from oslo_utils import timeutils

NOON = datetime.datetime(2026, 11, 22, 12, 0, 0, 123456, datetime.UTC)
# few, so that many rows share them
NAMES = st.sampled_from(['a', 'b', 'B', 'b\U0001f480', 'c c'])
TIMES = st.integers(0, 2).map(
    lambda number: NOON + datetime.timedelta(microseconds=number))
DIRECTIONS = st.sampled_from(['asc', 'desc'])


class Store:
    """What a list is of; tests make it of an API or of a repository.

    :cvar keys: what the list may be sorted by
    :cvar always: what it is sorted by in any case
    :cvar changing: of what is sorted by, what may change in a row
    """

    keys = ('id', 'name', 'status', 'provider_id', 'created_at')
    always = ('created_at', 'id')
    changing = ('name', 'status')

    def __init__(self):
        self.random = random.Random(0)

    @contextlib.contextmanager
    def at(self, time):
        """Let rows that are made in a ``with`` block be of a time.

        Their ids decide where times are equal, so they are the same when an
        example is repeated.
        """
        def make_id():
            return uuid.UUID(int=self.random.getrandbits(128), version=4)

        with (mock.patch.object(timeutils, 'utcnow', autospec=True,
                                return_value=time),
              mock.patch.object(uuid, 'uuid4', make_id)):
            yield

    def clear(self):
        """Remove all rows."""
        self.random.seed(0)

    def make(self, name, time):
        """Add a row; returns its id."""

    def change(self, id_, key, name):
        """Let a row have another value; a new name is given."""

    def delete(self, id_):
        """Remove a row."""

    def first(self, sort, limit, offset):
        """(ids of the first page, what `next` needs or None)"""

    def next(self, rest):
        """(ids of a further page, what `next` needs or None)"""


class _Walk:
    def __init__(self, store, sort, limit, skipped, there):
        self.store, self.limit = store, limit
        self.keys = {*store.always, *(key for key, _direction in sort)}
        # what has to be seen, and what may be seen again
        self.must, self.moved = there - set(skipped), set()
        self.seen = []
        self.rest = None

    def take(self, page):
        ids, self.rest = page
        assert len(ids) <= self.limit
        again = (set(self.seen) & set(ids)) - self.moved
        assert not again, 'seen twice'
        assert len(set(ids)) == len(ids), 'twice on a page'
        self.seen += ids
        if self.rest is None:
            assert self.must <= set(self.seen), 'not seen'

    def go_on(self):
        if self.rest is not None:
            self.take(self.store.next(self.rest))


class Walks(stateful.RuleBasedStateMachine):
    def __init__(self, store):
        super().__init__()
        self.store = store
        store.clear()
        self.rows = []
        self.walks = []

    def row(self, data, marker):
        """Any row; a marker more often than chance would have it."""
        markers = [walk.seen[-1] for walk in self.walks
                   if walk.rest is not None and walk.seen[-1] in self.rows]
        return data.draw(st.sampled_from(
            markers if marker and markers else self.rows), label='row')

    @stateful.initialize(rows=st.lists(st.tuples(NAMES, TIMES), min_size=3,
                                       max_size=8))
    def fill(self, rows):
        for name, time in rows:
            self.make(name, time)

    @stateful.rule(name=NAMES, time=TIMES)
    def make(self, name, time):
        self.rows.append(self.store.make(name, time))

    @stateful.precondition(lambda self: self.rows)
    @stateful.rule(data=st.data(), name=NAMES, marker=st.booleans())
    def change(self, data, name, marker):
        row = self.row(data, marker)
        key = data.draw(st.sampled_from(self.store.changing), label='key')
        self.store.change(row, key, name)
        for walk in self.walks:
            if key in walk.keys:
                walk.must.discard(row)
                walk.moved.add(row)

    @stateful.precondition(lambda self: self.rows)
    @stateful.rule(data=st.data(), marker=st.booleans())
    def delete(self, data, marker):
        row = self.row(data, marker)
        self.store.delete(row)
        self.rows.remove(row)
        for walk in self.walks:
            walk.must.discard(row)

    @stateful.rule(data=st.data(), limit=st.integers(1, 4),
                   offset=st.integers(0, 2))
    def begin(self, data, limit, offset):
        keys = data.draw(st.lists(st.sampled_from(self.store.keys),
                                  max_size=3), label='keys')
        sort = [(key, data.draw(DIRECTIONS)) for key in keys]
        skipped = self.store.first(sort, offset, 0)[0] if offset else ()
        walk = _Walk(self.store, sort, limit, skipped, set(self.rows))
        walk.take(self.store.first(sort, limit, offset))
        self.walks.append(walk)

    @stateful.precondition(lambda self: self.walks)
    @stateful.rule(data=st.data())
    def go_on(self, data):
        data.draw(st.sampled_from(self.walks), label='walk').go_on()

    def teardown(self):
        for walk in self.walks:
            while walk.rest is not None:
                walk.go_on()


def run(store, examples=12):
    """Walk through lists of a store; raises what goes wrong."""
    stateful.run_state_machine_as_test(lambda: Walks(store), settings=settings(
        max_examples=examples, stateful_step_count=20, deadline=None,
        derandomize=True, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck)))
