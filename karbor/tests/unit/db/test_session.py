# SPDX-License-Identifier: Apache-2.0
"""Where transactions begin, and what they promise."""

import multiprocessing
import os

from oslo_db import exception as db_exception
import pytest
import sqlalchemy as sa

from karbor.db import migration
from karbor.db import models
from karbor.db import session as db
from karbor.db import types
from karbor.tests.unit.db import common

ROUNDS = 15


def pragma(session, name):
    return session.execute(sa.text(f'PRAGMA {name}')).scalar()


@pytest.fixture
def sqlite(conf, tmp_path):
    conf.set_override('connection', f'sqlite:///{tmp_path}/deep/er/k.db',
                      'database')
    db.init(conf)
    migration.sync()
    yield tmp_path / 'deep/er/k.db'
    db.dispose()


def test_sqlite_is_set_up_for_many_writers(sqlite):
    with db.reader(common.system()) as session:
        assert pragma(session, 'journal_mode') == 'wal'
        assert pragma(session, 'foreign_keys') == 1
        assert pragma(session, 'synchronous') == 2
        assert pragma(session, 'busy_timeout') == 60000


def test_sqlite_keeps_its_connections(sqlite):
    def connection():
        with db.reader(common.system()) as session:
            return session.connection().connection.dbapi_connection

    assert connection() is connection()
    assert 'plugin' not in db.engine().url.query
    db.dispose()


def test_the_directory_of_sqlite_is_made_for_its_owner(sqlite):
    assert sqlite.exists()
    # the mask of the process may take bits away, never give them
    assert sqlite.parent.stat().st_mode & 0o777 & ~0o750 == 0


def test_sqlite_in_memory_needs_no_directory(conf):
    conf.set_override('connection', 'sqlite://', 'database')
    db.init(conf)
    try:
        migration.sync()
        assert migration.version() == migration.head()
    finally:
        db.dispose()


def test_a_foreign_key_is_kept(database):
    with pytest.raises(db_exception.DBReferenceError), \
            db.writer(common.system()) as session:
        session.execute(sa.insert(models.PlanResource).values(
            plan_id=common.NOWHERE, position=0, resource_type='T',
            resource_id='r', name=''))


def test_an_error_undoes_the_transaction(database):
    row = common.operation()
    with pytest.raises(db_exception.DBDuplicateEntry):
        common.save(row, common.operation(), row)
    with db.reader(common.system()) as session:
        assert session.execute(sa.select(models.Operation)).first() is None


def test_a_writer_joins_the_transaction_that_it_is_in(database):
    context = common.system()
    with db.writer(context) as outer, db.writer(context) as inner:
        assert inner is outer
        common.operations.insert(inner, common.operation())


def test_a_writer_locks_sqlite_at_once(sqlite):
    with db.writer(common.system()) as session:
        session.execute(sa.select(models.Operation)).first()
        other = sa.create_engine(f'sqlite:///{sqlite}',
                                 connect_args={'timeout': 0})
        with pytest.raises(sa.exc.OperationalError, match='locked'), \
                other.connect() as connection:
            connection.exec_driver_sql('BEGIN IMMEDIATE')


def test_a_reader_does_not_lock_sqlite(sqlite):
    with db.reader(common.system()) as session:
        session.execute(sa.select(models.Operation)).first()
        common.save(common.operation())
        # it sees one state of the database until its end
        assert session.execute(sa.select(models.Operation)).first() is None


def count_up(rounds):
    """Read a number, and write the next one."""
    for _round in range(rounds):
        with db.writer(common.system()) as session:
            [row] = session.execute(sa.select(models.Service)).scalars()
            session.execute(sa.update(models.Service).values(
                disabled_reason=str(int(row.disabled_reason) + 1)))


def zero():
    with db.writer(common.system()) as session:
        session.execute(sa.insert(models.Service).values(
            host='h', binary='b', status='enabled', disabled_reason='0',
            updated_at=types.now()))


def number():
    with db.reader(common.system()) as session:
        return session.execute(
            sa.select(models.Service.disabled_reason)).scalar()


def test_threads_that_read_and_write_wait_for_each_other(sqlite):
    zero()
    assert common.side_by_side(
        *[lambda: count_up(ROUNDS)] * 4) == [None] * 4
    assert number() == str(4 * ROUNDS)


def _process(conf_url, rounds, ready):
    from karbor import conf as karbor_conf
    karbor_conf.parse([], default_config_files=[])
    karbor_conf.CONF.set_override('connection', conf_url, 'database')
    db.init(karbor_conf.CONF)
    ready.wait(120)
    count_up(rounds)


def test_processes_that_read_and_write_wait_for_each_other(sqlite):
    """Without the lock at BEGIN: 'database is locked', at once."""
    zero()
    spawn = multiprocessing.get_context('spawn')
    ready = spawn.Barrier(2)
    other = spawn.Process(target=_process,
                          args=(f'sqlite:///{sqlite}', ROUNDS, ready))
    other.start()
    ready.wait(120)
    count_up(ROUNDS)
    other.join()
    assert other.exitcode == 0
    assert number() == str(2 * ROUNDS)


def test_what_a_deadlock_undid_is_repeated(monkeypatch):
    calls = []

    @db.retry
    def work():
        calls.append(1)
        if len(calls) < 3:
            raise db_exception.DBDeadlock()
        return 'done'

    monkeypatch.setattr('time.sleep', lambda seconds: None)
    assert work() == 'done'
    assert len(calls) == 3


def test_another_error_is_not_repeated():
    calls = []

    @db.retry
    def work():
        calls.append(1)
        raise db_exception.DBReferenceError('t', 'c', 'k', 'kt')

    with pytest.raises(db_exception.DBReferenceError):
        work()
    assert len(calls) == 1


def test_a_second_init_closes_the_first(conf, tmp_path):
    for name in ('one', 'two'):
        conf.set_override('connection', f'sqlite:///{tmp_path}/{name}.db',
                          'database')
        db.init(conf)
        migration.sync()
    assert db.engine().url.database == os.path.join(tmp_path, 'two.db')
    db.dispose()
    db.dispose()


@pytest.mark.parametrize(('given', 'made'), [
    ('mysql+pymysql://u:p%40ss@h/d',
     'mysql+pymysql://u:p%40ss@h/d?charset=utf8mb4'),
    ('mysql+pymysql://u@h/d?charset=latin1&ssl_ca=x',
     'mysql+pymysql://u@h/d?charset=latin1&ssl_ca=x'),
    ('postgresql+psycopg://u:p@h/d', 'postgresql+psycopg://u:p@h/d'),
])
def test_the_charset_of_mariadb(conf, monkeypatch, given, made):
    seen = {}

    class Facade:
        is_started = False

        def configure(self, **options):
            seen.update(options)

        def append_on_engine_create(self, function):
            pass

    monkeypatch.setattr(db.enginefacade, 'transaction_context', Facade)
    conf.set_override('connection', given, 'database')
    db.init(conf)
    db.dispose()
    assert sa.make_url(seen['connection']) == sa.make_url(made)


def test_the_first_connection_is_set_up_like_all(connected):
    """oslo.db opens one before anybody can say what it shall be like."""
    ask = {'postgresql': 'SHOW idle_in_transaction_session_timeout',
           'mysql': 'SELECT @@SESSION.idle_transaction_timeout',
           'sqlite': 'PRAGMA busy_timeout'}
    told = {'postgresql': '30s', 'mysql': 30, 'sqlite': 60000}
    with db.reader(common.system()) as session:
        kind = session.get_bind().dialect.name
        assert session.execute(
            sa.text(ask[kind])).scalar() == told[kind]
