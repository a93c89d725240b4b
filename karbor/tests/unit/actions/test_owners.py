# SPDX-License-Identifier: Apache-2.0
"""Who acts: trusts, from the first operation of a user to the last."""

import logging
import threading

import pytest
import sqlalchemy as sa

from karbor import exception
from karbor.actions import owners
from karbor.actions import scheduled_operations as actions
from karbor.clients import trusts as clients
from karbor.db import models
from karbor.db import session as db
from karbor.db import trusts
from karbor.tests import fixtures
from karbor.tests.unit.actions.trusting import make
from karbor.tests.unit.actions.trusting import operations
from karbor.tests.unit.actions.trusting import ROLES
from karbor.tests.unit.actions.trusting import rows
from karbor.tests.unit.actions.trusting import settle
from karbor.tests.unit.actions.trusting import SYSTEM
from karbor.tests.unit.clients import keystone as people
from karbor.tests.unit.db import common

# -- before the owner goes ----------------------------------------------------

def test_one_trust_for_all_operations_of_a_user(keystone, user, bound):
    made = [make(user, bound) for _number in range(3)]
    [trust] = keystone.trusts.values()
    assert (trust['trustor_user_id'], trust['project_id'],
            trust['impersonation'], trust['allow_redelegation'],
            trust['expires_at']) == ('u', fixtures.PROJECT, True, False, None)
    assert {role['id'] for role in trust['roles']} == set(ROLES)
    assert rows() == {trust['id']: True}
    for operation in made:
        actions.delete(user, operation.id)
    owners.sweep(SYSTEM)
    assert keystone.trusts == rows() == {}


def test_another_user_and_another_project_have_their_own(keystone, user,
                                                         bound):
    make(user, bound)
    make(keystone.user('v', 'member'), bound)
    owners.ensure(keystone.user('u', 'member', project=fixtures.OTHER))
    assert {(trust['trustor_user_id'], trust['project_id'])
            for trust in keystone.trusts.values()} == {
        ('u', fixtures.PROJECT), ('v', fixtures.PROJECT),
        ('u', fixtures.OTHER)}


def test_what_keystone_and_the_database_are_asked(keystone, user, bound):
    make(user, bound)
    for _time in range(2):
        keystone.asked.clear()
        with fixtures.Statements() as seen:
            owners.ensure(user)
        assert keystone.asked == [
            ('GET', '/auth/tokens'),
            ('GET', f'/OS-TRUST/trusts/{next(iter(keystone.trusts))}')]
        # the SELECT, with what begins and ends a transaction
        assert seen.count <= 2


@pytest.mark.parametrize('roles', [('member',), ('manager', *ROLES)])
def test_other_roles_renew_it(keystone, user, bound, roles):
    first = make(user, bound)
    [old] = keystone.trusts
    now = keystone.user('u', *roles)
    make(now, bound)
    assert sorted(rows().values()) == [False, True]
    owners.sweep(SYSTEM)
    [new] = keystone.trusts
    assert new != old
    assert set(owners.context_of(first).roles) == set(roles)


def test_one_that_was_revoked_is_renewed(keystone, user, bound):
    operation = make(user, bound)
    keystone.trusts.clear()
    with pytest.raises(exception.TrustGone):
        owners.context_of(operation)
    actions.adopt(user, operation.id)
    assert owners.context_of(operation).user_id == 'u'


def test_a_limited_life(keystone, user, bound, parts):
    unlimited = make(user, bound)
    parts.set_override('trust_lifetime', 1000, 'trustee')
    for left, renewed in ((None, True), (900, False), (400, True)):
        [trust] = [keystone.trusts[id_] for id_, used in rows().items()
                   if used]
        if left is not None:
            trust['expires_at'] = people.moment(left)
        actions.adopt(user, unlimited.id)
        owners.sweep(SYSTEM)
        [now] = keystone.trusts.values()
        assert (now is not trust) == renewed
        assert people.moment(0) < now['expires_at'] < people.moment(1001)


