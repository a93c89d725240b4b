# SPDX-License-Identifier: Apache-2.0
import urllib.parse

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import pytest

from karbor import exception
from karbor.api import pagination
from karbor.api import root
from karbor.model.query import ListQuery
from karbor.tests import fixtures
from karbor.tests.unit.policies import world


def make(api, *names):
    for name in names:
        api.post('/plans', fixtures.plan_body(name=name))


def names(api, query=''):
    return [plan['name'] for plan in api.get(f'/plans{query}').json['plans']]


def test_the_newest_come_first(api):
    make(api, 'b', 'c', 'a')
    assert names(api) == ['a', 'c', 'b']
    assert names(api, '?sort_dir=asc') == ['b', 'c', 'a']


@pytest.mark.parametrize(('query', 'expected'), [
    ('sort=name', 'cba'), ('sort=name:asc', 'abc'),
    ('sort=status,name:asc', 'abc'), ('sort_key=name&sort_dir=asc', 'abc'),
    ('sort_key=name', 'cba'), ('sort=,,', 'acb'), ('sort=', 'acb')])
def test_sorting(api, query, expected):
    make(api, *'bca')
    assert ''.join(names(api, f'?{query}')) == expected


@pytest.mark.parametrize(('query', 'word'), [
    ('limit=x', 'limit param must be an integer'),
    ('limit=', 'limit'), ('limit=1.5', 'limit'),
    ('limit=0', 'limit param must be positive'), ('limit=-1', 'positive'),
    ('limit=' + '9' * 5000, 'limit'),
    ('offset=x', 'offset param must be an integer'),
    ('offset=-1', 'offset must be >= 0'),
    ('offset=9223372036854775808', 'offset'),
    ('sort=size', 'created_at'), ('sort=name:up', 'asc, desc'),
    ('sort_key=parameters', 'field sort_key'),
    ('sort_dir=up', 'field sort_dir'),
    ('sort=name&sort_key=name', 'together'),
    ('sort=name&sort_dir=asc', 'together'),
    ('name=%00', 'name'), ('a%0ab=1', 'control characters')])
def test_bad_queries_are_refused(api, query, word):
    answer = api.get(f'/plans?{query}', expect=400)
    assert word in answer.json['badRequest']['message']


@pytest.mark.parametrize('path', [
    '/plans', '/restores', '/operation_logs', '/providers',
    f'/providers/{fixtures.PROVIDER}/checkpoints',
    f'/protectables/{fixtures.THING}/instances'])
def test_every_list_has_pages(api, path):
    api.get(f'{path}?limit=0', expect=400)
    # v1 knows no order of what is not in the database
    sorted_ = 'instances' not in path and not path.endswith('providers')
    api.get(f'{path}?sort=nonsense', expect=400 if sorted_ else 200)
    answer = api.get(f'{path}?marker=nonsense', expect=404)
    assert answer.json['itemNotFound']['message'] == (
        'The marker nonsense could not be found.')
    api.get(f'{path}?offset=9223372036854775807&limit=9223372036854775808')


@pytest.mark.parametrize('sort', ['', ',', 'name,', '%20name', 'name%20'])
def test_at_1_1_nothing_of_a_sort_is_left_out(api, sort):
    api.get(f'/plans?sort={sort}')
    answer = api.get(f'/plans?sort={sort}', expect=400, headers={
        'OpenStack-API-Version': 'data-protect 1.1'})
    assert 'expected a key of' in answer.json['badRequest']['message']


def test_pages_follow_their_links(api):
    make(api, *'abcde')
    seen, path = [], f'{api.base}/plans?limit=2&sort=name:asc&status=suspended'
    while path:
        body = api.raw('GET', path).json
        seen += [plan['name'] for plan in body['plans']]
        links = body.get('plans_links')
        path = links and links[0]['href'].removeprefix('http://localhost')
        assert links is None or links[0]['rel'] == 'next'
    assert seen == list('abcde')


def test_offset_is_not_used_again_behind_the_marker(api):
    make(api, *'abcde')
    link, = api.get('/plans?limit=2&offset=1&sort=name:asc',
                    ).json['plans_links']
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(link['href']).query)
    assert set(query) == {'limit', 'sort', 'marker', 'position'}


def test_more_than_the_most_is_not_given(api, conf):
    make(api, *'abc')
    conf.set_override('max_limit', 2, 'api')
    for query in ('', '?limit=3'):
        body = api.get(f'/plans{query}').json
        assert len(body['plans']) == 2
        assert body['plans_links']


def test_links_go_where_users_come_in(api, conf):
    make(api, 'a')
    conf.set_override('base_url', 'https://127.0.0.1/data-protect/', 'api')
    link, = api.get('/plans?limit=1').json['plans_links']
    assert link['href'].startswith(
        f'https://127.0.0.1/data-protect/v1/{fixtures.PROJECT}/plans?')


def test_filters_are_text(api):
    make(api, '1', 'None', "it's 100%", 'with_underscore')
    assert names(api, '?name=1') == ["it's 100%", '1']
    assert names(api, '?name=100%25') == ["it's 100%"]
    assert names(api, '?name=_') == ['with_underscore']
    assert names(api, '?description=None') == [
        'with_underscore', "it's 100%", 'None', '1']
    assert names(api, '?status=started') == []
    assert len(names(api, '?colour=red&resources=1')) == 4


def test_of_a_repeated_parameter_the_last_counts(api):
    make(api, *'abc')
    assert len(names(api, '?limit=1&limit=2')) == 2


