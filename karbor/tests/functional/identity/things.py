# SPDX-License-Identifier: Apache-2.0
"""What routes of the API are asked about: one of each, made when needed."""

import re

import sqlalchemy as sa

from karbor.db import models
from karbor.tests.functional import daemons
from karbor.tests.functional.identity import cloud as clouds

# what is there from the beginning
FIXED = {'provider_id': daemons.PROVIDER, 'resource_id': daemons.FILESET,
         'protectable_type': 'Karbor::FileSet', 'class_name': 'gold'}
PLAN = {'name': 'p', 'provider_id': daemons.PROVIDER, 'parameters': {},
        'resources': [{'type': 'Karbor::Noop', 'id': 'n', 'name': 'n'}]}

# what daemons write by themselves
_BEATS = [models.Service.__table__.c.updated_at,
          models.Operation.__table__.c.lease_until,
          models.ScheduledOperation.__table__.c.retention_at,
          models.Trust.__table__.c.sweep_at,
          models.Trust.__table__.c.attempts]
# trusts that no longer serve go when an engine has deleted them
_STAYING = {'trusts': models.Trust.__table__.c.in_use == sa.true()}

# what is sent to a route; names in braces are those of things
BODIES = {
    'POST plans': {'plan': PLAN},
    'PUT plans/{plan_id}': {'plan': {'name': 'new'}},
    'POST plans/{plan_id}/retention': {'retention': {'max_backups': 1}},
    'POST providers/{provider_id}/checkpoints': {
        'checkpoint': {'plan_id': '{plan_id}'}},
    'POST providers/{provider_id}/checkpoints/action': {
        'copy': {'plan_id': '{protected_plan_id}', 'parameters': {}}},
    'PUT providers/{provider_id}/checkpoints/{checkpoint_id}': {
        'os-resetState': {'state': 'error'}},
    'POST restores': {'restore': {
        'provider_id': daemons.PROVIDER, 'checkpoint_id': '{checkpoint_id}',
        'parameters': {}}},
    'POST verifications': {'verification': {
        'provider_id': daemons.PROVIDER, 'checkpoint_id': '{checkpoint_id}',
        'parameters': {}}},
    'POST triggers': {'trigger_info': {
        'name': 't', 'type': 'time',
        'properties': {'format': 'crontab', 'pattern': '0 2 * * *'}}},
    'PUT triggers/{trigger_id}': {'trigger_info': {'name': 'new'}},
    'POST triggers/preview': {'trigger_info': {
        'type': 'time',
        'properties': {'format': 'crontab', 'pattern': '0 2 * * *'}}},
    'POST scheduled_operations': {'scheduled_operation': {
        'name': 's', 'operation_type': 'protect',
        'trigger_id': '{trigger_id}', 'operation_definition': {
            'provider_id': daemons.PROVIDER, 'plan_id': '{plan_id}'}}},
    'PUT scheduled_operations/{scheduled_operation_id}': {
        'scheduled_operation': {'name': 'new', 'trigger_id': '{trigger_id}'}},
    'PUT quotas/{quota_project_id}': {'quota': {'plans': 9000}},
    'PUT quota_classes/{class_name}': {'quota_class': {'plans': 9000}},
    'PUT os-services/{service_id}': {
        'status': 'disabled', 'disabled_reason': 'holidays'},
}

# Routes that take not any thing of the name in their path.
PATHS = {'POST triggers/{trigger_id}/secret':
         'triggers/{webhook_id}/secret',
         'POST restores/{restore_id}/undo':
         'restores/{failed_restore_id}/undo'}