@pytest.mark.parametrize('broken', [
    'role', 'token', 'trust', 'application credential'])
def test_of_what_keystone_refuses_nothing_stays(keystone, bound, broken):
    user = keystone.user('u', *ROLES, **{
        'trust': {'OS-TRUST:trust': {'id': 't'}},
        'application credential': {'application_credential': {
            'id': 'a', 'restricted': False}}}.get(broken, {}))
    if broken == 'role':
        keystone.roles['u', fixtures.PROJECT] = {'reader'}
    elif broken == 'token':
        user.auth_token = 'old'
    with pytest.raises(exception.TrustRefused) as caught:
        make(user, bound)
    assert caught.value.code == 403
    assert 'Karbor cannot be trusted with your roles: ' in str(caught.value)
    assert (keystone.trusts, rows(), operations()) == ({}, {}, [])


@pytest.mark.parametrize('question', ['/auth/tokens', '/OS-TRUST/trusts'])
def test_while_keystone_is_away_nothing_is_made(keystone, user, bound,
                                                question):
    keystone.broken = lambda method, path: (
        people.plain({}, 503) if path.startswith(question) else None)
    with pytest.raises(exception.KeystoneAway) as caught:
        make(user, bound)
    assert caught.value.code == 503
    assert operations() == []
    keystone.broken = lambda method, path: None
    settle()
    assert rows() == {}


def test_threads_make_one_trust(keystone, user, bound):
    answers = common.side_by_side(
        *[lambda: make(user, bound)] * 6)
    assert {answer.user_id for answer in answers} == {'u'}
    assert len(keystone.trusts) == 1
    assert rows() == dict.fromkeys(keystone.trusts, True)


def test_processes_keep_one_trust(keystone, user, bound, monkeypatch):
    """They do not know of each other's locks."""
    class Nobody:
        def of(self, *thing):
            return threading.Lock()

    monkeypatch.setattr(owners, '_making', Nobody())
    answers = common.side_by_side(
        *[lambda: make(user, bound)] * 4)
    assert {answer.user_id for answer in answers} == {'u'}
    settle()
    assert len(keystone.trusts) == 1
    assert rows() == dict.fromkeys(keystone.trusts, True)
    for operation in answers:
        assert owners.context_of(operation).user_id == 'u'


def test_a_release_that_comes_between_is_made_good(keystone, user, bound,
                                                   monkeypatch):
    last = make(user, bound)
    real = owners.ensure
    left = [last]

    def ensure(who):
        real(who)
        if left:
            actions.delete(who, left.pop().id)

    monkeypatch.setattr(owners, 'ensure', ensure)
    made = make(user, bound)
    assert owners.context_of(made).user_id == 'u'
    settle()
    assert len(keystone.trusts) == 1


def test_if_it_is_always_released_the_user_is_told(keystone, user, bound,
                                                   monkeypatch):
    monkeypatch.setattr(trusts, 'hold', lambda *args: False)
    with pytest.raises(exception.TrustReleased) as caught:
        make(user, bound)
    assert caught.value.code == 409
    assert operations() == []


# -- whose it is --------------------------------------------------------------

def test_another_member_adopts_it(keystone, user, bound):
    operation = make(user, bound)
    keystone.disabled.add('u')
    with pytest.raises(exception.TrustGone, match='is disabled'):
        owners.context_of(operation)
    heir = keystone.user('v', 'member')
    adopted = actions.adopt(heir, operation.id)
    assert adopted.user_id == 'v'
    acting = owners.context_of(adopted)
    assert (acting.user_id, acting.roles) == ('v', ['member'])
    # who had it is out of reach; one day he is back, or deleted
    settle()
    assert sorted(rows().values()) == [False, True]
    keystone.disabled.clear()
    settle()
    assert list(rows().values()) == [True]
    assert len(keystone.trusts) == 1


