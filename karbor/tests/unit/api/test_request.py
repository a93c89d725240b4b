# SPDX-License-Identifier: Apache-2.0
"""Bodies: what is refused before a schema sees it."""

import io
import json

from hypothesis import given
from hypothesis import HealthCheck
from hypothesis import settings
from hypothesis import strategies as st
import pytest
import webob

from karbor.tests import fixtures

PLAN = json.dumps(fixtures.plan_body())


def refused(api, body, **kwargs):
    answer = api.post('/plans', body=body, expect=400, **kwargs)
    message = answer.json['badRequest']['message']
    assert api.get('/plans').json == {'plans': []}
    return message


@pytest.mark.parametrize('body', [
    b'', b'x', b'{', b'{"plan": ', b'[]', b'5', b'"plan"', b'null', b'\xff',
    b'{"plan": {"name": NaN}}', b'{"plan": {"name": Infinity}}',
    b'{"plan": 1e999}', b'{"plan": ' + b'9' * 5000 + b'}',
    b'{"plan": -9223372036854775809000}', b'{"plan": {}, "plan": {}}',
    b'{"plan": {"name": "a", "name": "b"}}',
    b'{"plan": {"name": "\\ud800"}}', b'{"\\udfff": {}}',
    b'{"plan": ' + b'[' * 40 + b']' * 40 + b'}',
    b'[' * 100000, b'{"a":' * 100000,
    PLAN.encode('utf-16'), b'\xef\xbb\xbf' + PLAN.encode()])
def test_bodies_that_are_no_plain_json(api, body):
    assert refused(api, body).startswith('Malformed request body: ')


def test_the_message_says_what_is_wrong(api):
    assert "'name' is there twice" in refused(
        api, b'{"plan": {"name": "a", "name": "b"}}')
    assert 'nested deeper' in refused(api, b'[' * 40 + b']' * 40)
    assert 'is empty' in refused(api, b'')
    assert r"'\ud800' is half of a character" in refused(
        api, rb'{"plan": {"name": "a\ud800"}}')


def test_the_type_of_a_body(api):
    for type_ in ('text/plain', 'application/x-www-form-urlencoded',
                  'multipart/form-data; boundary=x', 'application/xml', ''):
        message = refused(api, PLAN.encode(),
                          headers={'Content-Type': type_})
        assert 'Content-Type' in message
    # names of types are the same in all cases of letters
    for type_ in ('application/json; charset=utf-8', 'Application/JSON'):
        api.post('/plans', body=PLAN.encode(), headers={
            'Content-Type': type_})


def test_a_body_cannot_choose_the_method(api):
    made = api.post('/plans', fixtures.plan_body()).json['plan']
    path = f'/plans/{made["id"]}'
    api.get(f'{path}?_method=DELETE')
    api.get(f'{path}?_method=delete')
    api.post(f'{path}?_method=PUT', {'plan': {'name': 'x'}}, expect=404)
    api.post(path, {'_method': 'delete'}, expect=404)
    assert api.get(path).json['plan'] == made


def test_the_query_fills_no_argument(api):
    made = api.post('/plans', fixtures.plan_body()).json['plan']
    api.get(f'/plans/{made["id"]}?plan_id=x&request=y&self=z')
    api.get('/plans?plan_id=x')


def test_bodies_over_the_limit(api, conf):
    conf.set_override('max_request_body_size', 100, 'oslo_middleware')
    answer = api.post('/plans', body=b'x' * 101, expect=413)
    assert answer.json['overLimit']['retryAfter'] == '0'
    assert answer.headers['Retry-After'] == '0'
    assert answer.json['overLimit']['message'] == (
        'The request body is larger than 100 bytes.')


def test_a_body_over_the_limit_that_does_not_say_how_long_it_is(api, conf):
    conf.set_override('max_request_body_size', 100, 'oslo_middleware')
    request = webob.Request.blank(
        f'{api.base}/plans', method='POST', headers={
            **api.headers, 'Content-Type': 'application/json'})
    request.environ['wsgi.input'] = io.BytesIO(b'x' * 101)
    request.environ['wsgi.input_terminated'] = True
    request.content_length = None
    answer = request.get_response(api.app)
    assert answer.status_int == 413
    assert '100' in answer.json['overLimit']['message']


def test_a_plan_of_10000_resources_is_not_over_the_limit(api, conf):
    conf.set_override('plans', -1, 'quota')
    made = api.post('/plans', fixtures.plan_body(resources=[
        {'id': f'{number:036}', 'type': fixtures.THING, 'name': 'n' * 36,
         'extra_info': {'availability_zone': 'nova'}}
        for number in range(10000)]))
    assert len(made.json['plan']['resources']) == 10000


VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10)


@settings(max_examples=60, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=st.sampled_from(['name', 'description', 'provider_id', 'resources',
                            'parameters', 'x']), value=VALUES)
def test_whatever_is_sent_is_not_our_error(api, key, value):
    request = fixtures.plan_body(**{key: value})
    answer = api.post('/plans', request, expect=None)
    assert answer.status_int in (200, 400, 413)


@settings(max_examples=60, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.text(), query=st.binary(max_size=30))
def test_whatever_is_asked_is_not_our_error(api, path, query):
    answer = api.ask(f'{api.base}/{path}', query)
    assert answer.status_int < 500
    assert answer.content_type == 'application/json'