class Things:
    """Ids by the names that URLs have for them."""

    def __init__(self, karbor):
        self._karbor = karbor
        self._engine = sa.create_engine(karbor.database)
        # files that make work hang
        self._orders = []
        self.made = {}

    def close(self):
        self.settle()
        self._engine.dispose()

    def __getitem__(self, name):
        if name in FIXED:
            return FIXED[name]
        if name not in self.made:
            self.made[name] = getattr(self, f'_{name}')()
        return self.made[name]

    def fill(self, value):
        """The same with ids in the place of their names."""
        if isinstance(value, dict):
            return {key: self.fill(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.fill(inner) for inner in value]
        if isinstance(value, str):
            return re.sub(r'\{(\w+)\}', lambda found: self[found[1]], value)
        return value

    def forget(self):
        """Whatever was done to them, the next ones are new.

        The work that it made comes to its end first.
        """
        self.made.clear()
        self.settle()

    def settle(self):
        for order in self._orders:
            order.unlink()
        self._orders.clear()
        busy = sa.select(models.Operation.id).where(
            models.Operation.status.in_(['queued', 'running']))
        daemons.until(lambda: not self._karbor.rows(busy),
                      what='the end of all operations')
        waiting = sa.select(models.Run.id).where(
            models.Run.status.in_(['queued', 'running']))
        daemons.until(lambda: not self._karbor.rows(waiting),
                      what='the end of all runs')

    def rows(self):
        """Everything that a request may change."""
        with self._engine.connect() as connection:
            return {table.name: connection.execute(sa.select(
                *(column for column in table.columns
                  if column not in _BEATS)
                ).where(_STAYING.get(table.name, sa.true()))).all()
                for table in models.Base.metadata.sorted_tables}

    def _post(self, path, body=None, version='1.0'):
        answer = self._karbor.ask(
            'manager', 'POST', path, json=body, headers={
                'OpenStack-API-Version': f'data-protect {version}'})
        assert answer.ok, answer.text
        made, = answer.json().values()
        self.settle()
        return made['id']

    def _plan_id(self):
        return self._post('/plans', {'plan': PLAN})

    def _checkpoint_id(self):
        path = f'/providers/{daemons.PROVIDER}/checkpoints'
        return self._post(path, self.fill(
            BODIES['POST providers/{provider_id}/checkpoints']))

    def _protected_plan_id(self):
        # the checkpoint is what is copied
        assert self['checkpoint_id']
        return self['plan_id']

    def _verification_id(self):
        return self._post('/verifications',
                          self.fill(BODIES['POST verifications']))

    def _restore_id(self):
        return self._post('/restores', self.fill(BODIES['POST restores']))

    def _failed_restore_id(self):
        path = '/nowhere'
        resource = ('Karbor::FileSet', daemons.FILESET)
        checkpoint = self._karbor.protect(self._karbor.plan(resource))
        return self._post('/restores', {'restore': {
            'provider_id': daemons.PROVIDER, 'checkpoint_id': checkpoint.id,
            'parameters': {resource[0]: {'restore_path': path}}}})

    def _trigger_id(self):
        return self._post('/triggers', BODIES['POST triggers'])

    def _webhook_id(self):
        return self._post('/triggers', {'trigger_info': {
            'name': 'w', 'type': 'event',
            'properties': {'source': 'webhook'}}}, '1.2')

    def _scheduled_operation_id(self):
        return self._post('/scheduled_operations', self.fill(
            BODIES['POST scheduled_operations']))

    def _run_id(self):
        # of a plan that is suspended, so it ends soon
        return self._post(self.fill(
            '/scheduled_operations/{scheduled_operation_id}/run'),
            version='1.2')

    def _quota_project_id(self):
        return self._karbor.cloud.projects[clouds.MINE]

    def _service_id(self):
        (id_,), = self._karbor.rows(
            sa.select(models.Service.id).where(
                models.Service.binary == 'karbor-operationengine'))
        self._karbor.ask('admin', 'PUT', f'/os-services/{id_}',
                         json={'status': 'enabled'}).raise_for_status()
        return str(id_)

    def _operation_id(self):
        # one that hangs, so that it can be cancelled at any time
        name = f'box-{len(self._karbor.trace())}'
        box = self._karbor.box(name)
        # of a hook that saves nothing, so that no progress is written
        place = f'protect.on_prepare_finish.Box.{name}'
        self._orders.append(self._karbor.order(place, 'hang'))
        plan = self._karbor.plan(box)
        checkpoint = self._karbor.checkpoint(plan)
        daemons.until(lambda: f'begin {place}' in self._karbor.trace(),
                      what='work that hangs')
        (id_,), = self._karbor.rows(
            sa.select(models.Operation.id).where(
                models.Operation.checkpoint_id == checkpoint.id))
        return id_

    def _operation_log_id(self):
        return self['restore_id']
