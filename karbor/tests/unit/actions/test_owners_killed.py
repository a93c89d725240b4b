# SPDX-License-Identifier: Apache-2.0
"""Trusts when whoever makes or deletes them is killed at any line."""

import pytest

from karbor.actions import owners
from karbor.actions import scheduled_operations as actions
from karbor.clients import trusts as clients
from karbor.db import scheduled_operations
from karbor.db import trusts
from karbor.tests.unit.actions.trusting import make
from karbor.tests.unit.actions.trusting import operations
from karbor.tests.unit.actions.trusting import ROLES
from karbor.tests.unit.actions.trusting import rows
from karbor.tests.unit.actions.trusting import settle
from karbor.tests.unit.actions.trusting import SYSTEM


class Killed(BaseException):
    """Nobody catches it, as nobody catches SIGKILL."""


class Steps:
    """Everything that leaves something behind; one of them kills.

    :param fatal: number of the step after which it does; -1 is before all
    """

    EFFECTS = [(trusts, name) for name in (
        'wish', 'record', 'drop', 'claim', 'look_after', 'found', 'remove')
    ] + [(clients.Keystone, name) for name in ('make', 'delete')
         ] + [(scheduled_operations, name) for name in (
             'create', 'adopt', 'delete')]

    def __init__(self, patch, fatal=None):
        self.done = 0
        self._fatal = fatal
        for place, name in self.EFFECTS:
            patch.setattr(place, name, self._wrap(getattr(place, name)))

    def _wrap(self, real):
        def step(*args, **kwargs):
            number = self.done
            self.done += 1
            if self._fatal == -1:
                raise Killed
            answer = real(*args, **kwargs)
            if number == self._fatal:
                raise Killed
            return answer
        return step


def life(keystone, bound):
    """All that can happen to trusts."""
    user = keystone.user('u', 'member')
    first = make(user, bound)
    user = keystone.user('u', *ROLES)
    second = make(user, bound)
    actions.adopt(keystone.user('v', 'member'), first.id)
    actions.delete(user, second.id)
    owners.sweep(SYSTEM)


def check(keystone):
    """What holds, whatever has happened, some days later."""
    settle()
    assert rows() == dict.fromkeys(keystone.trusts, True)
    found = operations()
    assert {trust['trustor_user_id'] for trust
            in keystone.trusts.values()} == {one.user_id for one in found}
    assert len(keystone.trusts) == len({one.user_id for one in found})
    for operation in found:
        owners._known.clear()
        assert owners.context_of(operation).user_id == operation.user_id


def test_killed_at_any_step_nothing_leaks_and_nothing_is_lost(
        keystone, bound, monkeypatch):
    with monkeypatch.context() as patch:
        steps = Steps(patch)
        life(keystone, bound)
        # this many places to be killed at
        assert steps.done > 12
    check(keystone)
    for fatal in range(-1, steps.done):
        # the user comes back, or not
        for back in (False, True):
            for operation in operations():
                actions.delete(SYSTEM, operation.id)
            settle()
            assert keystone.trusts == rows() == {}
            with monkeypatch.context() as patch, pytest.raises(Killed):
                Steps(patch, fatal)
                life(keystone, bound)
            if back:
                make(keystone.user('u', *ROLES), bound)
            check(keystone)
