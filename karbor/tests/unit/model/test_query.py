# SPDX-License-Identifier: Apache-2.0
"""What a list request asks for."""

from karbor.model.query import ListQuery


def test_nothing_said_is_all_of_the_project():
    query = ListQuery()
    assert (query.limit, query.marker, query.offset, query.sort,
            dict(query.filters)) == (None, None, 0, (), {})
    assert not query.all_projects
    assert query.filters is not ListQuery().filters
