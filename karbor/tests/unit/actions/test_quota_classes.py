# SPDX-License-Identifier: Apache-2.0
import pytest

from karbor import context
from karbor import exception
from karbor.actions import quota_classes
from karbor.actions import quotas
from karbor.tests import fixtures


@pytest.fixture(autouse=True)
def house(database, rules):
    """Everything that actions stand on."""


@pytest.fixture
def boss():
    """The context of an administrator."""
    return context.RequestContext(
        project_id=fixtures.OTHER, roles=['admin'], overwrite=False)


def test_the_limits_of_all_projects_that_have_none(boss, member):
    assert quota_classes.get(boss, 'default') == quotas.configured()
    quota_classes.update(boss, 'gold', {'plans': 8})
    assert quotas.get(member, fixtures.PROJECT) == quotas.configured()
    limits = {'plans': 7, 'checkpoints': -1}
    assert quota_classes.update(boss, 'default', {'plans': 7}) == limits
    assert quota_classes.get(boss, 'default') == limits
    assert quotas.get(member, fixtures.PROJECT) == limits
    assert quotas.defaults(member, fixtures.PROJECT) == limits


def test_what_is_out_of_range_changes_nothing(boss):
    with pytest.raises(exception.Invalid, match='plans'):
        quota_classes.update(boss, 'default', {'checkpoints': 1,
                                               'plans': -2})
    assert quota_classes.get(boss, 'default') == quotas.configured()


def test_only_who_runs_the_cloud(member):
    for call in (lambda: quota_classes.get(member, 'default'),
                 lambda: quota_classes.update(member, 'default', {})):
        with pytest.raises(exception.Forbidden):
            call()
