# SPDX-License-Identifier: Apache-2.0
"""How often a call asks the database: as often in a full one as before."""

from karbor.tests import fixtures
from karbor.tests.unit.policies import world

SCHEDULED = '/scheduled_operations/{scheduled_operation}'
PROVIDED = {'provider_id': fixtures.PROVIDER, 'parameters': {}}

CALLS = (
    ('GET', '/plans', None),
    ('GET', '/plans?limit=1&all_tenants=1', None),
    ('GET', '/plans/{plan}', None),
    ('POST', '/plans', fixtures.plan_body()),
    ('PUT', '/plans/{plan}', {'plan': {'name': 'other'}}),
    ('GET', world.CHECKPOINTS, None),
    ('GET', world.CHECKPOINTS + '/{checkpoint}', None),
    ('POST', world.CHECKPOINTS, {'checkpoint': {'plan_id': '{plan}'}}),
    ('GET', '/restores', None),
    ('GET', '/restores/{restore}', None),
    ('POST', '/restores', {
        'restore': {**PROVIDED, 'checkpoint_id': '{checkpoint}'}}),
    ('GET', '/verifications', None),
    ('GET', '/verifications/{verification}', None),
    ('GET', '/operation_logs', None),
    ('GET', '/operation_logs/{restore}', None),
    ('GET', '/triggers', None),
    ('GET', '/triggers/{trigger}', None),
    ('POST', '/triggers', fixtures.trigger_body()),
    ('PUT', '/triggers/{trigger}', {'trigger_info': {'name': 'other'}}),
    ('DELETE', '/triggers/{trigger}', None),
    ('GET', '/scheduled_operations', None),
    ('GET', SCHEDULED, None),
    ('PUT', SCHEDULED, {'scheduled_operation': {'overlap': 'queue'}}),
    ('POST', f'{SCHEDULED}/run', None),
    ('GET', f'{SCHEDULED}/runs', None),
    ('GET', f'{SCHEDULED}/runs/{{run}}', None),
    ('DELETE', SCHEDULED, None),
    ('GET', '/os-services', None),
    ('GET', f'/quotas/{fixtures.PROJECT}/detail', None),
    ('GET', '/quota_classes/default', None),
    ('DELETE', world.CHECKPOINTS + '/{other}', None),
    ('DELETE', '/plans/{plan}', None),
)


def make(api):
    made = world.make_world(api)
    # one that nothing else is done with
    made['other'] = api.post(world.CHECKPOINTS, {
        'checkpoint': {'plan_id': made['plan']}}).json['checkpoint']['id']
    fixtures.work()
    return made


def counted(api, made):
    counts, before = {}, world.operation_ids()
    for method, path, body in CALLS:
        with fixtures.Statements() as statements:
            answer = api.at('1.2').send(
                method, world.fill(path, made), world.fill(body, made),
                expect=None)
        assert answer.status_int < 300, answer.text
        counts[method, path] = statements.count
    # what waits would be done in place of what is made next
    for _new in world.operation_ids() - before:
        fixtures.work()
    return counts


def test_no_call_asks_more_often_where_there_is_more(admin):
    few = counted(admin, make(admin))
    assert min(few.values()) > 0
    for _number in range(12):
        made = make(admin)
    assert counted(admin, made) == few
    # a list, its rows' rows, and BEGIN: nothing is asked row by row
    assert max(few.values()) <= 12, few
