# SPDX-License-Identifier: Apache-2.0
"""Triggers of events, and the one URL that is open to everybody."""

import json
import re
import time

import pytest

from karbor.api import app as api_app
from karbor.api import middleware
from karbor.api import root
from karbor.model import webhook
from karbor.tests import fixtures

KEY = 'k' * 32
REFUSED = {'forbidden': {'code': 403, 'message':
           'There is no such webhook, or its signature is wrong.'}}


@pytest.fixture(autouse=True)
def key(parts):
    parts.set_override('webhook_keys', [KEY], 'events')


@pytest.fixture
def newest(api):
    return api.at('1.2')


@pytest.fixture
def anybody(app):
    """Without a token."""
    return fixtures.Api(app, {})


def body(**properties):
    return {'trigger_info': {'name': 'built', 'type': 'event', 'properties': {
        'source': 'webhook', **properties}}}


def make(newest, **properties):
    return newest.post('/triggers', body(**properties), expect=201,
                       ).json['trigger_info']


def call(anybody, made, sent=b'', *, secret=None, expect=202, method='POST',
         suffix='', **headers):
    timestamp = str(int(time.time()))
    return anybody.send(
        method, f'/triggers/{made["id"]}/webhook{suffix}', body=sent,
        expect=expect, headers={
            'X-Karbor-Timestamp': timestamp,
            'X-Karbor-Signature': webhook.signature(
                secret or made['secret'], timestamp, sent), **{
                    name.replace('_', '-'): value
                    for name, value in headers.items()}})


def next_time(newest, made):
    return newest.get(f'/triggers/{made["id"]}').json['trigger_info'][
        'next_time']


def test_from_beginning_to_end(newest, anybody):
    made = make(newest, debounce=5, payload={'ref': 'main'})
    assert made['properties'] == {
        'source': 'webhook', 'window': 900, 'debounce': 5,
        'min_interval': 60, 'payload': {'ref': 'main'}}
    assert made['next_time'] is None
    assert len(made['secret']) == 64
    answer = call(anybody, made, b'{"ref": "main"}')
    assert answer.json == {'event': {'wanted': True}}
    assert next_time(newest, made) is not None


def test_the_secret_is_shown_once(newest, api):
    made = make(newest)
    path = f'/triggers/{made["id"]}'
    for answer in (newest.get(path), newest.get('/triggers'), api.get(path),
                   newest.put(path, {'trigger_info': {'name': 'x'}})):
        assert 'secret' not in answer.text


def test_another_secret(newest, anybody, api):
    made = make(newest)
    path = f'/triggers/{made["id"]}/secret'
    # not before 1.2
    for old in (api, api.at('1.1')):
        old.post(path, expect=404)
    answer = newest.post(path).json
    assert answer == {'webhook': {
        'trigger_id': made['id'], 'secret': answer['webhook']['secret']}}
    assert call(anybody, made, expect=403).json == REFUSED
    call(anybody, made, secret=answer['webhook']['secret'])


def test_older_versions_show_them(newest, api):
    made = make(newest)
    shown = {key: made[key] for key in ('id', 'name', 'type', 'properties')}
    assert api.get('/triggers').json == {'triggers': [shown]}
    later = api.at('1.1').get(f'/triggers/{made["id"]}').json['trigger_info']
    assert later['properties'] == made['properties']
    assert api.get('/triggers?type=event').json == {'triggers': [shown]}
    assert api.put(f'/triggers/{made["id"]}', {
        'trigger_info': {'name': 'x'}}).json['trigger_info']['name'] == 'x'


def test_older_versions_make_none(api):
    for old in (api, api.at('1.1')):
        for properties in ({}, {'format': 'crontab', 'pattern': '@daily'}):
            wanted = body()
            wanted['trigger_info']['properties'] = {
                'source': 'webhook', **properties}
            old.post('/triggers', wanted, expect=400)
        wanted['trigger_info']['properties'] = properties
        answer = old.post('/triggers', wanted, expect=400)
        assert 'from 1.2 of the API on' in answer.text


@pytest.mark.parametrize('version', [
    '1.0', '1.1', '1.2', 'latest'])
def test_a_call_has_no_version(newest, anybody, version):
    answer = call(anybody, make(newest), **{
        'OpenStack-API-Version': f'data-protect {version}'})
    assert answer.json == {'event': {'wanted': True}}


def test_all_that_is_wrong_looks_alike(newest, anybody, app):
    made = make(newest)
    nightly = newest.post('/triggers', fixtures.trigger_body(), expect=201,
                          ).json['trigger_info']
    elsewhere = fixtures.Api(app, {}, fixtures.OTHER)
    for answer in (
            call(anybody, made, secret='x' * 64, expect=403),
            call(anybody, made, b'[' * 40_000, secret='x', expect=403),
            call(elsewhere, made, expect=403),
            call(anybody, {'id': fixtures.NOWHERE, 'secret': 'x'},
                 expect=403),
            call(anybody, nightly, secret='x', expect=403),
            call(anybody, made, X_Karbor_Timestamp='x', expect=403),
            call(anybody, made, X_Karbor_Signature='\xff', expect=403),
            anybody.post(f'/triggers/{made["id"]}/webhook', expect=403)):
        assert answer.json == REFUSED
        assert 'WWW-Authenticate' not in answer.headers
    assert next_time(newest, made) is None


def test_a_call_is_taken_once(newest, anybody):
    made = make(newest)
    for expect in (202, 409):
        call(anybody, made, X_Karbor_Event_Id='build-7', expect=expect)
    call(anybody, made, b'{}')


