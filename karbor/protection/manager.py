# SPDX-License-Identifier: Apache-2.0
"""The south end of the wire: `karbor.rpc.protection` is its north end."""

from collections.abc import Callable, Mapping
from typing import Any

from oslo_config import cfg
import oslo_messaging as messaging

from karbor import exception
from karbor.context import RequestContext
from karbor.model.resource import Resource
from karbor.plugin.base import Context
from karbor.protection import work


class Manager:
    """Answers questions, and is told that there is work."""

    target = messaging.Target(version='1.1')

    def __init__(self, conf: cfg.ConfigOpts,
                 shop: Callable[[], work.Workshop],
                 wake: Callable[[], None],
                 cancel: Callable[[str], None]) -> None:
        """Serve.

        :param shop: the present one; a reload makes another
        :param wake: tells the worker
        :param cancel: tells it of an operation that may have to end
        """
        self._conf = conf
        self._shop = shop
        self._wake = wake
        self._cancel = cancel

    def _context(self, context: RequestContext) -> Context:
        return work.plugin_context(
            self._conf, project_id=str(context.project_id),
            user_id=context.user_id, roles=tuple(context.roles or ()),
            request_id=context.request_id)

    def run(self, context: RequestContext, operation_id: str) -> None:
        """An operation waits; it is found in the database."""
        self._wake()

    def cancel(self, context: RequestContext, operation_id: str) -> None:
        """An operation may have to end; the database says it."""
        self._cancel(operation_id)

    def providers(self, context: RequestContext) -> list[dict[str, Any]]:
        return [provider.describe() for provider
                in self._shop().providers.by_id.values()]

    def protectable_types(self, context: RequestContext,
                          ) -> dict[str, dict[str, Any]]:
        return self._shop().protectables.types()

    # A question that has a clear error for an answer is answered, so that
    # the bus neither logs a traceback nor sends one.
    @messaging.expected_exceptions(exception.KarborError)
    def instances(self, context: RequestContext, type_: str,
                  parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        found = self._shop().protectables.instances(
            self._context(context), type_, parameters)
        return self._with_dependents(context, type_, found)

    @messaging.expected_exceptions(exception.KarborError)
    def instance(self, context: RequestContext, type_: str, id_: str,
                 parameters: Mapping[str, Any]) -> dict[str, Any]:
        found = self._shop().protectables.instance(
            self._context(context), type_, id_, parameters)
        return self._with_dependents(context, type_, [found])[0]

    def _with_dependents(self, context: RequestContext, type_: str,
                         found: list[Resource]) -> list[dict[str, Any]]:
        children = self._shop().protectables.dependents(
            self._context(context), type_, found)
        return [{**resource.to_dict(), 'dependent_resources': [
            child.to_dict() for child in children[resource.key]]}
            for resource in found]
