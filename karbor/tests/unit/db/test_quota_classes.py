# SPDX-License-Identifier: Apache-2.0
"""Limits of classes."""

from karbor.db import quota_classes
from karbor.tests.unit.db import common

CONFIGURED = {'plans': 50, 'checkpoints': -1}


def limits(name='default'):
    return quota_classes.get(common.admin(), name, CONFIGURED)


def test_a_class_has_its_limits_and_else_the_options(database):
    assert limits() == CONFIGURED
    quota_classes.update(common.admin(), 'default', {'plans': 0})
    assert limits() == {'plans': 0, 'checkpoints': -1}
    quota_classes.update(common.admin(), 'default', {'checkpoints': 3})
    assert limits() == {'plans': 0, 'checkpoints': 3}
    assert limits('gold') == CONFIGURED
    # names are told apart by every bit
    assert limits('Default') == CONFIGURED


def test_limits_of_what_is_not_known_here_are_not_shown(database):
    quota_classes.update(common.admin(), 'default', {'restores': 0})
    assert limits() == CONFIGURED


def test_the_first_limits_are_set_side_by_side(database):
    answers = common.side_by_side(*[
        lambda number=number: quota_classes.update(
            common.admin(), 'default',
            {'plans': number, 'checkpoints': number})
        for number in range(6)])
    assert answers == [None] * 6
    found = limits()
    assert found['plans'] == found['checkpoints']
    assert found['plans'] in range(6)