def test_who_may_not_adopt_it(keystone, user, bound):
    operation = make(user, bound)
    reader = keystone.user('r', 'reader')
    with pytest.raises(exception.Forbidden):
        actions.adopt(reader, operation.id)
    stranger = keystone.user('s', 'manager', 'member',
                             project=fixtures.OTHER)
    with pytest.raises(exception.ScheduledOperationNotFound):
        actions.adopt(stranger, operation.id)
    admin = keystone.user('a', 'admin', project=fixtures.OTHER)
    admin.is_admin = True
    with pytest.raises(exception.ScheduledOperationNotFound):
        actions.adopt(admin, operation.id)
    assert len(keystone.trusts) == 1


def test_nobody_chooses_what_is_done_in_the_name_of_another(keystone, user,
                                                            bound):
    """Or a member could have a manager remove checkpoints."""
    operation = make(user, bound)
    other = keystone.user('v', 'manager', 'member')
    changes = {'operation_definition': bound['operation_definition']}
    with pytest.raises(exception.NotOwner, match='adopt it'):
        actions.update(other, operation.id, changes)
    # when and whether it is done is the business of all
    assert not actions.update(other, operation.id, {'enabled': False}).enabled
    actions.adopt(other, operation.id)
    actions.update(other, operation.id, changes)
    with pytest.raises(exception.NotOwner):
        actions.update(user, operation.id, changes)


# -- while the owner is away --------------------------------------------------

def test_the_context_of_an_owner(keystone, user, bound):
    operation = make(user, bound)
    acting = owners.context_of(operation)
    assert (acting.user_id, acting.project_id, sorted(acting.roles),
            acting.is_admin, acting.is_system) == (
                'u', fixtures.PROJECT, sorted(ROLES), False, False)
    assert acting.auth_token is None
    assert 'token' not in str(acting.to_plain())
    admin = make(keystone.user('a', 'admin'), bound)
    assert owners.context_of(admin).is_admin


def test_keystone_is_believed_for_a_while(keystone, user, bound, parts):
    operation = make(user, bound)
    keystone.asked.clear()
    for _time in range(3):
        owners.context_of(operation)
    assert keystone.count('POST', '/auth/tokens') == 1
    # the loss of a role shows when that is over
    keystone.roles['u', fixtures.PROJECT] = {'reader'}
    owners.context_of(operation)
    parts.set_override('cache_time', 0, 'trustee')
    owners._known.clear()
    for _time in range(2):
        with pytest.raises(exception.TrustGone, match='has lost a role'):
            owners.context_of(operation)
    assert keystone.count('POST', '/auth/tokens') == 3
    keystone.roles['u', fixtures.PROJECT] = set(ROLES)
    owners.context_of(operation)


def test_a_token_that_ends_is_not_believed_longer(keystone, user, bound):
    operation = make(user, bound)
    real = keystone._token
    keystone._token = lambda *args, **changes: real(
        *args, expires_at=people.moment(owners._EARLY - 1), **changes)
    try:
        keystone.asked.clear()
        for _time in range(2):
            owners.context_of(operation)
    finally:
        del keystone._token
    assert keystone.count('POST', '/auth/tokens') >= 2


def test_many_runs_of_one_owner_ask_once(keystone, user, bound):
    made = [make(user, bound) for _number in range(4)]
    keystone.asked.clear()
    answers = common.side_by_side(
        *(lambda one=one: owners.context_of(one) for one in made))
    assert {answer.user_id for answer in answers} == {'u'}
    assert keystone.count('POST', '/auth/tokens') == 1
    # that nobody can act is found out once as well
    owners._known.clear()
    keystone.disabled.add('u')
    keystone.asked.clear()
    answers = common.side_by_side(
        *(lambda one=one: owners.context_of(one) for one in made))
    assert {type(answer) for answer in answers} == {exception.TrustGone}
    assert keystone.count('GET', '/OS-TRUST') == 1


