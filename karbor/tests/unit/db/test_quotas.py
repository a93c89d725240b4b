# SPDX-License-Identifier: Apache-2.0
"""Limits of projects, and that nobody passes them."""

import threading

import pytest
import sqlalchemy as sa

from karbor import exception
from karbor.db import checkpoints
from karbor.db import models
from karbor.db import plans
from karbor.db import quota_classes
from karbor.db import quotas
from karbor.db import session as db
from karbor.model.query import ListQuery
from karbor.model.quota import Usage
from karbor.tests.fixtures import Statements
from karbor.tests.unit.db import common

CONFIGURED = {'plans': 50, 'checkpoints': -1}


def limits(project=common.PROJECT):
    return quotas.get(common.admin(), project, CONFIGURED)


def set_limits(project=common.PROJECT, **wanted):
    quotas.update(common.admin(), project, wanted)


def usage(project=common.PROJECT):
    return quotas.usage(common.admin(), project, CONFIGURED)


def in_use(resource):
    return usage()[resource].in_use


def make_plan(configured=-1, project=common.PROJECT):
    return plans.create(common.member(project),
                        common.plan(project_id=project), configured)


@db.retry
def make_checkpoint(configured=-1):
    """As the action does it."""
    with db.writer(common.member()) as session:
        quotas.admit(session, common.PROJECT, 'checkpoints', configured)
        checkpoints.insert(session, common.checkpoint())


MAKE = {'plans': make_plan, 'checkpoints': make_checkpoint}
every = pytest.mark.parametrize('resource', MAKE)


def refused(answers):
    """How many were told that there is no room; others were let in."""
    found = [answer for answer in answers
             if isinstance(answer, exception.QuotaExceeded)]
    assert len(found) + sum(not isinstance(answer, Exception)
                            for answer in answers) == len(answers), answers
    return len(found)


def test_the_project_comes_before_its_class_and_that_before_the_option(
        database):
    assert limits() == {'plans': 50, 'checkpoints': -1}
    quota_classes.update(common.admin(), 'default', {'plans': 7,
                                                     'checkpoints': 8})
    quota_classes.update(common.admin(), 'gold', {'plans': 1000})
    assert limits() == {'plans': 7, 'checkpoints': 8}
    set_limits(plans=0)
    assert limits() == {'plans': 0, 'checkpoints': 8}
    set_limits(checkpoints=-1)
    assert limits() == {'plans': 0, 'checkpoints': -1}
    set_limits(plans=2 ** 31 - 1)
    assert limits() == {'plans': 2 ** 31 - 1, 'checkpoints': -1}
    assert limits(common.OTHER) == {'plans': 7, 'checkpoints': 8}
    quotas.delete(common.admin(), common.PROJECT)
    assert limits() == {'plans': 7, 'checkpoints': 8}
    # there is nothing left to take
    quotas.delete(common.admin(), common.PROJECT)


def test_limits_of_what_is_not_known_here_are_left_alone(database):
    """A newer release may have written them."""
    set_limits(restores=3)
    quota_classes.update(common.admin(), 'default', {'restores': 4})
    assert limits() == CONFIGURED
    assert set(usage()) == set(CONFIGURED)


def test_what_is_in_use_is_counted(database):
    assert usage() == {'plans': Usage(50, 0), 'checkpoints': Usage(-1, 0)}
    for _number in range(3):
        make_plan()
    made = make_plan()
    make_plan(project=common.OTHER)
    common.save(common.checkpoint(), common.checkpoint(status='error'),
                common.checkpoint(project_id=common.OTHER))
    plans.delete(common.member(), made.id)
    assert usage() == {'plans': Usage(50, 3), 'checkpoints': Usage(-1, 2)}


def test_a_usage_costs_the_same_whatever_there_is(database):
    with Statements() as empty:
        usage()
    set_limits(plans=20, checkpoints=20)
    for _number in range(10):
        make_plan()
        make_checkpoint()
    with Statements() as full:
        usage()
    assert 0 < empty.count == full.count


@every
@pytest.mark.parametrize('source', ['project', 'class', 'option'])
def test_a_limit_is_not_passed(database, resource, source):
    configured = {'option': 2}.get(source, 0 if source == 'class' else -1)
    if source == 'project':
        set_limits(**{resource: 2})
    elif source == 'class':
        quota_classes.update(common.admin(), 'default', {resource: 2})
    for _number in range(2):
        MAKE[resource](configured)
    with pytest.raises(exception.QuotaExceeded, match=f'{resource}.*2'):
        MAKE[resource](configured)
    assert in_use(resource) == 2


