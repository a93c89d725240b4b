# SPDX-License-Identifier: Apache-2.0
"""Bodies of requests about plans."""

from karbor.api.schemas import types

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

CREATE = types.body(
    'plan', ['name', 'provider_id', 'resources', 'parameters'], {
        'name': types.NAME, 'description': types.DESCRIPTION,
        'provider_id': types.UUID, 'resources': _RESOURCES,
        'parameters': types.PARAMETERS})

UPDATE = types.body('plan', [], {
    'name': types.NAME, 'description': types.DESCRIPTION,
    'resources': _RESOURCES, 'status': types.TEXT},
    minProperties=1)
