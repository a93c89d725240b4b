# SPDX-License-Identifier: Apache-2.0
"""How the rules are asked: over the API, with every role."""

import uuid

from karbor import context
from karbor.actions import firing
from karbor.db import operations
from karbor.db import runs
from karbor.db import services
from karbor.db import triggers as triggers_db
from karbor.model.query import ListQuery
from karbor.model.trigger import Trigger
from karbor.tests import fixtures
from karbor.tests.fixtures import PROVIDER
from karbor.tests.fixtures import THING

READERS = {'reader', 'member', 'manager', 'admin', 'service'}
MEMBERS = {'member', 'manager', 'admin'}
MANAGERS = {'manager', 'admin'}
ADMINS = {'admin'}
# of a token that is for the whole system and for no project
SYSTEM = {'X-Identity-Status': 'Confirmed', 'X-User-Id': 'u',
          'OpenStack-System-Scope': 'all'}
ROLES = (*sorted(READERS), 'stranger', '')

CHECKPOINTS = f'/providers/{PROVIDER}/checkpoints'
INSTANCES = f'/protectables/{THING}/instances'
RESTORE = {'provider_id': PROVIDER, 'parameters': {}}

# rule, who may, method, path, body; names in braces are ids of the world


def make_world(api):
    """One of everything, by name."""
    plan = api.post('/plans', fixtures.plan_body()).json['plan']['id']
    checkpoint = api.post(CHECKPOINTS, {'checkpoint': {'plan_id': plan}},
                          ).json['checkpoint']['id']
    fixtures.work()
    restore = api.post('/restores', {
        'restore': {**RESTORE, 'checkpoint_id': checkpoint}},
    ).json['restore']['id']
    # so that the checkpoint can be deleted
    fixtures.work()
    verification = api.post('/verifications', {
        'verification': {**RESTORE, 'checkpoint_id': checkpoint}},
    ).json['verification']['id']
    fixtures.work()
    # the first of its table, so its id is 1
    services.heartbeat(context.system(), 'h', 'karbor-protection')
    # one to be deleted, and one that is in use
    triggers = [api.post('/triggers', fixtures.trigger_body()).json[
        'trigger_info']['id'] for _number in range(2)]
    scheduled = api.post(
        '/scheduled_operations',
        fixtures.scheduled_operation_body(triggers[1], plan),
    ).json['scheduled_operation']['id']
    webhook = triggers_db.create(
        context.RequestContext(project_id=fixtures.PROJECT, overwrite=False),
        Trigger(id=str(uuid.uuid4()), project_id=fixtures.PROJECT, name='w',
                type='event', secret_version=1, properties={
                    'source': 'webhook', 'window': 900, 'debounce': 0,
                    'min_interval': 60}), firing.reckon)
    return {'plan': plan, 'checkpoint': checkpoint, 'restore': restore,
            'webhook': webhook.id,
            'verification': verification, 'trigger': triggers[0],
            'scheduled_operation': scheduled,
            'run': runs.add(context.system(), scheduled, 900).id}


def fill(value, world):
    if isinstance(value, dict):
        return {key: fill(inner, world) for key, inner in value.items()}
    if isinstance(value, str):
        for name, id_ in world.items():
            value = value.replace(f'{{{name}}}', id_)
    return value


def operation_ids():
    return {operation.id for operation
            in operations.list_(context.system(), ListQuery())}


def for_each_role(api):
    """The same new world with each role, whatever the one before did."""
    world = make_world(api)
    with fixtures.snapshot() as back:
        for role in ROLES:
            back()
            yield role, world


def check(api, app, rule, allowed, method, path, body, version='1.0',
          status=200):
    """Who is allowed gets an answer; others get 403 and nothing happens."""
    for role, world in for_each_role(api):
        who = fixtures.Api(app, fixtures.identity(role)).at(version)
        before = operation_ids()
        answer = who.send(method, fill(path, world), fill(body, world),
                          expect=status if role in allowed else 403)
        if role not in allowed:
            assert answer.json == {'forbidden': {
                'code': 403, 'message':
                f"Policy doesn't allow {rule} to be performed."}}
            # and nothing happened
            assert operation_ids() == before
