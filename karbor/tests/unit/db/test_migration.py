# SPDX-License-Identifier: Apache-2.0
"""The schema that migrations make."""

import datetime

from alembic import autogenerate
from alembic import migration as alembic_migration
import pytest
import sqlalchemy as sa

from karbor import context
from karbor.db import migration
from karbor.db import models
from karbor.db import operations
from karbor.db import scheduled_operations
from karbor.db import session
from karbor.tests.unit.db import servers


def compared():
    with session.engine().connect() as connection:
        return autogenerate.compare_metadata(
            alembic_migration.MigrationContext.configure(
                connection, opts={'compare_type': True}),
            models.Base.metadata)


def test_migrations_make_the_schema_of_the_models(database):
    assert compared() == []


def test_a_difference_would_be_seen(database):
    """The comparison of the test above can fail."""
    with session.engine().begin() as connection:
        connection.exec_driver_sql('CREATE TABLE stray (id INTEGER)')
    try:
        assert [difference[0] for difference in compared()] == [
            'remove_table']
    finally:
        with session.engine().begin() as connection:
            connection.exec_driver_sql('DROP TABLE stray')


def test_a_sync_may_be_repeated(database):
    migration.sync()
    migration.sync('0001')
    assert migration.version() == migration.head()


@pytest.fixture
def nothing(conf, tmp_path):
    conf.set_override('connection', f'sqlite:///{tmp_path}/new/k.db',
                      'database')
    session.init(conf)
    yield
    session.dispose()


def test_a_new_database_has_no_version(nothing):
    assert migration.version() is None
    migration.sync()
    assert migration.version() == migration.head()


@pytest.fixture(params=servers.KINDS)
def old(request, conf, tmp_path):
    """A database as the first release left it."""
    server = servers.running(request.param, tmp_path)
    conf.set_override('connection', server.url, 'database')
    session.init(conf)
    migration.sync('0001')
    yield
    session.dispose()
    server.drop()


def everything():
    """The only row of each table, by the table's name."""
    metadata = sa.MetaData()
    with session.engine().connect() as connection:
        metadata.reflect(connection)
        return {table.name: connection.execute(table.select())
                .mappings().one_or_none() for table in metadata.sorted_tables}


def test_an_upgrade_keeps_what_is_there(old):
    """Whatever is added to a table that has rows."""
    metadata = sa.MetaData()
    with session.engine().begin() as connection:
        metadata.reflect(connection)
        for table in metadata.sorted_tables:
            if table.name != 'alembic_version':
                # equal everywhere, so that foreign keys have their rows
                connection.execute(table.insert().values({
                    column.name: {int: 1, str: '1', bool: True, float: 1.0,
                                  datetime.datetime: datetime.datetime(
                                      2026, 11, 22)}[column.type.python_type]
                    for column in table.columns}))
    before = everything()
    assert before['alembic_version'] == {'version_num': '0001'}
    migration.sync()
    assert migration.version() == migration.head()
    assert compared() == []
    after = everything()
    for name in before.keys() - {'alembic_version'}:
        assert before[name] is not None
        assert before[name].items() <= after[name].items()


def test_a_schema_that_fails_half_way_leaves_nothing(nothing, monkeypatch):
    """A sync is one transaction where the database has such a thing."""
    real = sa.schema.CreateTable
    made = []

    def broken(element, *args, **kwargs):
        made.append(element.name)
        if len(made) == 4:
            raise RuntimeError('power is gone')
        return real(element, *args, **kwargs)

    monkeypatch.setattr('alembic.ddl.impl.schema.CreateTable', broken)
    with pytest.raises(RuntimeError, match='power'):
        migration.sync()
    monkeypatch.undo()
    assert len(made) == 4
    assert migration.version() is None
    migration.sync()
    assert compared() == []


def test_the_head_is_unknown_without_migrations(monkeypatch):
    monkeypatch.setattr(
        migration.alembic_script.ScriptDirectory, 'get_current_head',
        lambda self: None)
    with pytest.raises(RuntimeError, match='no migrations'):
        migration.head()


def test_rows_of_the_first_schema_are_kept(nothing):
    migration.sync('0001')
    values = dict.fromkeys(('id', 'type', 'project_id', 'provider_id',
                            'checkpoint_id', 'status'), 'x') | {
        'request': '{}', 'created_at': '2026-11-22 12:00:00.000000',
        **dict.fromkeys(('attempt', 'crashes', 'fraction', 'bytes_done',
                         'bytes_total'), 0)}
    with session.engine().begin() as connection:
        connection.execute(sa.text(
            f'INSERT INTO operations ({", ".join(values)}) VALUES '
            f'({", ".join(":" + name for name in values)})'), values)
    migration.sync()
    assert compared() == []
    found = operations.get(context.system(), 'x')
    assert (found.status, found.source_checkpoint_id) == ('x', None)


def test_those_that_remove_checkpoints_begin_tomorrow(nothing):
    """So that there is time to look at what they would remove."""
    migration.sync('0009')
    now = datetime.datetime.now(datetime.UTC)
    with session.engine().begin() as connection:
        connection.exec_driver_sql(
            'INSERT INTO triggers (id, project_id, name, type, properties, '
            "created_at) VALUES ('t', 'p', 'n', 'time', '{}', "
            "'2026-11-22 12:00:00.000000')")
        for type_ in ('protect', 'retention_protect'):
            connection.execute(sa.text(
                'INSERT INTO scheduled_operations (id, project_id, name, '
                'operation_type, trigger_id, plan_id, operation_definition, '
                "enabled, overlap, created_at) VALUES (:type, 'p', 'n', "
                ":type, 't', 'p', '{}', 1, 'skip', "
                "'2026-11-22 12:00:00.000000')"), {'type': type_})
    migration.sync()
    found = {one: scheduled_operations.get(context.system(), one).retention_at
             for one in ('protect', 'retention_protect')}
    assert found['protect'] is None
    assert found['retention_protect'] - now >= datetime.timedelta(days=1)
