# SPDX-License-Identifier: Apache-2.0
"""``openstack data protection checkpoint ...``."""

import io
import json
import logging
import sys

from osc_lib import exceptions
import pytest

from karbor import context
from karbor.db import checkpoints
from karbor.db import session
from karbor.model.resource import Resource
from karbor.tests import fixtures
from karbor.tests.fixtures import PROVIDER
from karbor.tests.fixtures import PROVIDER_2
from karbor.tests.fixtures import THING

SECRET = 'hush hush'


@pytest.fixture
def operations(api):
    """What is queued now."""
    return lambda: api.get('/operations?status=queued').json['operations']


@pytest.fixture
def damaged(checkpoint):
    """A checkpoint in which something was found."""
    with session.writer(context.system()) as writer:
        checkpoints.mark_damaged(writer, checkpoint['id'], fixtures.NOWHERE,
                                 'a chunk is gone')
    return checkpoint


# -- restore, verify, copy ----------------------------------------------------

def test_a_restore(openstack, checkpoint, operations):
    shown = openstack('checkpoint restore', 'first', checkpoint['id'],
                      '--parameters', f'resource_type={THING},'
                      'resource_id=thing-1,restore_name=new')
    [operation] = operations()
    assert (operation['id'], operation['type']) == (shown['id'], 'restore')
    assert shown['status'] == 'in_progress'
    assert operation['parameters'] == shown['parameters'] == {
        f'{THING}#thing-1': {'restore_name': 'new'}}


def test_a_verification(openstack, checkpoint, operations):
    shown = openstack('checkpoint verify', PROVIDER, checkpoint['id'],
                      '--subset', '2/7', '--parameters-json',
                      json.dumps({THING: {'deep': True}}))
    [operation] = operations()
    assert (operation['id'], operation['type']) == (shown['id'], 'verify')
    assert shown['subset'] == {'number': 2, 'of': 7}
    assert shown['parameters'] == {THING: {'deep': True}}
    # the default is all of it
    assert openstack('checkpoint verify', 'first', checkpoint['id'])[
        'subset'] is None


@pytest.mark.parametrize(('options', 'provider'), [
    ([], PROVIDER), (['--to', 'second'], PROVIDER_2),
    (['--to', PROVIDER_2], PROVIDER_2)])
def test_a_copy(openstack, checkpoint, operations, options, provider):
    shown = openstack('checkpoint copy', 'first', checkpoint['id'], *options)
    [operation] = operations()
    assert (operation['id'], operation['type'], operation['provider_id']) == (
        shown['operation_id'], 'copy', provider)
    assert shown['source_checkpoint_id'] == checkpoint['id']
    assert shown['checkpoint_id'] != checkpoint['id']


@pytest.mark.parametrize('verb', ['restore', 'verify', 'copy'])
def test_the_end_is_waited_for(openstack, checkpoint, pauses, verb):
    for status, exit_status in (('success', 0), ('error', 1)):
        pauses(lambda status=status: fixtures.work(status, 'So it is.'))
        shown = openstack(f'checkpoint {verb}', 'first', checkpoint['id'],
                          '--wait')
        assert (shown['type'], shown['status'], shown['reason']) == (
            verb, status, 'So it is.')
        assert openstack.status == exit_status
        # so that it can be looked for by who does not wait until then
        assert f'Waiting for operation {shown["id"]}.' in (
            openstack.stderr.getvalue())


@pytest.mark.parametrize('verb', ['restore', 'copy'])
def test_one_that_is_damaged(openstack, damaged, operations, verb):
    with pytest.raises(exceptions.CommandError,
                       match=r'damaged.*\(HTTP 409\)'):
        openstack(f'checkpoint {verb}', 'first', damaged['id'])
    assert operations() == []
    openstack(f'checkpoint {verb}', 'first', damaged['id'], '--force')
    assert [one['type'] for one in operations()] == [verb]


@pytest.mark.parametrize(('arguments', 'words'), [
    (['restore', 'first', 'x'], "No checkpoint with an ID of 'x'"),
    (['verify', 'first', ''], "No checkpoint with an ID of ''"),
    (['copy', 'first', '../plans'], r"ID of '\.\./plans'"),
    (['inspect', 'first', 'x'], "No checkpoint with an ID of 'x'"),
    (['restore', 'third', fixtures.NOWHERE],
     "No provider with a name or ID of 'third'"),
    (['copy', 'first', fixtures.NOWHERE, '--to', 'third'],
     "No provider with a name or ID of 'third'"),
    (['verify', 'first', fixtures.NOWHERE], r'could not be.*\(HTTP 404\)'),
    (['inspect', 'first', fixtures.NOWHERE], r'could not be.*\(HTTP 404\)')])
def test_what_is_not_there(openstack, arguments, words):
    verb, *rest = arguments
    with pytest.raises(exceptions.CommandError, match=words):
        openstack(f'checkpoint {verb}', *rest)


