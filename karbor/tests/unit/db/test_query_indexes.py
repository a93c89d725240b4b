# SPDX-License-Identifier: Apache-2.0
"""How the databases read a page of a long list: by an index in its order."""

import itertools
import random
import uuid

import pytest
import sqlalchemy as sa

from karbor.db import models
from karbor.db import query
from karbor.db import queue
from karbor.db import session as db
from karbor.model.query import ListQuery
from karbor.tests.unit.db import common

ROWS = 10_000
# of each project a tenth
PROJECTS = [common.PROJECT, *(f'p{number}' for number in range(9))]
_EXPLAIN = {'sqlite': 'EXPLAIN QUERY PLAN', 'postgresql': 'EXPLAIN',
            'mariadb': 'EXPLAIN'}
# what the databases say when they read more than a page
_LONG = ('SCAN plans\n', 'SCAN checkpoints\n', 'SCAN operations\n',
         'TEMP B-TREE', 'Seq Scan', 'Sort', 'filesort', "'ALL'")


@pytest.fixture
def many(database):
    """Long tables, with the statistics that the database has of them."""
    numbers = random.Random(1)
    rows = [{'id': str(uuid.UUID(int=numbers.getrandbits(128))),
             'project_id': PROJECTS[number % 10],
             'provider_id': common.PROVIDER,
             'created_at': common.later(number // 3)}
            for number in range(ROWS)]
    filled = {
        models.Plan: {'name': 'n', 'status': 'suspended', 'parameters': {}},
        models.Checkpoint: {
            'plan_id': 'p', 'plan': {}, 'status': 'available',
            'origin': 'manual', 'sealed': True},
        models.Operation: {
            'status': 'success', 'checkpoint_id': 'c', 'request': {},
            'attempt': 1, 'crashes': 0, 'fraction': 1.0, 'bytes_done': 0,
            'bytes_total': 0}}
    with db.engine().begin() as connection:
        for model, values in filled.items():
            connection.execute(sa.insert(model), [
                {**row, **values, **(
                    {'type': 'protect' if number % 50 else 'restore'}
                    if model is models.Operation else {})}
                for number, row in enumerate(rows)])
    # SQLite has none unless somebody asks for them, which nobody does
    analyze = {'postgresql': 'ANALYZE', 'mariadb': 'ANALYZE TABLE'}
    with db.engine().begin() as connection:
        for model in filled if database.kind in analyze else ():
            connection.exec_driver_sql(
                f'{analyze[database.kind]} {model.__tablename__}')
    yield database
    with db.engine().begin() as connection:
        for model in filled:
            connection.execute(sa.delete(model))


def explained(kind, session, select):
    """What a database says about how it would carry out a SELECT."""
    text = str(select.compile(session.get_bind(), compile_kwargs={
        'literal_binds': True})).replace('%', '%%')
    return '\n'.join(
        row.detail + '\n' if kind == 'sqlite' else str(tuple(row))
        for row in session.connection().exec_driver_sql(
            f'{_EXPLAIN[kind]} {text}'))


def test_no_page_costs_more_for_a_longer_list(many):
    """Neither the first nor, behind its marker, a late one."""
    # one test, because the tables take their time
    for direction, behind in itertools.product(('asc', 'desc'),
                                               (False, True)):
        look_at_pages(many.kind, direction, behind)


def look_at_pages(kind, direction, behind):
    of_provider = models.Checkpoint.provider_id == common.PROVIDER
    wanted = ListQuery(
        limit=50, sort=(('created_at', direction),),
        marker=common.NOWHERE if behind else None, position={
            'created_at': common.later(2000).isoformat()})
    for model, where, index in (
            (models.Plan, None, 'ix_plans_project_id_created_at_id'),
            (models.Checkpoint, of_provider,
             'ix_checkpoints_provider_id_project_id_created_at_id'),
            (models.Operation, None,
             'ix_operations_project_id_created_at_id')):
        with db.reader(common.member()) as session:
            if kind == 'postgresql':
                # it may sort what little is left; the question is if it must
                for way in ('sort', 'bitmapscan'):
                    session.execute(sa.text(f'SET LOCAL enable_{way} = off'))
            told = explained(kind, session, query.page(
                session, common.member(), model, wanted, where=where))
        assert index in told
        assert not any(word in told for word in _LONG), told
        # MariaDB may think it cheaper to read the index from its beginning
        if behind and kind != 'mariadb':
            assert {'sqlite': ' AND created_at',
                    'postgresql': ') AND (created_at',
                    }[kind] in told, told


def test_few_restores_are_found_among_many_operations(many):
    with db.reader(common.member()) as session:
        told = explained(many.kind, session, query.page(
            session, common.member(), models.Operation, ListQuery(limit=50),
            where=models.Operation.type == 'restore'))
    assert 'ix_operations_project_id_type_created_at_id' in told


def test_work_is_not_looked_for_among_all_that_was_done(many):
    """The indexes of lists do not lead the workers astray."""
    common.save(common.operation())
    mysql = many.kind == 'mariadb'
    with db.reader(common.system()) as session:
        told = explained(many.kind, session, queue._first_of_each(
            mysql).params(lanes=['a', 'b'], tried=['']))
    # whatever is read is read by the queue's index, or by its id
    assert 'ix_operations_queue' in told
    assert not any(name in told for name in (
        'SCAN operations', 'Seq Scan', 'ix_operations_project_id',
        'ix_operations_checkpoint_id')), told


def test_a_long_way_would_be_seen(many):
    """Proof that the tests above can fail."""
    with db.reader(common.member()) as session:
        told = explained(many.kind, session, query.page(
            session, common.member(), models.Plan,
            ListQuery(limit=50, sort=(('name', 'asc'),))))
    assert any(word in told for word in _LONG)
