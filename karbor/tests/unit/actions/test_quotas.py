# SPDX-License-Identifier: Apache-2.0
import pytest

from karbor import context
from karbor import exception
from karbor.actions import quotas
from karbor.model.quota import Usage
from karbor.tests import fixtures


@pytest.fixture(autouse=True)
def house(database, rules):
    """Everything that actions stand on."""


@pytest.fixture
def boss():
    """The context of an administrator of another project."""
    return context.RequestContext(
        project_id=fixtures.OTHER, roles=['admin'], overwrite=False)


def test_the_options_come_last(conf, boss, member):
    assert quotas.configured() == {'plans': 50, 'checkpoints': -1}
    conf.set_override('plans', 0, 'quota')
    assert quotas.get(member, fixtures.PROJECT)['plans'] == 0
    # an option takes effect at once: nothing of it is stored
    quotas.update(boss, fixtures.PROJECT, {'checkpoints': 5})
    conf.set_override('plans', 7, 'quota')
    assert quotas.get(member, fixtures.PROJECT) == {'plans': 7,
                                                    'checkpoints': 5}


def test_from_beginning_to_end(boss, member):
    limits = {'plans': 1, 'checkpoints': 2}
    assert quotas.update(boss, fixtures.PROJECT, limits) == limits
    assert quotas.get(member, fixtures.PROJECT) == limits
    assert quotas.usage(member, fixtures.PROJECT) == {
        'plans': Usage(1, 0), 'checkpoints': Usage(2, 0)}
    assert quotas.defaults(member, fixtures.PROJECT) == quotas.configured()
    quotas.delete(boss, fixtures.PROJECT)
    assert quotas.get(member, fixtures.PROJECT) == quotas.configured()


@pytest.mark.parametrize('limit', [-2, 2 ** 31])
def test_what_is_out_of_range_changes_nothing(boss, limit):
    with pytest.raises(exception.Invalid, match='checkpoints'):
        quotas.update(boss, fixtures.PROJECT, {'plans': 1,
                                               'checkpoints': limit})
    assert quotas.get(boss, fixtures.PROJECT) == quotas.configured()


def test_others_neither_look_nor_change(member, stranger):
    for call in (lambda: quotas.get(stranger, fixtures.PROJECT),
                 lambda: quotas.usage(stranger, fixtures.PROJECT),
                 lambda: quotas.defaults(stranger, fixtures.PROJECT),
                 lambda: quotas.update(member, fixtures.PROJECT, {}),
                 lambda: quotas.delete(member, fixtures.PROJECT)):
        with pytest.raises(exception.Forbidden):
            call()
