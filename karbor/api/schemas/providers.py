# SPDX-License-Identifier: Apache-2.0
"""Methods of providers."""

from karbor.api.schemas import types
from karbor.api.schemas.method import Form
from karbor.api.schemas.method import Method
from karbor.api.schemas.method import Query

# schemas by resource type
_BY_TYPE: types.Schema = {'type': 'object',
                          'additionalProperties': types.OBJECT}
_PROVIDER = types.object_({
    'id': types.UUID, 'name': types.STRING, 'description': types.STRING,
    'extended_info_schema': types.object_(
        dict.fromkeys(('options_schema', 'restore_schema',
                       'saved_info_schema'), _BY_TYPE),
        {'verify_schema': _BY_TYPE, 'copy_schema': _BY_TYPE})})

INDEX = Method('List providers.', 'provider:get_all', (Form(
    query=Query(filters={'name': types.STRING,
                         'description': types.STRING}),
    answer=types.listing('providers', _PROVIDER)),))

SHOW = Method('Show a provider.', 'provider:get', (
    Form(answer=types.answer('provider', _PROVIDER)),))
