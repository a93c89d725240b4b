# SPDX-License-Identifier: Apache-2.0
"""What a list request asks for."""

import pytest

from karbor.model.query import ListQuery


def test_nothing_said_is_all_of_the_project():
    query = ListQuery()
    assert (query.limit, query.marker, query.offset, query.sort,
            dict(query.filters)) == (None, None, 0, (), {})
    assert not query.all_projects
    assert query.filters is not ListQuery().filters


@pytest.mark.parametrize(('sort', 'order'), [
    ('', 'created_at:desc id:desc'),
    ('name:asc', 'name:asc created_at:asc id:asc'),
    ('name:desc created_at:asc', 'name:desc created_at:asc id:desc'),
    ('name:asc name:desc', 'name:asc created_at:asc id:asc'),
    ('status:asc id:desc name:asc', 'status:asc id:desc'),
    ('id:asc', 'id:asc')])
def test_the_id_decides_in_the_end(sort, order):
    pairs = tuple(tuple(pair.split(':')) for pair in sort.split())

    def found(**by):
        return ' '.join(map(':'.join, ListQuery(sort=pairs, **by).order()))

    assert found() == order
    if 'created_at:asc' not in sort:
        # for lists of what is not made but expected
        assert found(by='expected_at') == order.replace('created', 'expected')
