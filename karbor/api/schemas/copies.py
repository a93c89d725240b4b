# SPDX-License-Identifier: Apache-2.0
"""Methods of copies."""

from karbor.api.schemas import types
from karbor.api.schemas.method import Form
from karbor.api.schemas.method import Method
from karbor.api.schemas.method import V1_1
from karbor.api.schemas.method import V1_2

_WANTED = {'plan_id': types.UUID, 'parameters': types.PARAMETERS}
_WANTED_1_1 = {**_WANTED, 'checkpoint_id': types.UUID,
               'provider_id': types.UUID}
_MADE = {
    'project_id': types.STRING, 'provider_id': types.UUID,
    'plan_id': types.STRING, 'checkpoint_id': types.UUID,
    'parameters': types.OBJECT}

_create = Form(
    body=types.body('copy', ['plan_id'], _WANTED),
    answer=types.answer('copy', types.object_(_MADE)))
CREATE = Method('Begin to copy a checkpoint.', 'copy:create', (
    _create, *(_create.at(
        since, status=202,
        body=types.body('copy', [], wanted, minProperties=1),
        answer=types.answer('copy', types.object_({
            **_MADE, 'source_checkpoint_id': types.UUID,
            'operation_id': types.UUID})))
        for since, wanted in (
            (V1_1, _WANTED_1_1),
            (V1_2, {**_WANTED_1_1, 'force': types.FORCE})))))
