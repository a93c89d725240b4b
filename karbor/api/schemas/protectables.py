# SPDX-License-Identifier: Apache-2.0
"""Methods of protectable types and their instances."""

from karbor.api.schemas import types
from karbor.api.schemas.method import Form
from karbor.api.schemas.method import Method
from karbor.api.schemas.method import Query

_TYPE = types.object_({
    'name': types.STRING, 'dependent_types': types.array(types.STRING)})
_RESOURCE = {
    'id': types.STRING, 'type': types.STRING, 'name': types.STRING_OR_NULL,
    'extra_info': types.OBJECT_OR_NULL}
_INSTANCE = types.object_({
    **_RESOURCE,
    'dependent_resources': types.array(types.object_(_RESOURCE))})
_PARAMETERS = {'parameters': types.STRING}

INDEX = Method('List protectable types.', 'protectable:get_all', (Form(
    # a list of names, by the singular: so the contract has it
    answer=types.answer('protectable_type', types.array(types.STRING))),))

SHOW = Method('Show a protectable type.', 'protectable:get', (Form(
    answer=types.answer('protectable_type', _TYPE)),))

INSTANCES = Method(
    'List what a project has of a type.', 'protectable:instance_get_all', (
        Form(query=Query(others={**_PARAMETERS, 'type': types.STRING}),
             answer=types.listing('instances', _INSTANCE)),))

INSTANCE = Method(
    'Show one resource of a type.', 'protectable:instance_get', (
        Form(query=Query(paged=False, others=_PARAMETERS),
             answer=types.answer('instance', _INSTANCE)),))
