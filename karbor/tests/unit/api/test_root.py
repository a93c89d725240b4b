# SPDX-License-Identifier: Apache-2.0
import pytest

from karbor import policies
from karbor.api import root
from karbor.api.schemas import method
from karbor.tests import fixtures

NOT_FOUND = {'itemNotFound': {
    'code': 404, 'message': 'The resource could not be found.'}}


@pytest.mark.parametrize(('method', 'path'), [
    ('GET', '/nonsense'), ('PATCH', '/triggers'), ('PUT', '/triggers'),
    ('PUT', '/scheduled_operations'), ('DELETE', '/verifications'),
    ('GET', '/quotas'), ('GET', '/quota_classes'),
    ('GET', '/os-services/1'), ('PATCH', '/plans'),
    ('HEAD', '/plans'), ('PUT', '/plans'),
    ('DELETE', '/plans'), ('TRACE', '/plans'), ('MADE-UP', '/plans'),
    ('PUT', '/protectables'), ('GET', ''), ('GET', '/'), ('GET', '//'),
    ('GET', '/plans//'), ('GET', '/plans/x/y'), ('GET', '//plans'),
    ('POST', '/plans/new'), ('GET', '/Plans'), ('GET', '/plans.xml'),
    ('GET', '/plans/../plans')])
def test_what_does_not_exist(api, method, path):
    answer = api.send(method, path, expect=404)
    if method != 'HEAD':
        assert answer.json == NOT_FOUND
    assert answer.content_type == 'application/json'


@pytest.mark.parametrize('path', ['/v2', '/v1/x', '/v2/x/plans', '/x',
                                  '/index.html'])
def test_what_does_not_exist_above_the_projects(api, path):
    assert api.raw('GET', path, expect=404).json == NOT_FOUND


@pytest.mark.parametrize('project', [fixtures.OTHER, 'x', '',
                                     fixtures.PROJECT + '%00'])
def test_the_project_of_the_url_is_that_of_the_token(api, admin, project):
    for who in (api, admin):
        answer = who.raw('GET', f'/v1/{project}/plans', expect=400)
        assert answer.json['badRequest']['message'] == 'Malformed request url'


def test_control_characters_in_ids(api):
    api.get(f'/protectables/{fixtures.THING}/instances/%00', expect=400)


def test_json_may_be_said_and_a_slash_added(api):
    made = api.post('/plans.json', fixtures.plan_body()).json['plan']
    for path in ('/plans.json', '/plans/', f'/plans/{made["id"]}.json',
                 f'/plans/{made["id"]}/',
                 f'/protectables/{fixtures.THING}/instances.json'):
        api.get(path)


@pytest.mark.parametrize('accept', ['text/html', 'application/xml', 'x/y',
                                    'nonsense', '*/*', ''])
def test_json_is_what_everybody_gets(api, accept):
    answer = api.get('/plans', headers={'Accept': accept})
    assert answer.content_type == 'application/json'
    answer = api.get('/nonsense', headers={'Accept': accept}, expect=404)
    assert answer.json == NOT_FOUND


def test_ids_of_requests(api):
    for path, status in (('/plans', 200), ('/nonsense', 404)):
        headers = api.get(path, expect=status).headers
        assert headers['x-openstack-request-id'].startswith('req-')
        assert (headers['x-compute-request-id']
                == headers['x-openstack-request-id'])


def test_every_route_has_a_rule_and_every_rule_a_route():
    def blind(path):
        return '/'.join('{}' if part.startswith('{') else part
                        for part in path.split('/'))

    ruled = {(operation['method'],
              blind(operation['path'].removeprefix('/v1/{project_id}/')))
             for rule in policies.list_rules()
             for operation in getattr(rule, 'operations', ())}
    public = {('POST', 'triggers/{}/webhook')}
    assert ruled | public == {(method, blind(path))
                              for method, path, *_rest in root.ROUTES}
    assert not ruled & public
    assert public == {(route.method, blind(route.path))
                      for route in root.ROUTES if route.does.public}


def test_the_rule_of_a_route_names_its_url():
    rules = {rule.name: rule for rule in policies.list_rules()}
    for route in root.ROUTES:
        if route.does.public:
            continue
        assert (route.method, f'/v1/{{project_id}}/{route.path}') in [
            (operation['method'], operation['path'])
            for operation in rules[route.does.rule].operations], route


def test_forms_are_in_order_and_begin_at_a_version():
    for route in root.ROUTES:
        since = [form.since for form in route.does.forms]
        assert since == sorted(set(since))
        assert set(since) <= set(method.VERSIONS)


SYSTEM = {'X-Identity-Status': 'Confirmed', 'X-User-Id': 'u',
          'X-Roles': 'admin,member,reader'}


@pytest.mark.parametrize('scope', [
    {'OpenStack-System-Scope': 'all'}, {'X-Domain-Id': 'default'}, {}])
def test_tokens_that_are_for_no_project(api, app, scope):
    """Of the system, of a domain, or without a scope."""
    who = fixtures.Api(app, {**SYSTEM, **scope})
    answer = who.get('/plans', expect=403)
    assert answer.json['forbidden']['message'] == (
        "Policy doesn't allow plan:get_all to be performed.")
    who.get('/nonsense', expect=404)