def test_one_query_for_one_owner(keystone, user, bound):
    made = [make(user, bound) for _number in range(2)]
    counts = []
    for operation in made:
        with fixtures.Statements() as seen:
            owners.context_of(operation)
        counts.append(seen.count)
    assert counts[0] == counts[1] <= 2


def test_what_is_known_does_not_grow(keystone, user, bound, monkeypatch):
    monkeypatch.setattr(owners, '_MOST_KNOWN', 3)
    for number in range(8):
        owners.context_of(make(keystone.user(f'u{number}', 'member'), bound))
    assert len(owners._known) <= 3


def test_without_a_trust(keystone, user, bound, parts):
    """As all were before, or with auth_strategy noauth."""
    parts.set_override('auth_strategy', 'noauth')
    operation = make(user, bound)
    acting = owners.context_of(operation)
    assert (acting.user_id, acting.is_admin) == ('u', True)
    assert owners.sweep(SYSTEM) == 0
    assert keystone.asked == []
    parts.set_override('auth_strategy', 'keystone')
    with pytest.raises(exception.TrustGone, match='older release'):
        owners.context_of(operation)
    actions.adopt(user, operation.id)
    owners.context_of(operation)


def test_a_trust_of_somebody_else(keystone, user, bound):
    operation = make(user, bound)
    make(keystone.user('v', 'member'), bound)
    theirs = next(id_ for id_, trust in keystone.trusts.items()
                  if trust['trustor_user_id'] == 'v')
    with db.writer(SYSTEM) as session:
        db.changed(session, sa.update(models.Trust).where(
            models.Trust.user_id == 'u').values(trust_id=theirs))
    with pytest.raises(exception.TrustGone, match='somebody'):
        owners.context_of(operation)


def test_while_keystone_is_away_nobody_waits_for_each(keystone, user, bound):
    operation = make(user, bound)
    keystone.broken = lambda method, path: people.plain({}, 503)
    keystone.asked.clear()
    for _time in range(3):
        with pytest.raises(exception.KeystoneAway):
            owners.context_of(operation)
    assert keystone.count('POST', '/auth/tokens') == 1
    keystone.broken = lambda method, path: None
    owners._away = owners._Known(0, None, '')
    owners.context_of(operation)


# -- when the owner has nothing left ------------------------------------------

def test_while_keystone_is_away_nothing_is_forgotten(keystone, user, bound,
                                                     caplog):
    actions.delete(user, make(user, bound).id)
    keystone.broken = lambda method, path: people.plain({}, 503)
    assert owners.sweep(SYSTEM) == 1
    assert 'cannot be deleted now' in caplog.text
    assert list(rows().values()) == [False]
    # not at once again
    assert owners.sweep(SYSTEM) == 0
    keystone.broken = lambda method, path: None
    settle()
    assert keystone.trusts == rows() == {}


def test_one_that_keystone_has_deleted_itself(keystone, user, bound):
    actions.delete(user, make(user, bound).id)
    keystone.trusts.clear()
    owners.sweep(SYSTEM)
    assert rows() == {}


def test_trusts_of_others_are_left_alone(keystone, user, bound):
    """Two Karbors may have one user; each knows its own by their marks."""
    clients.client().make(user, ROLES, 'mark-of-another', None)
    trusts.wish(SYSTEM, 'u', fixtures.PROJECT, 0)
    make(user, bound)
    settle()
    assert len(keystone.trusts) == 2
    assert len(rows()) == 1
    actions.delete(user, operations()[0].id)
    settle()
    assert [trust['karbor'] for trust in keystone.trusts.values()] == [
        'mark-of-another']


def test_nothing_is_logged_that_lets_somebody_in(keystone, user, bound,
                                                 caplog):
    caplog.set_level(logging.DEBUG)
    operation = make(user, bound)
    owners.context_of(operation)
    actions.delete(user, operation.id)
    owners.sweep(SYSTEM)
    assert 'trusts Karbor in project' in caplog.text
    assert not any(token in caplog.text for token in keystone.tokens)
