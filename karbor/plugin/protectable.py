# SPDX-License-Identifier: Apache-2.0
"""The contract of a protectable: what exists, and what depends on it."""

import abc
from collections.abc import Mapping, Sequence
import contextlib
from typing import Any, ClassVar

from karbor.model.resource import Resource
from karbor.plugin.base import Context
from karbor.plugin.base import Plugin
from karbor.plugin.errors import InstanceNotFound

Key = tuple[str, str]


class ProtectablePlugin(Plugin, abc.ABC):
    """Finds the resources of one type.

    Every method answers for the project of the context only: what another
    project owns does not exist. An answer that cannot be complete is an
    error, never a shorter answer: the checkpoint made of it would lack data.

    :cvar resource_type: the type that this plugin answers for
    :cvar parent_types: types of which resources of this type are dependents
    :cvar needs_cloud: the type is not offered where ``[cloud] enabled`` is
        false
    """

    resource_type: ClassVar[str]
    parent_types: ClassVar[frozenset[str]] = frozenset()
    needs_cloud: ClassVar[bool] = False

    @abc.abstractmethod
    def list(self, context: Context,
             parameters: Mapping[str, Any]) -> Sequence[Resource]:
        """All resources of the type, in a stable order.

        :param parameters: of the request, for example a region's name
        """

    @abc.abstractmethod
    def show(self, context: Context, resource_id: str,
             parameters: Mapping[str, Any]) -> Resource:
        """One resource.

        :raises InstanceNotFound: the project has no such resource
        """

    def find(self, context: Context, resource_ids: Sequence[str],
             ) -> Mapping[str, Resource]:
        """Those of many resources that exist, by id.

        Asked once for all resources of the type that a plan names. Override
        it where one request can answer for many.
        """
        found = {}
        for resource_id in resource_ids:
            with contextlib.suppress(InstanceNotFound):
                found[resource_id] = self.show(context, resource_id, {})
        return found

    def dependents(self, context: Context, parents: Sequence[Resource],
                   ) -> Mapping[Key, Sequence[Resource]]:
        """Resources of this type on which the parents depend.

        :param parents: many resources of one type of ``parent_types``; answer
            with requests in proportion to pages, not to parents
        :return: children by the key of the parent. Every parent has its
            answer, if only an empty one: what is left out is taken for half
            an answer, and fails the checkpoint.
        """
        return {parent.key: () for parent in parents}
