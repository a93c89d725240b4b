# SPDX-License-Identifier: Apache-2.0
"""How the other daemons speak to the protection service."""

import queue

import oslo_messaging as messaging
import pytest

from karbor import context
from karbor import exception
from karbor.plugin import errors
from karbor.rpc import protection
from karbor.rpc import transport

PATIENCE = 60
ERRORS = [
    exception.InstanceNotFound(type='T', id='r'),
    exception.Invalid(field='region', reason='expected a name'),
    exception.KarborError(),
    exception.PluginError(reason='100% of %(it)s is gone \U0001f480'),
    errors.WaitFailed('T r was still busy after 5 seconds.'),
    errors.Cancelled(),
]


class Service:
    """Stands where the manager of the protection service stands."""

    target = messaging.Target(version='1.1')

    def __init__(self):
        self.asked = []
        self.runs = queue.Queue()
        self.cancels = queue.Queue()
        self.error = None

    def _answer(self, *question):
        self.asked.append(question)
        if self.error is not None:
            raise self.error

    def run(self, context, operation_id):
        self.runs.put((context.project_id, operation_id))

    def cancel(self, context, operation_id):
        self.cancels.put((context.project_id, operation_id))

    def providers(self, context):
        self._answer('providers')
        return [{'id': str(len(self.asked))}]

    def protectable_types(self, context):
        self._answer('types')
        return {'T': {'name': 'T', 'dependent_types': []}}

    @messaging.expected_exceptions(exception.KarborError)
    def instances(self, context, type_, parameters):
        self._answer(context.project_id, type_, parameters)
        return []

    @messaging.expected_exceptions(exception.KarborError)
    def instance(self, context, type_, id_, parameters):
        self._answer(context.project_id, type_, id_, parameters)
        return {'id': id_}


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def service(serve):
    service = Service()
    serve(service)
    return service


@pytest.fixture
def who():
    return context.RequestContext(project_id='p', overwrite=False)


def test_a_run_is_told(service, who):
    protection.client().run(who, 'o1')
    assert service.runs.get(timeout=PATIENCE) == ('p', 'o1')


def test_all_are_told_of_a_wish_to_cancel(serve, who):
    """Only the worker that has the operation knows that it has it."""
    services = Service(), Service()
    for number, service in enumerate(services):
        serve(service, f'host-{number}')
    protection.client().cancel(who, 'o1')
    for service in services:
        assert service.cancels.get(timeout=PATIENCE) == ('p', 'o1')


def test_questions_about_resources_are_asked_each_time(service, who):
    client = protection.client()
    for _time in range(2):
        assert client.instances(who, 'T', {'region': 'x'}) == []
        assert client.instance(who, 'T', 'r', {}) == {'id': 'r'}
    assert service.asked == [('p', 'T', {'region': 'x'}),
                             ('p', 'T', 'r', {})] * 2


def test_an_answer_about_providers_is_believed_for_a_while(service, who):
    clock = Clock()
    client = protection.ProtectionClient(clock)
    seconds = transport.conf().rpc.provider_cache_time
    assert client.providers(who) == [{'id': '1'}]
    clock.now += seconds
    assert client.providers(who) == [{'id': '1'}]
    # one question says nothing about the other
    assert list(client.protectable_types(who)) == ['T']
    assert list(client.protectable_types(who)) == ['T']
    assert len(service.asked) == 2
    clock.now += 0.001
    assert client.providers(who) == [{'id': '3'}]


def test_an_error_is_not_believed(service, who):
    client = protection.client()
    service.error = exception.PluginError(reason='not now')
    with pytest.raises(exception.PluginError):
        client.providers(who)
    service.error = None
    assert client.providers(who) == [{'id': '2'}]


@pytest.mark.parametrize('error', ERRORS,
                         ids=lambda error: type(error).__name__)
def test_an_error_is_a_class_and_a_sentence(service, who, error):
    """No class made up by a driver, no traceback of another process."""
    service.error = error
    with pytest.raises(exception.KarborError) as caught:
        protection.client().instance(who, 'T', 'r', {})
    assert type(caught.value) is type(error)
    assert str(caught.value) == str(error)
    assert caught.value.code == error.code
    assert caught.value.__suppress_context__


def test_a_fault_of_the_service_is_no_error_of_ours(service, who):
    service.error = RuntimeError('bug')
    with pytest.raises(RuntimeError, match='bug'):
        protection.client().instance(who, 'T', 'r', {})


def test_a_class_of_a_stranger_is_taken_for_its_base(who, conf, monkeypatch):
    class TapeError(exception.PluginError):
        pass

    client = object.__new__(protection.ProtectionClient)

    class Wire:
        def prepare(self, timeout):
            return self

        def call(self, *args, **kwargs):
            raise TapeError(reason='the tape is torn')

    client._client = Wire()
    monkeypatch.setattr(transport, '_conf', conf)
    with pytest.raises(exception.PluginError, match='^the tape is torn$',
                       ) as caught:
        client.instances(who, 'T', {})
    assert type(caught.value) is exception.PluginError


def test_silence_is_said(bus, who, monkeypatch):
    class Rpc:
        question_timeout = 0.2
        provider_cache_time = 10

    class Conf:
        rpc = Rpc

    monkeypatch.setattr(transport, '_conf', Conf)
    with pytest.raises(exception.NoAnswer) as caught:
        protection.client().providers(who)
    assert str(caught.value) == (
        'No karbor-protection service answered within 0.2 seconds.')
    assert caught.value.code == 503


def test_a_process_has_one_client(bus):
    one = protection.client()
    assert protection.client() is one
    protection.reset()
    assert protection.client() is not one
