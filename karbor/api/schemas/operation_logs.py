# SPDX-License-Identifier: Apache-2.0
"""Methods of operation logs."""

from karbor.api.schemas import types
from karbor.api.schemas.method import Form
from karbor.api.schemas.method import Method
from karbor.api.schemas.method import Query

_LOG = types.object_({
    'id': types.UUID, 'operation_type': types.STRING,
    'checkpoint_id': types.UUID, 'plan_id': types.STRING_OR_NULL,
    'provider_id': types.UUID, 'restore_id': types.STRING_OR_NULL,
    'scheduled_operation_id': types.STRING_OR_NULL, 'status': types.STRING,
    'started_at': types.STRING_OR_NULL, 'ended_at': types.STRING_OR_NULL,
    'error_info': types.STRING_OR_NULL, 'extra_info': types.STRING})

INDEX = Method('List operation logs.', 'operation_log:list', (Form(
    query=Query(
        filters={'checkpoint_id': types.STRING, 'plan_id': types.STRING,
                 'restore_id': types.STRING, 'status': types.STRING},
        admin_filters={'project_id': types.STRING,
                       'provider_id': types.STRING,
                       'operation_type': types.STRING,
                       'scheduled_operation_id': types.STRING,
                       'id': types.STRING},
        sort_keys=('id', 'status', 'created_at')),
    answer=types.listing('operation_logs', _LOG)),))

SHOW = Method('Show an operation log.', 'operation_log:get', (
    Form(answer=types.answer('operation_log', _LOG)),))
