# SPDX-License-Identifier: Apache-2.0
import pytest

from karbor import context
from karbor import exception
from karbor.actions import checkpoints
from karbor.actions import copies
from karbor.actions import plans
from karbor.db import operations
from karbor.model.query import ListQuery
from karbor.model.resource import Resource
from karbor.plugin.testing.together import run_together
from karbor.tests import fixtures
from karbor.tests.fixtures import NOWHERE
from karbor.tests.fixtures import PROVIDER
from karbor.tests.fixtures import PROVIDER_2
from karbor.tests.fixtures import THING


@pytest.fixture(autouse=True)
def house(database, rules, protection):
    """Everything that actions stand on."""


@pytest.fixture
def plan(member):
    return plans.create(member, name='p', provider_id=PROVIDER,
                        resources=[Resource(THING, 'a', 'n')], parameters={})


def protect(who, plan, **kwargs):
    made = checkpoints.create(who, PROVIDER, plan.id, **kwargs)
    fixtures.work()
    return checkpoints.get(who, PROVIDER, made.id)


def copy(who, **kwargs):
    return copies.create(who, PROVIDER, **{'parameters': {}, **kwargs})


def known():
    """Ids of all checkpoints and all operations."""
    system = context.system()
    return ({one.id for id_ in (PROVIDER, PROVIDER_2) for one
             in checkpoints.list_(system, id_, ListQuery())},
            {one.id for one in operations.list_(system, ListQuery())})


def refused(error, match, who, protection, **kwargs):
    before, told = known(), list(protection.runs)
    with pytest.raises(error, match=match):
        copy(who, **kwargs)
    assert known() == before
    assert protection.runs == told


def test_the_newest_of_the_plan_is_copied(member, plan, protection):
    protect(member, plan)
    source = protect(member, plan, extra_info={'k': 'v'})
    made = copy(member, plan_id=plan.id, parameters={THING: {'speed': 1}})
    assert protection.runs[-1] == made.id
    assert (made.type, made.provider_id, made.plan_id) == (
        'copy', PROVIDER, plan.id)
    assert made.source_checkpoint_id == source.id
    assert made.request['parameters'] == {THING: {'speed': 1}}
    row = checkpoints.get(member, PROVIDER, made.checkpoint_id)
    assert (row.status, row.origin, row.sealed) == (
        'wait_copying', 'copy', False)
    assert row.extra_info == {'k': 'v', 'created_by': 'copy',
                              'copied_from': source.id}
    assert (row.plan, row.created_at, row.resource_graph) == (
        source.plan, source.created_at, source.resource_graph)
    fixtures.work()
    row = checkpoints.get(member, PROVIDER, made.checkpoint_id)
    assert (row.status, row.sealed) == ('available', True)
    # a copy is no newer than what it is a copy of
    again = copy(member, plan_id=plan.id)
    assert again.source_checkpoint_id == source.id


def test_one_that_is_named_is_copied(member, plan):
    source = protect(member, plan)
    protect(member, plan)
    plans.delete(member, plan.id)
    made = copy(member, checkpoint_id=source.id)
    assert (made.source_checkpoint_id, made.plan_id) == (source.id, plan.id)
    made = copy(member, checkpoint_id=source.id, plan_id=plan.id,
                target_id=PROVIDER_2)
    assert made.provider_id == PROVIDER_2
    assert made.request['source_provider_id'] == PROVIDER
    row = checkpoints.get(member, PROVIDER_2, made.checkpoint_id)
    assert row.provider_id == PROVIDER_2


def test_what_is_asked_for_must_be_there(member, plan, protection):
    refused(exception.PlanNotFound, NOWHERE, member, protection,
            plan_id=NOWHERE)
    refused(exception.Invalid, f'plan {plan.id} has no available checkpoint',
            member, protection, plan_id=plan.id)
    refused(exception.Invalid, 'expected plan_id or checkpoint_id', member,
            protection)
    refused(exception.CheckpointNotFound, NOWHERE, member, protection,
            checkpoint_id=NOWHERE)
    made = checkpoints.create(member, PROVIDER, plan.id)
    refused(exception.CheckpointNotAvailable, 'protecting', member,
            protection, checkpoint_id=made.id)
    fixtures.work('error')
    refused(exception.Invalid, 'no available checkpoint', member, protection,
            plan_id=plan.id)


def test_the_parts_of_a_request_belong_together(member, plan, protection):
    source = protect(member, plan)
    other = plans.create(member, name='o', provider_id=PROVIDER_2,
                         resources=plan.resources, parameters={})
    refused(exception.InvalidPlan, PROVIDER_2, member, protection,
            plan_id=other.id)
    refused(exception.Invalid, f'is one of plan {plan.id}', member,
            protection, plan_id=other.id, checkpoint_id=source.id)
    refused(exception.Invalid, 'field provider_id: Provider', member,
            protection, plan_id=plan.id, target_id=NOWHERE)
    refused(exception.Invalid, 'parameters.Test::Thing.speed', member,
            protection, plan_id=plan.id,
            parameters={THING: {'speed': 'high'}})


@pytest.mark.parametrize('able', [{}, {THING: ['protect', 'restore']}])
def test_a_type_that_cannot_be_copied_is_named(
        member, plan, protection, able):
    protect(member, plan)
    protection.all_providers[0]['operations'] = able
    refused(exception.Invalid, f'has no plugin that can copy {THING}', member,
            protection, plan_id=plan.id)


def test_a_deletion_that_comes_first(member, plan, protection, monkeypatch):
    source = protect(member, plan)
    monkeypatch.setattr(copies.handover.checkpoints, 'lock_all',
                        lambda session, ids: dict.fromkeys(
                            ids, copies.handover.checkpoints.Held('deleting')))
    refused(exception.CheckpointNotAvailable, 'deleting', member, protection,
            checkpoint_id=source.id)


def test_others_have_nothing_to_copy(member, stranger, plan, protection):
    source = protect(member, plan)
    refused(exception.PlanNotFound, plan.id, stranger, protection,
            plan_id=plan.id)
    refused(exception.CheckpointNotFound, source.id, stranger, protection,
            checkpoint_id=source.id)


def test_copies_count(conf, member, plan, protection):
    conf.set_override('checkpoints', 2, 'quota')
    protect(member, plan)
    copy(member, plan_id=plan.id)
    refused(exception.QuotaExceeded, r'checkpoints allowed \(2\)', member,
            protection, plan_id=plan.id)
    conf.clear_override('checkpoints', 'quota')


def test_of_two_for_the_last_place_one_is_made(conf, member, plan):
    conf.set_override('checkpoints', 2, 'quota')
    protect(member, plan)
    refusals = []

    def one():
        try:
            copy(member, plan_id=plan.id)
        except exception.QuotaExceeded as error:
            refusals.append(error)

    run_together([one] * 4)
    assert len(refusals) == 3
    assert len(known()[0]) == 2
    conf.clear_override('checkpoints', 'quota')


def test_its_questions_do_not_grow(member, plan):
    protect(member, plan)
    counts = []
    for _more in range(3):
        with fixtures.Statements() as statements:
            copy(member, plan_id=plan.id)
        counts.append(statements.count)
    assert len(set(counts)) == 1
