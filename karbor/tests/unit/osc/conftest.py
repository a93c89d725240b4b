# SPDX-License-Identifier: Apache-2.0
"""The commands of users over real HTTP, in this process."""

import importlib.metadata
import io
import json
import threading
import types
from wsgiref import simple_server

from keystoneauth1 import session as ksa_session
from keystoneauth1 import token_endpoint
import pytest

from karbor.osc import plugin
from karbor.osc import progress
from karbor.tests import fixtures

GROUP = f'openstack.{plugin.API_NAME}.v{plugin.DEFAULT_API_VERSION}'
TOKEN = f'someone:{fixtures.PROJECT}'


class Quiet(simple_server.WSGIRequestHandler):
    def log_message(self, *args):
        """Tests say what has failed."""


@pytest.fixture
def serve():
    """Serves an application; returns its URL."""
    servers = []

    def start(app):
        server = simple_server.make_server('127.0.0.1', 0, app,
                                           handler_class=Quiet)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        servers.append((server, thread))
        return f'http://127.0.0.1:{server.server_port}'
    yield start
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


class Manager:
    """What makes clients, but for its options."""

    region_name, interface = 'here', 'public'

    def __init__(self, url):
        self._url = url
        self.session = ksa_session.Session(
            auth=token_endpoint.Token(url, TOKEN))
        self.asked = []

    def get_endpoint_for_service_type(self, service_type, region_name,
                                      interface):
        self.asked.append((service_type, region_name, interface))
        return self._url

    @property
    def karbor(self):
        return plugin.make_client(self)


@pytest.fixture
def api(noauth):
    """Somebody of the project who asks without commands."""
    return noauth(TOKEN).at('1.2')


@pytest.fixture
def manager(api, serve):
    return Manager(f'{serve(api.app)}/v1/{fixtures.PROJECT}/')


@pytest.fixture
def client(manager):
    return manager.karbor


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Openstack:
    """Runs a command; returns the JSON that it shows.

    :ivar status: with which the last one ended
    :ivar stderr: what they told beside, of all of them
    """

    def __init__(self, manager):
        self.use(manager)
        self._commands = {
            point.name.removeprefix('data_protection_').replace('_', ' '):
            point for point in importlib.metadata.entry_points(group=GROUP)}
        self.status = None
        self.stderr = io.StringIO()

    def use(self, manager):
        """Go to the service of another manager of clients."""
        self._manager = manager

    def __call__(self, verb, *arguments):
        text = self.text(verb, *arguments, '-f', 'json')
        return json.loads(text) if text else None

    def text(self, verb, *arguments):
        """The same as it is written."""
        app = types.SimpleNamespace(
            stdout=io.StringIO(), stderr=self.stderr,
            client_manager=self._manager)
        command = self._commands[verb].load()(app, None)
        if not hasattr(command, 'produce_output'):
            arguments = arguments[:-2]
        self.status = None
        self.status = command.run(
            command.get_parser(verb).parse_args(arguments))
        return app.stdout.getvalue()


@pytest.fixture
def openstack(manager):
    return Openstack(manager)


@pytest.fixture
def pauses(monkeypatch):
    """Says what the service does while a command that waits does nothing.

    There have to be as many pauses.
    """
    left = []

    def sleep(seconds):
        assert seconds > 0
        left.pop(0)()
    monkeypatch.setattr(progress, 'time', types.SimpleNamespace(sleep=sleep))
    yield lambda *steps: left.extend(steps)
    assert left == []


@pytest.fixture
def checkpoint(api):
    """One of a new plan, that is available."""
    plan = api.post('/plans', fixtures.plan_body(), expect=201).json['plan']
    made = api.post(f'/providers/{fixtures.PROVIDER}/checkpoints',
                    {'checkpoint': {'plan_id': plan['id']}}, expect=202)
    fixtures.work()
    return made.json['checkpoint']


@pytest.fixture
def schedule(api):
    """Makes an operation that runs at night; returns it."""
    def make(name='keep it', type_='protect', definition=None, **changes):
        trigger = api.post('/triggers', fixtures.trigger_body(), expect=201,
                           ).json['trigger_info']
        plan = api.post('/plans', fixtures.plan_body(), expect=201,
                        ).json['plan']
        api.put(f'/plans/{plan["id"]}', {'plan': {'status': 'started'}})
        body = fixtures.scheduled_operation_body(
            trigger['id'], plan['id'], definition)
        body['scheduled_operation'].update(
            name=name, operation_type=type_, **changes)
        return api.post('/scheduled_operations', body, expect=201,
                        ).json['scheduled_operation']
    return make
