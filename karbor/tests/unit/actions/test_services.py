# SPDX-License-Identifier: Apache-2.0
import pytest

from karbor import context
from karbor import exception
from karbor.actions import services
from karbor.db import services as db


@pytest.fixture(autouse=True)
def house(database, rules):
    """Everything that actions stand on, and two daemons."""
    for binary in ('karbor-protection', 'karbor-operationengine'):
        db.heartbeat(context.system(), 'h', binary)


@pytest.fixture
def boss():
    """The context of who runs the cloud, and no project."""
    return context.RequestContext(system_scope='all', roles=['admin'],
                                  overwrite=False)


def test_both_daemons_are_disabled_and_enabled(boss):
    for one in services.list_(boss):
        disabled = services.update(boss, one.id, 'disabled', 'why')
        assert (disabled.status, disabled.disabled_reason) == (
            'disabled', 'why')
        assert services.list_(boss, 'h', one.binary) == [disabled]
        assert services.update(boss, one.id, 'enabled') == one
    assert services.list_(boss, 'x') == []


def test_mistakes_are_said(boss):
    before = services.list_(boss)
    with pytest.raises(exception.Invalid, match='disabled_reason'):
        services.update(boss, before[0].id, 'enabled', 'why')
    with pytest.raises(exception.IllegalTransition, match='asleep'):
        services.update(boss, before[0].id, 'asleep')
    with pytest.raises(exception.ServiceNotFound):
        services.update(boss, 12345, 'disabled')
    assert services.list_(boss) == before


def test_only_who_runs_the_cloud(boss, member):
    one, *_others = services.list_(boss)
    for call in (lambda: services.list_(member),
                 lambda: services.update(member, one.id, 'disabled')):
        with pytest.raises(exception.Forbidden):
            call()
    assert one in services.list_(boss)
