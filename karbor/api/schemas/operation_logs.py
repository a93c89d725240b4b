# SPDX-License-Identifier: Apache-2.0
"""Methods of operation logs."""

import dataclasses

from karbor.api.schemas import operations
from karbor.api.schemas import types
from karbor.api.schemas.method import Form
from karbor.api.schemas.method import Method
from karbor.api.schemas.method import Query
from karbor.api.schemas.method import V1_1
from karbor.api.schemas.method import V1_2
from karbor.model import states

_STATUS: types.Schema = {'enum': sorted({
    word for words in states.V1_OPERATION_STATUS.values()
    for word in words.values()})}
_WHAT = {
    'id': types.UUID, 'operation_type': types.STRING,
    'checkpoint_id': types.UUID, 'plan_id': types.STRING_OR_NULL,
    'provider_id': types.UUID, 'restore_id': types.STRING_OR_NULL,
    'scheduled_operation_id': types.STRING_OR_NULL, 'status': _STATUS}
_LOG = types.object_({
    **_WHAT, 'started_at': types.STRING_OR_NULL,
    'ended_at': types.STRING_OR_NULL, 'error_info': types.STRING_OR_NULL,
    # a text of JSON
    'extra_info': types.STRING})
_LOG_1_1 = {**_WHAT, 'project_id': types.STRING, **operations.PROGRESS}
_LOG_1_2 = {**_LOG_1_1, **operations.RUN}

_query = Query(
    filters={'checkpoint_id': types.STRING, 'plan_id': types.STRING,
             'restore_id': types.STRING, 'status': _STATUS},
    admin_filters={'project_id': types.STRING,
                   'provider_id': types.STRING,
                   'operation_type': operations.TYPE_1_1,
                   'scheduled_operation_id': types.STRING,
                   'id': types.STRING},
    sort_keys=('id', 'status', 'created_at'))
_query_1_2 = dataclasses.replace(
    _query.with_filters(operations.RUN_FILTER), admin_filters={
        **_query.admin_filters, 'operation_type': operations.TYPE_1_2})
INDEX = Method('List operation logs.', 'operation_log:list', (
    Form(query=_query, answer=types.listing('operation_logs', _LOG)),
    *(Form(since=since, query=query,
           answer=types.listing('operation_logs', types.object_(shown)))
      for since, query, shown in (
          (V1_1, _query, _LOG_1_1),
          (V1_2, _query_1_2, _LOG_1_2)))))

SHOW = Method('Show an operation log.', 'operation_log:get', (
    Form(answer=types.answer('operation_log', _LOG)),
    *(Form(since=since, answer=types.answer('operation_log', types.object_(
        {**shown, 'resources': resources})))
      for since, shown, resources in (
          (V1_1, _LOG_1_1, operations.RESOURCES),
          (V1_2, _LOG_1_2, operations.RESOURCES_1_2)))))
