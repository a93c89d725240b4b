# SPDX-License-Identifier: Apache-2.0
"""Columns that mean the same on every database."""

import datetime

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import pytest
import sqlalchemy as sa

from karbor.db import session
from karbor.db import types

TABLE = sa.Table('t', sa.MetaData(), sa.Column('time', types.UTCDateTime),
                 sa.Column('plain', types.JSONText))
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(), inner, max_size=3), max_leaves=10)


@pytest.fixture(scope='module')
def memory():
    """A table in a SQLite database of this module."""
    engine = sa.create_engine('sqlite://')
    TABLE.metadata.create_all(engine)
    with engine.connect() as connection:
        yield connection


def stored(connection, **values):
    connection.execute(TABLE.delete())
    connection.execute(TABLE.insert().values(**values))
    return connection.execute(sa.select(TABLE)).one()


@settings(max_examples=60, deadline=None)
@given(st.datetimes(
    min_value=datetime.datetime(1900, 1, 2),
    max_value=datetime.datetime(9999, 12, 30),
    timezones=st.timezones() | st.just(datetime.UTC)))
def test_a_time_is_the_same_moment_afterwards(memory, moment):
    found = stored(memory, time=moment).time
    # zones do not agree with themselves where a clock was turned back
    assert found == moment.astimezone(datetime.UTC)
    assert found.tzinfo is datetime.UTC


@settings(max_examples=60, deadline=None)
@given(PLAIN)
def test_plain_data_is_the_same_afterwards(memory, data):
    assert stored(memory, plain=data).plain == data


def test_nothing_is_null(memory):
    assert tuple(stored(memory, time=None, plain=None)) == (None, None)
    assert memory.execute(sa.text(
        'SELECT count(*) FROM t WHERE time IS NULL AND plain IS NULL')
    ).scalar() == 1


def test_a_time_without_a_zone_is_refused(memory):
    with pytest.raises(sa.exc.StatementError, match='without a zone'):
        stored(memory, time=datetime.datetime(2026, 11, 22))


def test_data_that_is_not_plain_is_refused(memory):
    with pytest.raises(sa.exc.StatementError, match='not JSON'):
        stored(memory, plain={'a': object()})


def ask(*columns):
    with session.engine().connect() as connection:
        return connection.execute(sa.select(*columns)).one()


def test_microseconds_survive(database):
    with session.engine().begin() as connection:
        table = sa.Table('moments', sa.MetaData(),
                         sa.Column('time', types.UTCDateTime))
        table.create(connection)
        moment = datetime.datetime(2026, 3, 29, 2, 30, 0, 123457,
                                   datetime.UTC)
        connection.execute(table.insert().values(time=moment))
        assert connection.execute(sa.select(table)).scalar() == moment
        table.drop(connection)


def test_now_is_the_time_of_the_database_in_utc(database):
    before = datetime.datetime.now(datetime.UTC)
    found = ask(types.now())[0]
    after = datetime.datetime.now(datetime.UTC)
    # SQLite knows milliseconds; the servers run on this host
    slack = datetime.timedelta(milliseconds=1)
    assert before - slack <= found <= after + slack


@pytest.mark.parametrize('seconds', [0.25, 30, -30, 90_000.5, -1e7])
def test_now_with_an_offset(database, seconds):
    now, then = ask(types.now(), types.now(seconds))
    # two looks at the clock in one statement
    assert abs((then - now).total_seconds() - seconds) < 1


@pytest.mark.parametrize('seconds', [0.5, 3600, 1e8])
def test_a_stored_time_is_compared_to_now(database, seconds):
    with session.engine().begin() as connection:
        table = sa.Table('moments', sa.MetaData(),
                         sa.Column('time', types.UTCDateTime))
        table.create(connection)
        connection.execute(table.insert().values(time=types.now()))
        assert connection.execute(sa.select(
            table.c.time <= types.now(),
            table.c.time < types.now(seconds),
            table.c.time < types.now(-seconds))).one() == (
                True, True, False)
        table.drop(connection)
