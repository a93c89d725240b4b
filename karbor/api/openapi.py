# SPDX-License-Identifier: Apache-2.0
"""The OpenAPI document: what `karbor.api.root` serves, as a program reads it.

There is one document for each microversion. It describes that version alone,
so that it is exact; the header that asks for it is one of its parameters.
"""

from collections.abc import Iterator
import re
from typing import Any

import apispec
from microversion_parse import Version

from karbor.api import microversion
from karbor.api import root
from karbor.api.schemas import method
from karbor.api.schemas import types

PATH = '/v1/openapi.json'
_JSON = 'application/json'
_FAULT = types.object_({
    'code': types.INTEGER, 'message': types.STRING}, {
    # of answers that name a limit, and of the identity's middleware
    'retryAfter': types.STRING, 'title': types.STRING})
_ERROR = {'type': 'object', 'minProperties': 1, 'maxProperties': 1,
          'additionalProperties': _FAULT}
_ERRORS = {
    '400': 'The request is wrong; the message names the field.',
    '401': 'There is no token, or it is not valid.',
    '403': 'The policy does not allow it.',
    '404': 'There is no such thing in the project.',
    'default': 'It failed; the message says why.'}
# who shows no token never learns what there is
_OF_TOKENS = ('401', '404')
# ids that are no UUID
_FREE = ('project_id', 'quota_project_id', root.FREE_TEXT.strip('{}'))
_NUMBERS = ('service_id',)


def document(version: Version, base_url: str = '') -> dict[str, Any]:
    """The document of one version.

    :param base_url: where the API is reached, without a slash at the end
    """
    spec = apispec.APISpec(
        title='Karbor', version=str(version), openapi_version='3.1.0',
        info={'summary': 'Application data protection as a service',
              'license': {'name': 'Apache-2.0',
                          'identifier': 'Apache-2.0'}},
        servers=[{'url': base_url or '/'}], security=[{'token': []}])
    spec.components.security_scheme('token', {
        'type': 'apiKey', 'in': 'header', 'name': 'X-Auth-Token',
        'description': 'A token of Keystone for the project of the URL.'})
    spec.components.schema('Error', _ERROR)
    spec.components.response('Error', {
        'description': _ERRORS['default'],
        'content': {_JSON: {'schema': {
            '$ref': '#/components/schemas/Error'}}}})
    for route in root.ROUTES:
        form = route.does.form(version)
        if form is not None:
            spec.path(f'/v1/{{project_id}}/{route.path}', operations={
                route.method.lower(): _operation(route, form, version)})
    return spec.to_dict()


def _operation(route: root.Route, form: method.Form,
               version: Version) -> dict[str, Any]:
    operation: dict[str, Any] = {
        'summary': route.does.summary,
        'operationId': f'{_noun(route)}.{route.handler.__name__}',
        'tags': [_noun(route)],
        'parameters': list(_parameters(route, form, version)),
        'responses': {str(form.status): _success(form), **{
            code: {'$ref': '#/components/responses/Error'}
            for code in _ERRORS
            if code not in (_OF_TOKENS if route.does.public else ())}}}
    if route.does.public:
        operation['security'] = []
    if form.body is not None:
        operation['requestBody'] = {
            'required': not route.does.public, 'content': {_JSON: {
                'schema': _published(form.body)}}}
    return operation


def _noun(route: root.Route) -> str:
    """Whose method the handler is, in the words of a URL."""
    name = type(route.handler.__self__).__name__
    return re.sub('(?<!^)(?=[A-Z])', '_', name).lower()


def _parameters(route: root.Route, form: method.Form,
                version: Version) -> Iterator[dict[str, Any]]:
    for name in re.findall(r'{(\w+)}', f'{{project_id}}/{route.path}'):
        free = name in _FREE or not name.endswith('_id')
        yield {'name': name, 'in': 'path', 'required': True,
               'schema': _published(
                   types.COUNT if name in _NUMBERS
                   else types.TEXT if free else types.UUID)}
    if version > method.V1_0:
        yield {'name': microversion.HEADER, 'in': 'header', 'required': True,
               'schema': {'const':
                          f'{microversion.SERVICE_TYPES[0]} {version}'}}
    for name, schema in form.headers.items():
        yield {'name': name, 'in': 'header', 'schema': _published(schema)}
    if form.query is not None:
        for name, schema in form.query.parameters():
            yield {'name': name, 'in': 'query',
                   'schema': _published(schema)}


def _success(form: method.Form) -> dict[str, Any]:
    if form.answer is None:
        return {'description': 'It was done; there is no body.'}
    return {'description': 'It was done.',
            'content': {_JSON: {'schema': _published(form.answer)}}}


def _published(schema: Any) -> Any:
    r"""A schema as other languages read it.

    Ours have ``\A`` and ``\Z``, because ``$`` of Python also matches before
    a newline at the end.
    """
    if isinstance(schema, list):
        return [_published(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    result = {}
    for key, value in schema.items():
        if key == 'properties':
            # what stands here are names, not words of JSON Schema
            value = {name: _published(part) for name, part in value.items()}
        elif key == 'pattern':
            value = _pattern(value)
        elif key == 'patternProperties':
            value = {_pattern(name): _published(part)
                     for name, part in value.items()}
        elif key not in ('enum', 'const'):
            value = _published(value)
        result[key] = value
    return result


def _pattern(text: str) -> str:
    return text.replace(r'\A', '^').replace(r'\Z', '$')
