# SPDX-License-Identifier: Apache-2.0
"""The schema that migrations make."""

from alembic import autogenerate
from alembic import migration as alembic_migration
import pytest
import sqlalchemy as sa

from karbor import context
from karbor.db import migration
from karbor.db import models
from karbor.db import operations
from karbor.db import session


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