@pytest.mark.parametrize(('verb', 'options', 'words'), [
    ('restore', ['--parameters-json', '[]'],
     r'restore\.parameters.*Expected an object of objects'),
    ('restore', ['--parameters', f'resource_type={THING},speed=1'],
     rf'parameters\.{THING}.*speed'),
    ('verify', ['--parameters', f'resource_type={THING},deep=1'],
     rf'parameters\.{THING}\.deep.*boolean'),
    ('verify', ['--subset', '8/7'], 'subset.number: expected 1 to 7'),
    ('verify', ['--subset', '0/7'], r'subset\.number.*1 to 1000'),
    ('verify', ['--subset', '1/1001'], r'subset\.of.*1 to 1000'),
    ('copy', ['--parameters', 'resource_type=Other,x=y'],
     'parameters.Other: expected a resource type'),
    ('restore', ['--target', 'http://elsewhere'], 'restore_target: no plug'),
])
def test_what_the_service_refuses(openstack, checkpoint, operations, verb,
                                  options, words):
    """It names the field, and what was expected."""
    with pytest.raises(exceptions.CommandError, match=words):
        openstack(f'checkpoint {verb}', 'first', checkpoint['id'], *options)
    assert operations() == []


@pytest.mark.parametrize('text', ['1', '1/', '/7', 'a/b', '1/7/7', '1.5/7'])
def test_a_subset_that_is_none(openstack, text, capsys):
    with pytest.raises(SystemExit):
        openstack('checkpoint verify', 'first', fixtures.NOWHERE,
                  '--subset', text)
    assert f'argument --subset: expected a part like 1/7, not {text!r}' in (
        capsys.readouterr().err)


@pytest.fixture(params=['file', 'standard input'])
def secret(request, tmp_path, monkeypatch):
    """How to log in, for ``--auth``."""
    text = json.dumps({'type': 'password', 'password': SECRET})
    if request.param == 'standard input':
        monkeypatch.setattr(sys, 'stdin', io.StringIO(text))
        return '-'
    path = tmp_path / 'auth.json'
    path.write_text(text)
    return str(path)


def test_a_secret_is_sent_and_told_to_nobody(openstack, checkpoint, secret,
                                             caplog, serve, api, manager):
    bodies = []

    def watched(environ, start_response):
        if environ['REQUEST_METHOD'] == 'POST':
            body = environ['wsgi.input'].read(int(environ['CONTENT_LENGTH']))
            environ['wsgi.input'] = io.BytesIO(body)
            bodies.append(json.loads(body))
        return api.app(environ, start_response)
    openstack.use(type(manager)(f'{serve(watched)}/v1/{fixtures.PROJECT}'))
    # what --debug shows
    caplog.set_level(logging.DEBUG, 'keystoneauth')
    with pytest.raises(exceptions.CommandError, match=(
            r'restore_auth: no plugin of this provider')) as raised:
        openstack('checkpoint restore', 'first', checkpoint['id'],
                  '--auth', secret)
    [body] = bodies
    assert body['restore']['restore_auth']['password'] == SECRET
    assert 'REQ: curl' in caplog.text
    assert SECRET not in caplog.text + str(raised.value)


@pytest.mark.parametrize(('content', 'words'), [
    (None, 'No such file'), (b'{"password": "hush hush"', 'expected JSON'),
    (b'\xff', "can't decode"), (b'"hush hush"', 'expected an object')])
def test_a_login_that_cannot_be_read(openstack, checkpoint, operations,
                                     tmp_path, content, words):
    path = tmp_path / 'auth.json'
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(exceptions.CommandError,
                       match=f'--auth {path}: .*{words}') as raised:
        openstack('checkpoint restore', 'first', checkpoint['id'],
                  '--auth', str(path))
    assert SECRET not in str(raised.value)
    assert operations() == []


# -- inspect, damage list -----------------------------------------------------

def test_all_of_it(openstack, api, damaged):
    shown = openstack('checkpoint inspect', 'first', damaged['id'])
    assert shown == api.get(
        f'/providers/{PROVIDER}/checkpoints/{damaged["id"]}').json[
        'checkpoint']
    assert (shown['damage']['reason'], shown['status']) == (
        'a chunk is gone', 'available')
    text = openstack.text('checkpoint inspect', 'first', damaged['id'])
    assert f"operation_id='{fixtures.NOWHERE}', reason='a chunk" in text


def test_what_a_checkpoint_lacks(openstack, checkpoint):
    with session.writer(context.system()) as writer:
        checkpoints.set_graph(
            writer, checkpoint['id'], fixtures.GRAPH,
            [Resource(THING, 'thing-2', 'n2')])
    assert openstack('checkpoint inspect', 'first', checkpoint['id'])[
        'missing_resources'] == [
        {'type': THING, 'id': 'thing-2', 'name': 'n2'}]
    assert 'Test::Thing  thing-2  n2' in openstack.text(
        'checkpoint inspect', 'first', checkpoint['id'])


def test_which_are_damaged(openstack, api, damaged):
    api.post(f'/providers/{PROVIDER}/checkpoints',
             {'checkpoint': {'plan_id': damaged['plan_id']}}, expect=202)
    for options in ([], ['--plan', 'my plan']):
        [listed] = openstack('checkpoint damage list', 'first', *options)
        assert (listed['ID'], listed['Reason'], listed['Operation ID']) == (
            damaged['id'], 'a chunk is gone', fixtures.NOWHERE)
        assert listed['Found At'] > listed['Created At']
    assert openstack('checkpoint damage list', 'first', '--plan',
                     fixtures.NOWHERE) == []
    assert openstack('checkpoint damage list', 'second') == []
