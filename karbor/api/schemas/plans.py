# SPDX-License-Identifier: Apache-2.0
"""Methods of plans."""

from karbor.api.schemas import types
from karbor.api.schemas.method import Form
from karbor.api.schemas.method import Method
from karbor.api.schemas.method import Query
from karbor.api.schemas.method import V1_1
from karbor.api.schemas.method import V1_2
from karbor.model.plan import MISSING

_RESOURCES: types.Schema = {
    'type': 'array', 'minItems': 1,
    'description': 'Expected a list of at least one resource.',
    'items': {
        'type': 'object', 'required': ['id', 'type', 'name'],
        'description': 'Expected an object with id, type and name.',
        'additionalProperties': False,
        'properties': {'id': types.TEXT, 'type': types.TEXT,
                       'name': types.TEXT_OR_EMPTY,
                       'extra_info': types.OBJECT_OR_NULL}}}
_REQUIRED = ['name', 'provider_id', 'resources', 'parameters']
_NEW = {'name': types.NAME, 'description': types.DESCRIPTION,
        'provider_id': types.UUID, 'resources': _RESOURCES,
        'parameters': types.PARAMETERS}
_CHANGED = {'name': types.NAME, 'description': types.DESCRIPTION,
            'resources': _RESOURCES, 'status': types.TEXT}
_MISSING = {'missing_resources': {
    'enum': list(MISSING),
    'description': f'Expected one of {", ".join(MISSING)}.'}}
_CREATE = types.body('plan', _REQUIRED, _NEW)
_CREATE_1_2 = types.body('plan', _REQUIRED, {**_NEW, **_MISSING})
_UPDATE = types.body('plan', [], _CHANGED, minProperties=1)
_UPDATE_1_2 = types.body('plan', [], {**_CHANGED, **_MISSING},
                         minProperties=1)

_STATUS: types.Schema = {'enum': ['suspended', 'started']}
_RESOURCE = types.object_(
    {'id': types.STRING, 'type': types.STRING, 'name': types.STRING},
    {'extra_info': types.OBJECT})
_PLAN = {
    'id': types.UUID, 'name': types.STRING,
    'description': types.STRING_OR_NULL, 'provider_id': types.UUID,
    'status': _STATUS, 'resources': types.array(_RESOURCE),
    'parameters': types.OBJECT}
_PLAN_1_1 = {**_PLAN, 'project_id': types.STRING, 'created_at': types.TIME,
             'updated_at': types.TIME_OR_NULL}
_PLAN_1_2 = {**_PLAN_1_1, 'missing_resources': types.STRING}
_ONE = types.answer('plan', types.object_(_PLAN))
_ONE_1_1 = types.answer('plan', types.object_(_PLAN_1_1))
_ONE_1_2 = types.answer('plan', types.object_(_PLAN_1_2))

_index = Form(
    query=Query(
        filters={'name': types.STRING, 'status': _STATUS,
                 'description': types.STRING},
        admin_filters={'project_id': types.STRING,
                       'provider_id': types.STRING, 'id': types.STRING},
        sort_keys=('id', 'status', 'name', 'provider_id', 'created_at')),
    answer=types.listing('plans', types.object_(_PLAN)))
INDEX = Method('List plans.', 'plan:get_all', (_index, _index.at(
    V1_1, answer=types.listing('plans', types.object_(_PLAN_1_1))),
    _index.at(V1_2, answer=types.listing('plans',
                                         types.object_(_PLAN_1_2)))))

_show = Form(answer=_ONE)
SHOW = Method('Show a plan.', 'plan:get', (
    _show, _show.at(V1_1, answer=_ONE_1_1),
    _show.at(V1_2, answer=_ONE_1_2)))

_create = Form(body=_CREATE, answer=_ONE)
CREATE = Method('Create a plan.', 'plan:create', (
    _create, _create.at(V1_1, answer=_ONE_1_1, status=201),
    _create.at(V1_2, body=_CREATE_1_2, answer=_ONE_1_2, status=201)))

_update = Form(body=_UPDATE, answer=_ONE)
UPDATE = Method('Change a plan.', 'plan:update', (
    _update, _update.at(V1_1, answer=_ONE_1_1),
    _update.at(V1_2, body=_UPDATE_1_2, answer=_ONE_1_2)))

START = Method('Start a plan: it takes scheduled runs.', 'plan:update', (
    Form(since=V1_1, answer=_ONE_1_1), Form(since=V1_2, answer=_ONE_1_2)))
SUSPEND = Method('Suspend a plan: it takes no scheduled runs.',
                 'plan:update', (Form(since=V1_1, answer=_ONE_1_1),
                                 Form(since=V1_2, answer=_ONE_1_2)))

DELETE = Method('Delete a plan; its checkpoints stay.', 'plan:delete', (
    Form(), Form(since=V1_1, status=204)))
