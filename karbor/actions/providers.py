# SPDX-License-Identifier: Apache-2.0
"""Use cases of providers, and of the schemas that they bring."""

from collections.abc import Mapping
from typing import Any

import jsonschema

from karbor import exception
from karbor import policy
from karbor.context import RequestContext
from karbor.i18n import _
from karbor.model.resource import Resource
from karbor.rpc import protection as rpc

# so much of what jsonschema has to say
_SAID = 500


def list_(context: RequestContext) -> list[dict[str, Any]]:
    """All providers: ``id name description extended_info_schema``."""
    policy.authorize(context, 'provider:get_all')
    return rpc.client().providers(context)


def get(context: RequestContext, provider_id: str) -> dict[str, Any]:
    """One provider.

    :raises exception.ProviderNotFound: there is none of that id
    """
    policy.authorize(context, 'provider:get')
    return find(context, provider_id)


def find(context: RequestContext, provider_id: str) -> dict[str, Any]:
    """One provider, for a use case that has its own policy."""
    for provider in rpc.client().providers(context):
        if provider['id'] == provider_id:
            return provider
    raise exception.ProviderNotFound(id=provider_id)


def named(context: RequestContext, provider_id: str) -> dict[str, Any]:
    """One provider that the field ``provider_id`` of a body names.

    :raises exception.Invalid: there is none of that id; what is wrong is the
        body, and the URL was found
    """
    try:
        return find(context, provider_id)
    except exception.ProviderNotFound as error:
        raise exception.Invalid(field='provider_id',
                                reason=str(error)) from error


def check_types(provider: Mapping[str, Any],
                resources: tuple[Resource, ...]) -> None:
    """Refuse resources for which the provider has no plugin.

    :raises exception.Invalid: names the first of them
    """
    known = provider['resource_types']
    for number, resource in enumerate(resources):
        if resource.type not in known:
            raise exception.Invalid(
                field=f'resources[{number}].type',
                reason=_('provider %(provider)s protects %(known)s, not '
                         '%(type)s') % {
                             'provider': provider['id'],
                             'known': ', '.join(sorted(known)) or _('nothing'),
                             'type': resource.type})


def check_parameters(provider: Mapping[str, Any], schema: str,
                     parameters: Mapping[str, Any]) -> None:
    """Hold parameters against the schemas of the provider's plugins.

    :param schema: ``options_schema``, or that of another operation:
        ``restore_schema``, ``verify_schema``, ``copy_schema``
    :param parameters: values by ``TYPE`` or ``TYPE#ID``
    :raises exception.Invalid: names the parameter and what was expected
    """
    schemas = provider['extended_info_schema'][schema]
    for key, values in parameters.items():
        type_, mark, id_ = key.partition('#')
        if type_ not in schemas or (mark and not id_):
            raise exception.Invalid(
                field=f'parameters.{key}',
                reason=_('expected a resource type of the provider (%s), or '
                         'one followed by # and an id')
                % ', '.join(sorted(schemas)))
        # what no plugin declares would be silently without effect
        strict = {'additionalProperties': False, **schemas[type_]}
        problem = jsonschema.exceptions.best_match(
            jsonschema.Draft202012Validator(strict).iter_errors(values))
        if problem is not None:
            where = '.'.join(['parameters', key, *map(str, problem.path)])
            # it quotes the value, which may be as long as a body
            raise exception.Invalid(field=where,
                                    reason=problem.message[:_SAID])