@pytest.mark.parametrize('yes', ['1', 'true', 'yes', 'y', 'True'])
@pytest.mark.parametrize('no', ['0', 'false', 'no', 'n'])
def test_all_tenants_is_for_administrators(api, other, admin, yes, no):
    make(api, 'mine')
    make(other, 'theirs')
    assert names(admin, f'?all_tenants={yes}') == ['theirs', 'mine']
    assert names(admin, f'?all_tenants={no}') == ['mine']
    assert names(api, f'?all_tenants={yes}') == ['mine']
    assert names(api, '?all_tenants=nonsense') == ['mine']
    answer = admin.get('/plans?all_tenants=nonsense', expect=400)
    assert 'all_tenants' in answer.text


@settings(max_examples=50, deadline=None)
@given(names=st.lists(st.sampled_from(['a', 'b', '', None]), max_size=9),
       limit=st.integers(1, 5))
def test_pages_in_memory_give_every_item_once(names, limit):
    items = [{'id': str(number), 'name': name}
             for number, name in enumerate(names)]
    seen, marker = [], None
    while True:
        page = pagination.page(items, ListQuery(limit=limit, marker=marker))
        seen += page
        if len(page) < limit:
            break
        marker = page[-1]['id']
    assert seen == sorted(items, key=lambda item: (item['name'] or '',
                                                   item['id']))
    with pytest.raises(exception.MarkerNotFound):
        pagination.page(items, ListQuery(marker='x'))


def test_a_list_in_memory_has_positions_of_its_own():
    items = [{'id': id_, 'name': 'n'} for id_ in 'abc']
    assert pagination.page(items, ListQuery(
        marker='aa', position={'name': 'n'})) == items[1:]
    for wrong in ({}, {'name': None}, {'name': 5}, {'created_at': 'x'},
                  {'name': 'n', 'id': 'a'}):
        with pytest.raises(exception.Invalid, match='position'):
            pagination.page(items, ListQuery(marker='a', position=wrong))


def follow(api, body):
    """The next page, by its link."""
    (_key, (link,)), = [item for item in body.items()
                        if item[0].endswith('_links')]
    return api.raw('GET', link['href'].removeprefix('http://localhost')).json


def test_every_link_says_where_its_marker_was(admin):
    """So that no walk ends because somebody deletes a row."""
    made = world.make_world(admin)
    trigger = admin.post('/triggers', {'trigger_info': {
        'name': 'nightly', 'type': 'time', 'properties': {
            'format': 'crontab', 'pattern': '0 2 * * 1'}}}).json
    operation = admin.post('/scheduled_operations', {'scheduled_operation': {
        'name': 'n', 'operation_type': 'protect',
        'trigger_id': trigger['trigger_info']['id'],
        'operation_definition': {'provider_id': fixtures.PROVIDER,
                                 'plan_id': made['plan']}}}).json
    ids = {'provider_id': fixtures.PROVIDER,
           'protectable_type': fixtures.THING,
           'scheduled_operation_id': operation['scheduled_operation']['id']}
    lists = [route.path.format(**ids) for route in root.ROUTES
             if (query := route.does.forms[0].query) and query.paged]
    assert len(lists) >= 9
    # some are not there at 1.0
    admin.headers['OpenStack-API-Version'] = 'data-protect 1.2'
    admin.post('/scheduled_operations/{scheduled_operation_id}/run'.format(
        **ids), expect=201)
    for path in lists:
        body = admin.get(f'/{path}?limit=1').json
        [links] = [value for key, value in body.items()
                   if key.endswith('_links')]
        assert '&position=' in links[0]['href'], path
        follow(admin, body)


@pytest.mark.parametrize('version', ['1.0', '1.1'])
def test_a_link_outlives_its_marker(manager, version):
    make(manager, *'abcd')
    manager.headers['OpenStack-API-Version'] = f'data-protect {version}'
    body = manager.get('/plans?limit=2&sort=name:asc').json
    marker = body['plans'][-1]['id']
    manager.delete(f'/plans/{marker}', expect=None)
    assert [plan['name'] for plan in follow(manager, body)['plans']] == [
        'c', 'd']
    # without the position nobody knows where it was
    manager.get(f'/plans?limit=2&sort=name:asc&marker={marker}', expect=404)


def test_a_marker_that_moves_takes_no_rows_with_it(api):
    make(api, *'abcd')
    body = api.get('/plans?limit=2&sort=name:asc').json
    api.put(f'/plans/{body["plans"][-1]["id"]}', {'plan': {'name': 'z'}})
    assert names(api, '?sort=name:asc') == ['a', 'c', 'd', 'z']
    assert [plan['name'] for plan in follow(api, body)['plans']] == ['c', 'd']


def test_a_position_is_only_for_the_list_that_it_is_of(api, other):
    make(api, *'abc')
    make(other, *'abc')
    link, = api.get('/plans?limit=1&sort=name').json['plans_links']
    query = link['href'].partition('?')[2]
    assert [plan['name'] for plan in other.get(
        f'/plans?{query}').json['plans']] == ['b']
    for path in (f'/plans?{query.replace("sort=name", "sort=status")}',
                 f'/restores?{query.replace("sort=name", "")}',
                 f'/providers?{query}',
                 f'/plans?{query.replace("marker=", "x=")}'):
        answer = api.get(path, expect=400)
        assert 'position' in answer.json['badRequest']['message']
