# SPDX-License-Identifier: Apache-2.0
"""The REST API, as the commands use it."""

from osc_lib import exceptions
import pytest

from karbor.osc import client as osc_client
from karbor.tests import fixtures
from karbor.tests.unit.osc import conftest


def test_names_and_ids(api, client, schedule):
    made = schedule('one')
    plan_id = made['operation_definition']['plan_id']
    assert client.find('scheduled operation', 'one') == made['id']
    assert client.find('scheduled operation', made['id']) == made['id']
    assert client.find('plan', 'my plan') == plan_id
    assert client.find('trigger', 'nightly') == made['trigger_id']
    assert client.find('provider', 'second') == fixtures.PROVIDER_2
    # whether it is there is for who uses it to say
    assert client.find('plan', fixtures.NOWHERE) == fixtures.NOWHERE


def test_a_name_is_the_whole_name(api, client):
    """Though a list of plans finds parts of names, too."""
    for name in ('shop', 'my shop', 'shops'):
        api.post('/plans', fixtures.plan_body(name=name), expect=201)
    id_ = client.find('plan', 'shop')
    assert api.get(f'/plans/{id_}').json['plan']['name'] == 'shop'


@pytest.mark.parametrize('name', ['nothing', '', '%', '../plans',
                                  '1' * 32])
def test_a_name_of_nothing(client, schedule, name):
    schedule()
    with pytest.raises(exceptions.CommandError, match='No scheduled oper'):
        client.find('scheduled operation', name)


def test_a_name_of_several(client, schedule):
    ids = [schedule('twice')['id'] for _more in range(2)]
    with pytest.raises(exceptions.CommandError) as raised:
        client.find('scheduled operation', 'twice')
    assert all(id_ in str(raised.value) for id_ in ids)


@pytest.mark.parametrize(('limit', 'number'), [
    (None, 5), (1, 1), (2, 2), (3, 3), (5, 5), (9, 5)])
def test_pages(api, client, conf, limit, number):
    conf.set_override('max_limit', 2, 'api')
    for name in 'abcde':
        api.post('/plans', fixtures.plan_body(name=name), expect=201)
    names = [plan['name'] for plan in client.pages(
        'plans', 'plans', {'sort': 'name:asc', 'name': None}, limit)]
    assert names == list('abcde')[:number]


def test_what_is_wrong_is_said_by_the_service(client):
    with pytest.raises(exceptions.CommandError, match=(
            r'^Plan 0+-.* could not be found\. \(HTTP 404\) '
            r'\(Request-ID: req-')):
        client.get(f'plans/{fixtures.NOWHERE}')


def test_an_answer_of_something_else(serve):
    def proxy(environ, start_response):
        start_response('502 Bad Gateway', [('Content-Type', 'text/html')])
        return [b'<h1>Away</h1>' if environ['PATH_INFO'] == '/a' else b'']
    client = conftest.Manager(serve(proxy)).karbor
    for path, words in (('a', '<h1>Away</h1>'), ('b', 'Bad Gateway')):
        with pytest.raises(exceptions.CommandError,
                           match=rf'^{words} \(HTTP 502\)$'):
            client.get(path)


def test_a_service_that_is_too_old(client, monkeypatch, manager):
    monkeypatch.setattr(osc_client, 'VERSION', '1.99')
    with pytest.raises(exceptions.CommandError,
                       match=r'Version 1\.99 .*\(HTTP 406\)'):
        manager.karbor.get('plans')

