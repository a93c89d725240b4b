# SPDX-License-Identifier: Apache-2.0
"""Column types and functions that mean the same on every database."""

import datetime
import json
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import functions

# 64 KiB, the TEXT of MariaDB, is less than a graph of 1,000 resources.
LongText = sa.Text().with_variant(mysql.LONGTEXT(), 'mysql', 'mariadb')


class UTCDateTime(sa.types.TypeDecorator[datetime.datetime]):
    """An aware time in Python, naive UTC with microseconds in the database."""

    impl = sa.DateTime
    cache_ok = True

    @property
    def python_type(self) -> type[datetime.datetime]:
        return datetime.datetime

    def load_dialect_impl(self, dialect: sa.Dialect) -> Any:
        if dialect.name in ('mysql', 'mariadb'):
            return dialect.type_descriptor(mysql.DATETIME(fsp=6))
        return dialect.type_descriptor(sa.DateTime())

    def process_bind_param(self, value: datetime.datetime | None,
                           dialect: sa.Dialect) -> datetime.datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError('a time without a zone cannot be stored')
        return value.astimezone(datetime.UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime.datetime | None,
                             dialect: sa.Dialect) -> datetime.datetime | None:
        return None if value is None else value.replace(tzinfo=datetime.UTC)


class JSONText(sa.types.TypeDecorator[Any]):
    """Plain data as JSON text; NULL is None."""

    impl = LongText
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> Any:
        return None if value is None else json.dumps(value)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Any:
        return None if value is None else json.loads(value)


class now(functions.FunctionElement[datetime.datetime]):
    """The time by the clock of the database, some seconds later.

    Leases and heartbeats are compared by this clock only, so that a host
    whose clock is wrong can neither keep nor steal work.
    """

    name = 'karbor_now'
    # how much later is bound, so that the statement is compiled once
    inherit_cache = True
    type = UTCDateTime()

    def __init__(self, seconds: float = 0) -> None:
        super().__init__(sa.literal(round(seconds * 1000), sa.BigInteger()))


@compiles(now, 'sqlite')
def _now_sqlite(element: now, compiler: Any, **kw: Any) -> str:
    # as many digits as the type stores, because text is compared
    later = compiler.process(element.clauses, **kw)
    return ("(strftime('%Y-%m-%d %H:%M:%f', 'now', "
            f"printf('%+.3f seconds', {later} / 1000.0)) || '000')")


@compiles(now, 'postgresql')
def _now_postgresql(element: now, compiler: Any, **kw: Any) -> str:
    later = compiler.process(element.clauses, **kw)
    return ("(clock_timestamp() AT TIME ZONE 'UTC' + "
            f"{later} * INTERVAL '1 millisecond')")


@compiles(now, 'mysql')
@compiles(now, 'mariadb')
def _now_mysql(element: now, compiler: Any, **kw: Any) -> str:
    later = compiler.process(element.clauses, **kw)
    return f'(UTC_TIMESTAMP(6) + INTERVAL ({later} * 1000) MICROSECOND)'
