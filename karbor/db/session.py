# SPDX-License-Identifier: Apache-2.0
"""Transactions: where they begin, and what they promise.

A writer's transaction takes the write lock of SQLite when it begins. Without
that, a SELECT followed by an UPDATE fails at once with 'database is locked'
when another process has written in between: waiting cannot help there.
"""

from collections.abc import Callable, Iterator, Mapping
import contextlib
import os
from typing import Any, TypeVar

from oslo_config import cfg
from oslo_db import api as db_api
from oslo_db import exception as db_exception
from oslo_db.sqlalchemy import enginefacade
import sqlalchemy as sa
from sqlalchemy import dialects
from sqlalchemy import orm
from sqlalchemy import pool

from karbor.context import RequestContext

F = TypeVar('F', bound=Callable[..., Any])

_OPTIONS = ('connection', 'slave_connection', 'max_pool_size', 'max_overflow',
            'pool_timeout', 'connection_recycle_time', 'max_retries',
            'retry_interval', 'connection_debug', 'connection_trace',
            'connection_parameters', 'mysql_sql_mode',
            'mysql_wsrep_sync_wait')
_WRITE = 'karbor_write'

_facade: Any = None
_POOLED = 'karbor_pooled'


class Pooled(sa.CreateEnginePlugin):
    """Keeps connections to a file of SQLite.

    oslo.db would open and close one in each transaction, which costs more
    than most transactions, and does not take another pool as an option.
    """

    def __init__(self, url: sa.URL, kwargs: dict[str, Any]) -> None:
        super().__init__(url, kwargs)
        if kwargs.get('poolclass') is pool.NullPool:
            # a thread waits for its turn at the file, not at the pool
            kwargs.update(poolclass=pool.QueuePool, max_overflow=50)

    def update_url(self, url: sa.URL) -> sa.URL:
        return url.difference_update_query(['plugin'])


dialects.plugins.register(_POOLED, __name__, 'Pooled')


def init(conf: cfg.ConfigOpts) -> None:
    """Point the repositories at the database that is configured.

    Connects with the first transaction. What an earlier call set up is
    closed.
    """
    global _facade
    dispose()
    facade = enginefacade.transaction_context()
    # None means "as oslo.db has it" in its options, but not in its engine
    options = {name: value for name in _OPTIONS
               if (value := conf.database.get(name)) is not None}
    url = sa.make_url(options['connection'])
    if url.get_backend_name() == 'sqlite':
        options['sqlite_fk'] = True
        options['connection'] = url.update_query_dict(
            {'plugin': _POOLED}).render_as_string(hide_password=False)
        _make_directory(url.database)
    elif url.get_backend_name() in ('mysql', 'mariadb'):
        # oslo.db would have "utf8", which there is three bytes a letter
        options['connection'] = url.update_query_dict(
            {'charset': 'utf8mb4', **url.query}).render_as_string(
                hide_password=False)
    # no green threads, so nobody has to be let in by sleeping
    facade.configure(**options, thread_checkin=False)
    idle = conf.database_idle_transaction_timeout
    facade.append_on_engine_create(
        lambda engine: _prepare_engine(engine, idle))
    _facade = facade


def dispose() -> None:
    """Close every connection."""
    global _facade
    if _facade is not None and _facade.is_started:
        _facade.dispose_pool()
    _facade = None


def engine() -> sa.Engine:
    """The engine behind the repositories."""
    found: sa.Engine = _facade.writer.get_engine()
    return found


def _make_directory(database: str | None) -> None:
    if database and database != ':memory:':
        os.makedirs(os.path.dirname(os.path.abspath(database)), mode=0o750,
                    exist_ok=True)


# A process that is frozen in the middle of a transaction would keep its locks
# as long as its connection lives, and with them the work from all others.
_IDLE = {
    'postgresql': 'SET idle_in_transaction_session_timeout = {0}000',
    'mysql': 'SET SESSION idle_transaction_timeout = {0}',
}


def _prepare_engine(engine: sa.Engine, idle: int) -> None:
    if engine.dialect.name in _IDLE:
        statement = _IDLE[engine.dialect.name].format(idle)

        @sa.event.listens_for(engine, 'connect')
        def limit(connection: Any, record: Any) -> None:
            with contextlib.closing(connection.cursor()) as cursor:
                cursor.execute(statement)
            connection.commit()

    elif engine.dialect.name == 'sqlite':
        _prepare_sqlite(engine)
    # oslo.db has tried a connection already, and keeps it
    engine.dispose()


def _prepare_sqlite(engine: sa.Engine) -> None:
    @sa.event.listens_for(engine, 'connect')
    def connect(connection: Any, record: Any) -> None:
        connection.execute('PRAGMA busy_timeout = 60000')
        connection.execute('PRAGMA journal_mode = WAL')
        # a commit survives the loss of power
        connection.execute('PRAGMA synchronous = FULL')
        # as in the other databases
        connection.execute('PRAGMA case_sensitive_like = ON')

    @sa.event.listens_for(engine, 'before_cursor_execute', retval=True)
    def begin(connection: sa.Connection, cursor: Any, statement: str,
              parameters: Any, context: Any, many: bool) -> tuple[str, Any]:
        # oslo.db says BEGIN, and its listener always comes before ours
        if (statement == 'BEGIN'
                and connection.get_execution_options().get(_WRITE)):
            statement = 'BEGIN IMMEDIATE'
        return statement, parameters


@contextlib.contextmanager
def reader(context: RequestContext) -> Iterator[orm.Session]:
    """A transaction that only reads."""
    with _facade.reader.using(context) as session:
        yield session


@contextlib.contextmanager
def writer(context: RequestContext) -> Iterator[orm.Session]:
    """A transaction that writes; joins the one that the context is in."""
    with _facade.writer.using(context) as session:
        # the first statement takes the connection and begins
        if _WRITE not in session.info:
            session.info[_WRITE] = True
            session.connection(execution_options={_WRITE: True})
        yield session


def changed(session: orm.Session, statement: sa.Update | sa.Delete,
            parameters: Mapping[str, Any] | None = None) -> int:
    """Carry out an UPDATE or DELETE; how many rows it found.

    Objects that the session has loaded are not brought up to date.

    :param parameters: of a statement that was made once
    """
    result = session.execute(
        statement, parameters,
        execution_options={'synchronize_session': False})
    count: int = result.rowcount  # type: ignore[attr-defined]
    return count


def is_away(error: BaseException) -> bool:
    """Whether the database is to blame, and may do the same well later."""
    return isinstance(
        error, db_exception.DBError | sa.exc.SQLAlchemyError) and not (
            isinstance(error, db_exception.DBDataError
                       | db_exception.DBConstraintError
                       | db_exception.DBReferenceError
                       | db_exception.DBDuplicateEntry))


def retry(function: F) -> F:
    """Repeat a whole transaction that the database gave up.

    Only for the function that begins the transaction.
    """
    decorate: Callable[[F], F] = db_api.wrap_db_retry(
        max_retries=10, retry_interval=0.05, inc_retry_interval=True,
        max_retry_interval=2, jitter=True, retry_on_deadlock=True,
        retry_on_disconnect=False)
    return decorate(function)
