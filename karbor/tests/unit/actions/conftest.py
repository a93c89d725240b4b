# SPDX-License-Identifier: Apache-2.0
"""Fixtures of tests of those who trust Karbor, and of sweeps."""

import datetime
import uuid

import pytest

from karbor import context
from karbor.actions import owners
from karbor.actions import plans
from karbor.actions import scheduled_operations
from karbor.actions import triggers
from karbor.clients import trusts as clients
from karbor.db import checkpoints as rows
from karbor.db import session
from karbor.model.checkpoint import Checkpoint
from karbor.model.resource import Resource
from karbor.tests import fixtures
from karbor.tests.unit.clients import keystone as people
from karbor.tests.unit.db.schedules import NOON


@pytest.fixture(scope='module')
def keystone_server():
    """A Keystone that is not the real one."""
    with people.running() as made:
        yield made


@pytest.fixture
def keystone(keystone_server, parts, tmp_path, monkeypatch):
    """Nobody acts without a trust here."""
    keystone_server.forget()
    parts.set_override('auth_strategy', 'keystone')
    options = people.TEXT.format(group='trustee', url=keystone_server.base)
    monkeypatch.setattr(clients, '_client',
                        people.client_of(tmp_path, options))
    monkeypatch.setattr(owners, '_known', {})
    monkeypatch.setattr(owners, '_away', owners._Known(0, None, ''))
    return keystone_server


@pytest.fixture
def bound(keystone, member):
    """What operations are bound to."""
    trigger = triggers.create(member, name='t', type_='time', properties={
        'format': 'crontab', 'pattern': '@daily',
        'start_time': datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)})
    plan = plans.create(
        member, name='p', provider_id=fixtures.PROVIDER, parameters={},
        resources=(Resource(fixtures.THING, 'a', 'n'),))
    return {'trigger_id': trigger.id, 'operation_definition': {
        'provider_id': fixtures.PROVIDER, 'plan_id': plan.id}}


@pytest.fixture
def user(keystone):
    """Somebody with a token."""
    return keystone.user('u', 'member', 'reader')


# -- of sweeps ----------------------------------------------------------------

@pytest.fixture
def shop(member):
    made = plans.create(member, name='shop', provider_id=fixtures.PROVIDER,
                        resources=[Resource(fixtures.THING, 'a', 'n')],
                        parameters={})
    return plans.update(member, made.id, {'status': 'started'})


@pytest.fixture
def trigger(member):
    return triggers.create(
        member, name='nightly', type_='time', properties={
            'format': 'crontab', 'pattern': '0 2 * * *',
            'timezone': 'Europe/Berlin'})


@pytest.fixture
def manager(member):
    """The same, who may delete checkpoints as well."""
    return context.RequestContext(
        user_id=member.user_id, project_id=member.project_id,
        roles=['manager', *member.roles], overwrite=False)


@pytest.fixture
def bind(manager, shop, trigger):
    def make(definition, type_='retention_protect',
             provider_id=fixtures.PROVIDER):
        return scheduled_operations.create(
            manager, name='keep', operation_type=type_,
            trigger_id=trigger.id, operation_definition={
                'provider_id': provider_id, 'plan_id': shop.id,
                **definition}).id
    return make


@pytest.fixture
def have(shop):
    """Makes checkpoints, so many seconds old; their ids, oldest first."""
    def make(*ages, **changes):
        made = []
        with session.writer(context.system()) as writer:
            for age in sorted(ages, reverse=True):
                made.append(str(uuid.uuid4()))
                rows.insert(writer, Checkpoint(**{
                    'id': made[-1], 'project_id': shop.project_id,
                    'provider_id': fixtures.PROVIDER, 'plan_id': shop.id,
                    'plan': shop.snapshot(), 'status': 'available',
                    'origin': 'manual', 'sealed': True,
                    'created_at': NOON - datetime.timedelta(seconds=age),
                    **changes}))
        return made
    return make