@every
def test_no_limit_and_none_at_all(database, resource):
    set_limits(**{resource: -1})
    for _number in range(3):
        MAKE[resource](0)
    set_limits(**{resource: 0})
    with pytest.raises(exception.QuotaExceeded):
        MAKE[resource](-1)
    assert in_use(resource) == 3


def test_projects_do_not_count_for_each_other(database):
    set_limits(plans=1)
    make_plan(1, common.OTHER)
    make_plan()
    with pytest.raises(exception.QuotaExceeded):
        make_plan(1, common.OTHER)


@every
def test_below_what_is_in_use_nothing_goes_and_nothing_comes(
        database, resource):
    for _number in range(3):
        MAKE[resource]()
    set_limits(**{resource: 1})
    assert usage()[resource] == Usage(1, 3)
    with pytest.raises(exception.QuotaExceeded):
        MAKE[resource]()
    set_limits(**{resource: 4})
    MAKE[resource]()
    assert usage()[resource] == Usage(4, 4)


@every
def test_the_last_place_goes_to_one(database, resource):
    """Of those who come at the same time, whatever was there before."""
    for round_ in range(3):
        set_limits(**{resource: round_ + 1})
        assert refused(common.side_by_side(*[MAKE[resource]] * 2)) == 1
        assert in_use(resource) == round_ + 1


@every
def test_a_crowd_does_not_pass_a_limit(database, resource):
    set_limits(**{resource: 3})
    assert refused(common.side_by_side(*[MAKE[resource]] * 16)) == 13
    assert in_use(resource) == 3


@every
def test_the_last_place_of_the_option_goes_to_one(database, resource):
    """With no row of limits that one could queue up at."""
    answers = common.side_by_side(*[lambda: MAKE[resource](1)] * 6)
    assert refused(answers) == 5
    assert in_use(resource) == 1


@every
@pytest.mark.parametrize('before', [-1, 1000])
def test_nothing_comes_when_a_lower_limit_has_been_answered(
        database, resource, before):
    """Whoever read the old limit is through before, or reads it anew."""
    set_limits(**{resource: before})
    some = threading.Semaphore(0)
    seen = []

    def make():
        answers = []
        for _number in range(8):
            try:
                answers.append(MAKE[resource]())
            except exception.QuotaExceeded as error:
                answers.append(error)
            some.release()
        return answers

    def lower():
        for _number in range(4):
            some.acquire()
        set_limits(**{resource: 0})
        # a transaction of its own: what was committed when it was answered
        seen.append(in_use(resource))

    *made, lowered = common.side_by_side(make, make, make, lower)
    assert lowered is None
    let_in = 24 - sum(refused(answers) for answers in made)
    assert seen == [let_in] == [in_use(resource)]
    assert let_in >= 4


@every
def test_a_limit_is_taken_away_at_the_same_time(database, resource):
    """As if one had come after the other."""
    for _round in range(5):
        set_limits(**{resource: 1000})
        before = in_use(resource)
        made, taken = common.side_by_side(
            lambda: MAKE[resource](0),
            lambda: quotas.delete(common.admin(), common.PROJECT))
        assert taken is None
        assert in_use(resource) == before + 1 - refused([made])
        with pytest.raises(exception.QuotaExceeded):
            MAKE[resource](0)


def test_limits_of_one_project_are_set_side_by_side(database):
    answers = common.side_by_side(*[
        lambda number=number: set_limits(plans=number, checkpoints=number)
        for number in range(6)])
    assert answers == [None] * 6
    found = limits()
    assert found['plans'] == found['checkpoints']
    assert found['plans'] in range(6)


def test_what_does_not_fit_leaves_nothing(database):
    set_limits(plans=0)
    with pytest.raises(exception.QuotaExceeded):
        make_plan()
    assert plans.list_(common.member(), ListQuery()) == []
    with db.reader(common.system()) as session:
        assert session.execute(
            sa.select(models.PlanResource)).first() is None


def test_room_costs_the_same_whatever_there_is(database):
    set_limits(plans=1000)
    make_plan()
    with Statements() as few:
        make_plan()
    for _number in range(30):
        make_plan()
    with Statements() as many:
        make_plan()
    assert 0 < few.count == many.count
