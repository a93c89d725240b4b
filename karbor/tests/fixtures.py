# SPDX-License-Identifier: Apache-2.0
"""Parts that tests are set up from; conftest.py makes fixtures of them."""

import contextlib
import json
import sqlite3

import sqlalchemy as sa
import webob

from karbor import context
from karbor import exception
from karbor.db import checkpoints
from karbor.db import operations
from karbor.db import session

PROJECT = '1' * 32
OTHER = '2' * 32
PROVIDER = 'cf56bd3e-97a7-4078-b6d5-f36246333fd9'
PROVIDER_2 = 'b766f37c-d011-4026-8228-28730d734a3f'
# of each kind one that nothing has
NOWHERE = '00000000-0000-4000-8000-000000000000'
AT_1_1 = {'OpenStack-API-Version': 'data-protect 1.1'}
THING = 'Test::Thing'
BOX = 'Test::Box'
# of a checkpoint, as `work` leaves it
GRAPH = '[{"0x0": ["Test::Thing", "thing-1", "n1", null]}, []]'


def provider(id_=PROVIDER, name='first', **schemas):
    """A provider as the protection service tells of it."""
    return {
        'id': id_, 'name': name, 'description': f'the {name} one',
        'resource_types': [THING, BOX],
        'operations': {THING: ['copy', 'protect', 'restore'],
                       BOX: ['copy', 'protect', 'restore']},
        'extended_info_schema': {
            'options_schema': {
                THING: {'type': 'object', 'properties': {
                    'speed': {'type': 'integer', 'minimum': 1}}},
                BOX: {'type': 'object', 'properties': {}}},
            'restore_schema': {
                THING: {'type': 'object', 'properties': {
                    'restore_name': {'type': 'string'}}}},
            'verify_schema': {
                THING: {'type': 'object', 'properties': {
                    'deep': {'type': 'boolean'}}}, BOX: {'type': 'object'}},
            'copy_schema': {
                THING: {'type': 'object', 'properties': {
                    'speed': {'type': 'integer'}}}, BOX: {'type': 'object'}},
            'saved_info_schema': {}, **schemas}}


def instance(number, type_=THING):
    """An instance as the protection service tells of it."""
    return {'id': f'thing-{number}', 'type': type_, 'name': f'n{number}',
            'extra_info': None,
            'dependent_resources': [
                {'type': BOX, 'id': f'box-{number}', 'name': 'b',
                 'extra_info': None}]}


class FakeProtection:
    """What stands in for the client of the protection service.

    :ivar runs: ids of the operations that it was told of
    :ivar cancels: ids of those of which it was told that they are to end
    :ivar error: raised by every question, if it is set
    """

    def __init__(self):
        self.runs = []
        self.cancels = []
        self.asked = []
        self.error = None
        self.all_providers = [provider(), provider(PROVIDER_2, 'second')]
        self.all_instances = [instance(number) for number in range(5)]

    def run(self, context, operation_id):
        self.runs.append(operation_id)

    def cancel(self, context, operation_id):
        self.cancels.append(operation_id)

    def _ask(self, *question):
        self.asked.append(question)
        if self.error is not None:
            raise self.error

    def providers(self, context):
        self._ask('providers')
        return self.all_providers

    def protectable_types(self, context):
        self._ask('protectable_types')
        return {THING: {'name': THING, 'dependent_types': [BOX]},
                BOX: {'name': BOX, 'dependent_types': []}}

    def instances(self, context, type_, parameters):
        self._ask('instances', context.project_id, type_, parameters)
        return [one for one in self.all_instances if one['type'] == type_]

    def instance(self, context, type_, id_, parameters):
        self._ask('instance', context.project_id, type_, id_, parameters)
        for one in self.all_instances:
            if (one['type'], one['id']) == (type_, id_):
                return one
        raise exception.InstanceNotFound(type=type_, id=id_)