@pytest.mark.parametrize(('sent', 'said'), [
    (b'[]', 'expected a JSON object'), (b'"x"', 'expected a JSON object'),
    (b'{', 'Malformed request body'), (b'{"a": NaN}', 'NaN is not a value'),
    (b'{"a": 1, "a": 2}', 'the key'), (b'\xff', 'Malformed request body')])
def test_a_body_is_an_object(newest, anybody, sent, said):
    made = make(newest)
    answer = call(anybody, made, sent, expect=400)
    assert said in answer.json['badRequest']['message']
    assert next_time(newest, made) is None


def test_a_body_has_a_type(newest, anybody):
    answer = call(anybody, make(newest), b'{}', expect=400,
                  Content_Type='text/plain')
    assert 'expected Content-Type application/json' in answer.text


def test_no_more_is_read_than_is_allowed(newest, anybody):
    made = make(newest)
    large = json.dumps({'a': 'x' * 65_527}).encode()
    assert len(large) == 65_536
    call(anybody, made, large)
    # said before anybody asks who sends it
    for secret in (made['secret'], 'x'):
        answer = call(anybody, made, large + b' ', secret=secret, expect=413)
        assert '65536' in answer.text


WEBHOOK = f'/v1/{fixtures.PROJECT}/triggers/{fixtures.NOWHERE}/webhook'


@pytest.mark.parametrize(('method', 'path', 'open_'), [
    ('POST', WEBHOOK, True), ('POST', f'{WEBHOOK}/', True),
    ('POST', f'{WEBHOOK}.json', True),
    *((method, WEBHOOK, False) for method in (
        'GET', 'PUT', 'DELETE', 'HEAD', 'PATCH', 'OPTIONS', 'post', 'X')),
    *(('POST', path, False) for path in (
        f'{WEBHOOK}//', f'{WEBHOOK}/x', f'/{WEBHOOK}', f'/x{WEBHOOK}',
        WEBHOOK.replace('webhook', 'secret'), WEBHOOK.replace('v1', 'v2'),
        WEBHOOK.replace('triggers', 'plans'), WEBHOOK.removeprefix('/v1'),
        WEBHOOK.replace('/webhook', ''), WEBHOOK.replace('/triggers', ''),
        WEBHOOK.replace(fixtures.NOWHERE, ''), f'{WEBHOOK}/../secret',
        WEBHOOK.upper(), '', '/', '/v1', '/v1/', '//', 'v1'))])
def test_nothing_else_is_open(method, path, open_):
    """Neither other methods of this URL, nor others like it."""
    doors = middleware.Doors(lambda *args: 'asked who it is',
                             lambda *args: 'open')
    environ = {'REQUEST_METHOD': method, 'PATH_INFO': path}
    assert doors(environ, None) == ('open' if open_ else 'asked who it is')


def test_whoever_comes_in_there_gets_no_further(conf, newest, monkeypatch):
    """Were another route open by mistake, its policy would refuse him."""
    made = make(newest)
    monkeypatch.setattr(root, 'is_public', lambda method, path: True)
    nobody = fixtures.Api(api_app.build(conf), fixtures.identity('admin'))
    for route in root.ROUTES:
        if not route.does.public:
            version = {'OpenStack-API-Version':
                       f'data-protect {route.does.forms[0].since}'}
            path = re.sub(r'\{\w+\}', made['id'], route.path)
            nobody.send(route.method, f'/{path}', headers=version, expect=403)


def test_whoever_calls_is_nobody(newest, app, conf, monkeypatch):
    """What he says about himself in headers is not read."""
    made = make(newest)
    seen = []
    monkeypatch.setattr(root.Root, '_route', _spy(root.Root._route, seen))
    liar = fixtures.Api(api_app.build(conf), fixtures.identity('admin'))
    call(liar, made)
    call(liar, made, secret='x', expect=403)
    assert [(caller.project_id, caller.user_id, caller.roles,
             caller.is_admin, caller.is_system) for caller in seen] == [
        (None, None, [], False, False)] * 2


def _spy(route, seen):
    def spy(self, args, request):
        seen.append(request.caller)
        return route(self, args, request)
    spy.exposed = True
    for name in vars(route):
        setattr(spy, name, getattr(route, name))
    return spy


@pytest.mark.parametrize(('properties', 'said'), [
    ({'source': 5}, 'properties.source'),
    ({'debounce': '5'}, 'properties.debounce'),
    ({'debounce': -1}, 'field debounce: expected 0 to 3600'),
    ({'min_interval': 1}, 'field min_interval: expected 60'),
    ({'window': 1}, 'field window: expected 900'),
    ({'colour': 'red'}, 'field colour'), ({'payload': []}, 'field payload'),
    ({'source': 'notification'}, 'field event_types'),
    ({'source': 'notification', 'event_types': []}, 'field event_types'),
    ({'start_time': '2026-11-22 18:20:00'}, 'field start_time')])
def test_what_is_wrong_is_said(newest, properties, said):
    answer = newest.post('/triggers', body(**properties), expect=400)
    assert said in answer.json['badRequest']['message']
    assert newest.get('/triggers').json == {'triggers': []}


def test_without_a_key_there_are_none(newest, conf):
    conf.set_override('webhook_keys', [], 'events')
    answer = newest.post('/triggers', body(), expect=400)
    assert 'until the operator sets a key' in answer.text


def test_a_preview_knows_no_events(newest):
    answer = newest.post('/triggers/preview', {'trigger_info': {
        'type': 'event', 'properties': {'format': 'crontab',
                                        'pattern': '@daily'}}}, expect=400)
    assert 'nobody knows' in answer.text
