# SPDX-License-Identifier: Apache-2.0
"""What the tables themselves promise."""

import pytest
import sqlalchemy as sa

from karbor.db import models
from karbor.db import session as db
from karbor.tests.unit.db import common


@pytest.mark.parametrize('table', models.Base.metadata.sorted_tables,
                         ids=lambda table: table.name)
def test_constraints_have_names(table):
    """So that a migration can drop what another made."""
    for constraint in table.constraints:
        assert constraint.name, constraint
    for index in table.indexes:
        assert index.name, index


def test_long_texts_fit(database):
    """A graph of 1,000 resources is more than the TEXT of MariaDB holds."""
    graph = 'x' * 300_000
    saved = common.save(common.checkpoint(resource_graph=graph))
    with db.reader(common.system()) as session:
        assert session.get(models.Checkpoint,
                           saved.id).resource_graph == graph


def test_sizes_are_more_than_32_bits(database):
    saved = common.save(common.checkpoint(size=2 ** 60))
    with db.reader(common.system()) as session:
        assert session.get(models.Checkpoint, saved.id).size == 2 ** 60


def test_names_are_told_apart_by_every_bit(database):
    with db.writer(common.system()) as session:
        for name in ('Host', 'host', 'h\u00f6st', 'host\U0001f480'):
            session.execute(sa.insert(models.Service).values(
                host=name, binary='b', status='enabled',
                updated_at=common.NOON))
    with db.reader(common.system()) as session:
        assert session.execute(sa.select(models.Service.host).where(
            models.Service.host == 'host')).scalars().all() == ['host']


def test_a_journal_goes_with_its_operation(database):
    operation = common.save(common.operation())
    with db.writer(common.system()) as session:
        session.execute(sa.insert(models.OperationResource).values(
            operation_id=operation.id, position=0, resource_type='T',
            resource_id='r', name='', status='undefined', hooks_done=[],
            memo={}))
    with db.writer(common.system()) as session:
        db.changed(session, sa.delete(models.Operation))
    with db.reader(common.system()) as session:
        assert session.execute(
            sa.select(models.OperationResource)).first() is None
