# SPDX-License-Identifier: Apache-2.0
"""Use cases of protectables: what there is to protect."""

from collections.abc import Mapping
from typing import Any

from karbor import exception
from karbor import policy
from karbor.context import RequestContext
from karbor.rpc import protection as rpc


def types(context: RequestContext) -> list[str]:
    """Names of all protectable types, sorted."""
    policy.authorize(context, 'protectable:get_all')
    return sorted(rpc.client().protectable_types(context))


def get(context: RequestContext, type_: str) -> dict[str, Any]:
    """One type: ``{name, dependent_types}``.

    :raises exception.ProtectableTypeNotFound: there is none of that name
    """
    policy.authorize(context, 'protectable:get')
    return _find(context, type_)


def instances(context: RequestContext, type_: str,
              parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    """All resources of a type that the project has.

    :param parameters: for the protectable plugin
    """
    policy.authorize(context, 'protectable:instance_get_all')
    _find(context, type_)
    return rpc.client().instances(context, type_, parameters)


def instance(context: RequestContext, type_: str, id_: str,
             parameters: Mapping[str, Any]) -> dict[str, Any]:
    """One resource, with ``dependent_resources``.

    :raises exception.InstanceNotFound: the project has none of that id
    """
    policy.authorize(context, 'protectable:instance_get')
    _find(context, type_)
    return rpc.client().instance(context, type_, id_, parameters)


def _find(context: RequestContext, type_: str) -> dict[str, Any]:
    known = rpc.client().protectable_types(context)
    if type_ not in known:
        raise exception.ProtectableTypeNotFound(type=type_)
    return known[type_]
