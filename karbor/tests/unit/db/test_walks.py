# SPDX-License-Identifier: Apache-2.0
"""Walks through lists of the repositories, while rows come and go."""

import dataclasses

import pytest
import sqlalchemy as sa

from karbor import exception
from karbor.db import checkpoints
from karbor.db import models
from karbor.db import plans
from karbor.db import session as db
from karbor.model.query import ListQuery
from karbor.tests import walks
from karbor.tests.unit.db import common


class Table(walks.Store):
    """Rows of a table, and a function that lists them."""

    model = models.Plan
    remembers = True

    def _page(self, query):
        found = self.list_(query)
        ids = [one.id for one in found]
        if len(ids) < query.limit:
            return ids, None
        position = {key: getattr(found[-1], key)
                    for key, _direction in query.order() if key != 'id'}
        if 'created_at' in position:
            position['created_at'] = position['created_at'].isoformat()
        return ids, dataclasses.replace(
            query, marker=ids[-1], offset=0,
            position=position if self.remembers else None)

    def first(self, sort, limit, offset):
        return self._page(ListQuery(sort=tuple(sort), limit=limit,
                                    offset=offset))

    def next(self, rest):
        return self._page(rest)

    def _say(self, statement):
        with db.engine().begin() as connection:
            connection.execute(statement)

    def clear(self):
        super().clear()
        self._say(sa.delete(self.model))

    def delete(self, id_):
        self._say(sa.delete(self.model).where(self.model.id == id_))

    def _set(self, id_, **values):
        self._say(sa.update(self.model).where(self.model.id == id_)
                  .values(**values))


class Plans(Table):
    def list_(self, query):
        return plans.list_(common.member(), query)

    def make(self, name, time):
        with self.at(time):
            return plans.create(common.member(), common.plan(name=name)).id

    def change(self, id_, key, name):
        self._set(id_, **{key: name})


class Checkpoints(Table):
    """Of two projects, so that the fence is never far."""

    model = models.Checkpoint
    keys = ('id', 'status', 'size', 'created_at')
    changing = ('status', 'size')

    def list_(self, query):
        return checkpoints.list_(common.member(), common.PROVIDER, query)

    def make(self, name, time):
        with self.at(time):
            made, other = (common.checkpoint(
                created_at=time, project_id=project, status=name,
                size=None if name < 'b' else len(name))
                for project in (common.PROJECT, common.OTHER))
        common.save(made, other)
        return made.id

    def change(self, id_, key, name):
        # a size that is not known becomes known, and the other way round
        self._set(id_, **{key: name if key == 'status' else
                          None if name < 'b' else len(name)})


@pytest.mark.parametrize('store', [Plans, Checkpoints])
def test_walks_see_every_row_once(database, store):
    walks.run(store())


def test_walks_would_fail_without_positions(database, monkeypatch):
    """Proof that walks find what they are made for."""
    monkeypatch.setattr(Plans, 'remembers', False)
    with pytest.raises((exception.MarkerNotFound, AssertionError)):
        walks.run(Plans())
