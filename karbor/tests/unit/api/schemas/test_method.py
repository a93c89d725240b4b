# SPDX-License-Identifier: Apache-2.0
import re

from microversion_parse import Version

from karbor.api.schemas import method
from karbor.api.schemas import types

OLD = method.Form(status=200, answer=types.OBJECT)
METHOD = method.Method('Do.', 'r', (
    OLD, OLD.at(Version(1, 2), status=202)))
NEW = method.Method('Do.', 'r', (method.Form(since=Version(1, 2)),))


def test_the_form_of_a_version():
    assert METHOD.form(Version(1, 0)) is OLD
    assert METHOD.form(Version(1, 1)) is OLD
    for minor in (2, 3, 10):
        assert METHOD.form(Version(1, minor)).status == 202
        assert METHOD.form(Version(1, minor)).answer is types.OBJECT
    assert NEW.form(Version(1, 1)) is None
    assert NEW.form(Version(1, 2)) is NEW.forms[0]


def test_parameters_of_a_list():
    query = method.Query(
        filters={'a': types.STRING},
        admin_filters={'project_id': types.STRING},
        sort_keys=('id', 'name'), others={'day': types.STRING})
    found = dict(query.parameters())
    assert list(found) == ['a', 'project_id', 'day', 'all_tenants', 'limit',
                           'marker', 'position', 'offset', 'sort',
                           'sort_key', 'sort_dir']
    search = re.compile(found['sort']['pattern']).search
    for good in ('id', 'name:asc', 'name:desc,id'):
        assert search(good)
    for bad in ('', 'x', 'id:up', 'id,', 'id\n'):
        assert not search(bad)


def test_parameters_of_what_is_no_page():
    query = method.Query(filters={'a': types.STRING}, paged=False)
    assert list(dict(query.parameters())) == ['a']


def test_a_query_with_more_filters():
    query = method.Query(filters={'a': types.STRING}, sort_keys=('id',),
                         by='id')
    more = query.with_filters({'b': types.STRING})
    assert (list(query.filters), list(more.filters)) == (['a'], ['a', 'b'])
    assert (more.sort_keys, more.by) == (('id',), 'id')
