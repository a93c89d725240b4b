# SPDX-License-Identifier: Apache-2.0
"""Answers of the protection service."""

import oslo_messaging as messaging
import pytest

from karbor import exception
from karbor.protection import manager
from karbor.protection import work
from karbor.protection.protectables import Protectables
from karbor.tests.unit.protection import lab as labs
from karbor.tests.unit.protection.lab import APP
from karbor.tests.unit.protection.lab import DISK


@pytest.fixture
def shops(lab):
    return [lab.process().shop]


@pytest.fixture
def woken():
    return []


@pytest.fixture
def server(conf, shops, woken):
    return manager.Manager(conf, lambda: shops[0],
                           lambda: woken.append(True), woken.append)


def test_work_wakes_the_worker(server, woken):
    server.run(labs.user(), 'any id')
    assert woken == [True]


def test_a_wish_to_cancel_reaches_the_worker(server, woken):
    server.cancel(labs.user(), 'an id')
    assert woken == ['an id']


def test_providers_are_described(server, shops):
    [told] = server.providers(labs.user())
    assert (told['id'], told['name']) == (labs.PROVIDER, 'test')
    assert told['resource_types'] == [APP, DISK]
    # after a reload, those of the new shop
    shops[0] = work.Workshop(None, type(shops[0].providers)(),
                             Protectables([]), None)
    assert server.providers(labs.user()) == []
    assert server.protectable_types(labs.user()) == {}


def test_types_are_told(server):
    assert server.protectable_types(labs.user()) == {
        APP: {'name': APP, 'dependent_types': [DISK]},
        DISK: {'name': DISK, 'dependent_types': []}}


def test_instances_come_with_their_dependents(server):
    disk = {'type': DISK, 'id': 'disk', 'name': 'name of disk',
            'extra_info': None}
    app = {'type': APP, 'id': 'app', 'name': 'name of app',
           'extra_info': None, 'dependent_resources': [disk]}
    assert server.instances(labs.user(), APP, {}) == [app]
    assert server.instance(labs.user(), APP, 'app', {}) == app
    assert server.instances(labs.user(), DISK, {}) == [
        {**disk, 'dependent_resources': []}]


def test_plugins_are_told_who_asks(server, shops, monkeypatch):
    seen = []
    monkeypatch.setattr(labs.Things, 'list', lambda self, context,
                        parameters: seen.append((context, parameters)) or [])
    asker = labs.user(request_id='req-1')
    server.instances(asker, APP, {'region': 'x'})
    [(context, parameters)] = seen
    assert (context.project_id, context.user_id, context.request_id) == (
        labs.PROJECT, 'u', 'req-1')
    assert 'member' in context.roles
    assert parameters == {'region': 'x'}


@pytest.mark.parametrize('ask', [
    lambda server: server.instances(labs.user(), 'X', {}),
    lambda server: server.instance(labs.user(), APP, 'gone', {})])
def test_a_clear_error_is_an_answer(server, ask):
    with pytest.raises(messaging.ExpectedException) as caught:
        ask(server)
    assert isinstance(caught.value.exc_info[1], exception.NotFound)


def test_a_plugin_that_fails_is_a_clear_error_too(server, monkeypatch):
    def fail(self, context, parameters):
        raise OSError('no route')

    monkeypatch.setattr(labs.Things, 'list', fail)
    with pytest.raises(messaging.ExpectedException) as caught:
        server.instances(labs.user(), APP, {})
    assert 'no route' in str(caught.value.exc_info[1])
