# SPDX-License-Identifier: Apache-2.0
"""What no client of ours sends, to every route that there is.

Each request is answered as the contract says or with a clear error; none
becomes another request, and none is an error of ours.
"""

import itertools
import re

import pytest

from karbor.api import faults
from karbor.api import root
from karbor.tests import fixtures

ROUTES = [pytest.param(route, id=f'{route.method} {route.path}')
          for route in root.ROUTES]
WITH_IDS = [param for param in ROUTES if '{' in param.values[0].path]
# of a public one, the body is not looked at before who sends it is known
WITH_BODY = [param for param in ROUTES if param.values[0].does.forms[0].body
             and not param.values[0].does.public]
WITHOUT_BODY = [param for param in ROUTES if param not in WITH_BODY]
# in the path of a URL, as they are sent
IDS = ['new', 'edit', 'delete', 'action', 'detail', '..', '.', '%2e', '%2e%2e',
       '%2e%2e%2f%2e%2e', 'a%2fb', '%00', 'a%00b', '%0a', '%7f', '%c2%85',
       '%20', '-', '*', "'%20OR%201=1--", '%25s', '{id}', '<b>', '0', '-1',
       '9' * 30, '%f0%9f%8d%95', 'e%cc%81', '%d8%b5', '%ff', '%ed%a0%80',
       fixtures.NOWHERE + '%0a', '{' + fixtures.NOWHERE + '}',
       fixtures.NOWHERE.replace('-', ''), 'x' * 10_000]
# Ids that are any text: some of these may be one.
TEXTS = {'protectable_type', 'resource_id', 'class_name', 'quota_project_id'}


def path_of(route, **ids):
    """A path with ids that nothing has, but for those that are given."""
    return '/' + re.sub(r'{(\w+)}', lambda match: ids.get(
        match.group(1), fixtures.NOWHERE), route.path)


def check_error(answer, *codes):
    """It is an error of the request, and a v1 body says which."""
    assert answer.status_int in codes, answer.text
    assert answer.content_type == 'application/json'
    fault, = answer.json.items()
    assert fault[0] == faults.NAMES[answer.status_int]
    assert fault[1]['code'] == answer.status_int
    assert fault[1]['message']


def first(route):
    """The version in which a route begins, as a header."""
    return {'OpenStack-API-Version':
            f'data-protect {route.does.forms[0].since}'}


@pytest.mark.parametrize('route', WITH_IDS)
def test_ids_that_are_none(admin, route):
    for name, id_ in itertools.product(
            re.findall(r'{(\w+)}', route.path), IDS):
        answer = admin.send(
            route.method, path_of(route, **{name: id_}),
            {} if route.does.forms[0].body else None, expect=None,
            headers=first(route))
        assert answer.status_int < 500, answer.text
        if answer.status_int >= 400:
            check_error(answer, 400, 404, *[403] * route.does.public)
        else:
            assert name in TEXTS, (name, id_)
        # whatever was sent is not sent back in full
        assert len(answer.text) < 2000


@pytest.mark.parametrize('path', sorted({r.path for r in root.ROUTES}))
def test_methods_that_a_path_has_not(admin, path):
    route = next(route for route in root.ROUTES if route.path == path)
    path = path_of(route)
    for method in ('HEAD', 'OPTIONS', 'PATCH', 'TRACE', 'CONNECT', 'GET',
                   'POST', 'PUT', 'DELETE', 'get', 'X'):
        if root.match(method, path.split('/')[1:]):
            continue
        answer = admin.send(method, path, expect=404, headers=first(route))
        assert answer.content_type == 'application/json'
        if method == 'HEAD':
            assert answer.body == b''
        else:
            check_error(answer, 404)


@pytest.mark.parametrize('route', ROUTES)
def test_nothing_but_the_method_is_the_method(admin, route):
    path, headers = path_of(route), first(route)
    body = b'x' if route.does.forms[0].body else None
    plain = admin.send(route.method, path, body=body, expect=None,
                       headers=headers)
    for other in ('PATCH', 'DELETE', 'GET', 'POST'):
        answer = admin.send(route.method, path, body=body, expect=None,
                            headers={**headers,
                                     'X-HTTP-Method-Override': other,
                                     'X-HTTP-Method': other,
                                     'X-Method-Override': other})
        assert (answer.status, answer.text) == (plain.status, plain.text)
        if headers['OpenStack-API-Version'].endswith('1.0'):
            answer = admin.send(route.method, f'{path}?_method={other}',
                                body=body, expect=None, headers=headers)
            assert (answer.status, answer.text) == (plain.status, plain.text)


BODIES = [
    b'', b'x', b'[]', b'null', b'{"a": NaN}', b'{"a": -Infinity}',
    b'{"a": 1e999}', b'{"a": ' + b'9' * 400 + b'}', b'{"a": 1, "a": 1}',
    b'{"a": "\\ud800"}', b'\xff', '{"a": "ä"}'.encode('utf-16'),
    b'{"a": ' * 40 + b'1' + b'}' * 40, b'[' * 200_000]


@pytest.mark.parametrize('route', WITH_BODY)
def test_bodies_that_are_none(admin, route):
    for body in BODIES:
        answer = admin.send(route.method, path_of(route), body=body,
                            expect=None, headers=first(route))
        check_error(answer, 400)
        message = answer.json['badRequest']['message']
        # of an id that is none is said so first
        assert message.startswith(('Malformed request body: ', 'Invalid '))
        assert len(message) < 300


@pytest.mark.parametrize('route', WITH_BODY)
def test_objects_that_are_none(admin, route):
    for document in ({}, {'nonsense': {}}, {'': None}, {'a' * 10_000: 1}):
        answer = admin.send(route.method, path_of(route), document,
                            expect=None, headers=first(route))
        check_error(answer, 400)
        assert len(answer.text) < 1000


@pytest.mark.parametrize('route', WITH_BODY)
def test_bodies_of_other_types(admin, route):
    for type_ in ('text/plain', 'application/x-www-form-urlencoded', ''):
        answer = admin.send(route.method, path_of(route), body=b'{}',
                            headers={**first(route), 'Content-Type': type_},
                            expect=None)
        check_error(answer, 400)


@pytest.mark.parametrize('route', WITHOUT_BODY)
def test_a_body_where_none_belongs(admin, route):
    path, headers = path_of(route), first(route)
    plain = admin.send(route.method, path, expect=None, headers=headers)
    answer = admin.send(route.method, path, body=b'[' * 10_000, expect=None,
                        headers=headers)
    assert (answer.status, answer.text) == (plain.status, plain.text)