class Api:
    """Sends requests to an application, on behalf of somebody."""

    def __init__(self, app, headers, project=PROJECT):
        self.app = app
        self.headers = headers
        self.base = f'/v1/{project}'

    def at(self, version):
        """The same, in another microversion."""
        return Api(self.app, {
            **self.headers, 'OpenStack-API-Version': f'data-protect {version}',
        }, self.base.removeprefix('/v1/'))

    def send(self, method, path, document=None, *, body=None, headers=None,
             expect=200):
        """Send a request below the project and hold its status.

        :param expect: the status; None is any
        """
        return self.raw(method, self.base + path, document, body=body,
                        headers=headers, expect=expect)

    def raw(self, method, path, document=None, *, body=None, headers=None,
            expect=200):
        """The same with a full path."""
        request = webob.Request.blank(path, method=method)
        request.headers.update(self.headers)
        if document is not None:
            body = json.dumps(document).encode()
        if body is not None:
            request.body = body
            request.content_type = 'application/json'
        request.headers.update(headers or {})
        response = request.get_response(self.app)
        assert expect in (response.status_int, None), response.text
        return response

    def ask(self, path, query=b''):
        """GET what no library would send: any text, any bytes."""
        request = webob.Request.blank('/')
        request.headers.update(self.headers)
        request.environ['PATH_INFO'] = path.encode(
            'utf-8', 'surrogatepass').decode('latin-1')
        request.environ['QUERY_STRING'] = query.decode('latin-1')
        return request.get_response(self.app)

    def get(self, path, **kwargs):
        return self.send('GET', path, **kwargs)

    def post(self, path, document=None, **kwargs):
        return self.send('POST', path, document, **kwargs)

    def put(self, path, document=None, **kwargs):
        return self.send('PUT', path, document, **kwargs)

    def delete(self, path, **kwargs):
        return self.send('DELETE', path, **kwargs)


def identity(*roles, project=PROJECT, user='u'):
    """The headers in which the token's middleware says who it is."""
    return {'X-Identity-Status': 'Confirmed', 'X-User-Id': user,
            'X-Project-Id': project, 'X-Roles': ','.join(roles)}


def plan_body(**changes):
    """A body that makes a plan."""
    return {'plan': {
        'name': 'my plan', 'provider_id': PROVIDER, 'description': None,
        'resources': [{'id': 'thing-1', 'type': THING, 'name': 'n1'}],
        'parameters': {}, **changes}}


def trigger_body(properties=None, **changes):
    """A body that makes a trigger."""
    return {'trigger_info': {
        'name': 'nightly', 'type': 'time', 'properties': {
            'format': 'crontab', 'pattern': '0 2 * * 1',
            'start_time': '2026-11-22 18:20:00', **(properties or {})},
        **changes}}


def scheduled_operation_body(trigger_id, plan_id, definition=None):
    """A body that binds an operation to a trigger."""
    return {'scheduled_operation': {
        'name': 'keep it', 'operation_type': 'protect',
        'trigger_id': trigger_id, 'operation_definition': {
            'provider_id': PROVIDER, 'plan_id': plan_id,
            **(definition or {})}}}


def work(status='success', reason=None, resources=()):
    """Do what the protection service does with the oldest operation.

    :param status: how it ends; None leaves it running
    :param resources: journal to begin with
    :return: the operation
    """
    system = context.system()
    operation = operations.claim(system, 'tester', 300)
    operations.begin(system, operation, resources, {'graph': GRAPH})
    if status is None:
        return operation
    good = status == 'success'
    with session.writer(system) as writer:
        if operation.type == 'copy':
            assert checkpoints.change(
                writer, system, operation.checkpoint_id, 'copying')
        if operation.makes_checkpoint:
            assert checkpoints.change(
                writer, system, operation.checkpoint_id,
                'available' if good else 'error', sealed=good)
        elif operation.type == 'delete' and good:
            checkpoints.remove(writer, operation.checkpoint_id)
        operations.finish(writer, operation, status, reason)
    return operation


@contextlib.contextmanager
def snapshot():
    """What the database (of SQLite) holds now; gives a way back to it."""
    path = session.engine().url.database
    with contextlib.closing(sqlite3.connect(':memory:')) as kept, \
            contextlib.closing(sqlite3.connect(path)) as live:
        live.backup(kept)
        yield lambda: kept.backup(live)


class Statements:
    """Counts the statements that the database gets in a with block.

    :ivar texts: of each statement
    """

    def __init__(self):
        self.texts = []

    @property
    def count(self):
        return len(self.texts)

    def _seen(self, *args):
        self.texts.append(args[2])

    def __enter__(self):
        sa.event.listen(session.engine(), 'before_cursor_execute', self._seen)
        return self

    def __exit__(self, *_exc):
        sa.event.remove(session.engine(), 'before_cursor_execute', self._seen)
