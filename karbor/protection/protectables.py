# SPDX-License-Identifier: Apache-2.0
"""What can be protected, asked of the protectable plugins.

An incomplete answer is an error, never a smaller graph: what is missing in
the graph would be missing in the checkpoint.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
import contextlib
from typing import Any

from oslo_config import cfg
from oslo_log import log

from karbor import exception
from karbor import extensions
from karbor.i18n import _
from karbor.model.graph import Graph
from karbor.model.graph import Key
from karbor.model.resource import Resource
from karbor.plugin.base import Context
from karbor.plugin.errors import Cancelled
from karbor.plugin.protectable import ProtectablePlugin

LOG = log.getLogger(__name__)


@contextlib.contextmanager
def _asked(type_: str) -> Iterator[None]:
    """Make whatever leaves a plugin an error with a sentence."""
    try:
        yield
    except exception.KarborError as error:
        if not isinstance(error, Cancelled):
            raise
        # nothing can be cancelled here; it would leave no outcome
        raise exception.PluginError(reason=_(
            '%s cannot be looked up: its plugin gave up.') % type_) from error
    except (Exception, SystemExit) as error:
        LOG.exception('The protectable plugin of %s failed.', type_)
        raise exception.PluginError(reason=_(
            '%(type)s cannot be looked up: %(kind)s: %(error)s') % {
                'type': type_, 'kind': type(error).__name__,
                'error': error}) from error


class Protectables:
    """The protectable plugins of the service, by resource type."""

    def __init__(self, plugins: Iterable[ProtectablePlugin]) -> None:
        self._plugins: dict[str, ProtectablePlugin] = {}
        for plugin in plugins:
            self._plugins[plugin.resource_type] = plugin

    @classmethod
    def load(cls, conf: cfg.ConfigOpts) -> 'Protectables':
        """All that are installed and can work here.

        One that is broken is left out, and one that needs a cloud where there
        is none.
        """
        plugins = []
        for name in extensions.names(extensions.PROTECTABLES):
            try:
                plugin = extensions.load(extensions.PROTECTABLES, name)
                if plugin.needs_cloud and not conf.cloud.enabled:
                    LOG.info('Protectable %s is left out: it needs a cloud, '
                             'and [cloud] enabled is false.', name)
                    continue
                if plugin.options:
                    conf.register_opts(list(plugin.options),
                                       plugin.option_group)
                plugins.append(plugin(conf))
            except Exception:
                # its type is then not protectable, which every request for
                # it says; the other types are not concerned
                LOG.exception('Protectable %s is left out.', name)
        return cls(plugins)

    def types(self) -> dict[str, dict[str, Any]]:
        """``{type: {name, dependent_types}}``."""
        return {type_: {'name': type_, 'dependent_types': sorted(
            child.resource_type for child in self._plugins.values()
            if type_ in child.parent_types)}
            for type_ in sorted(self._plugins)}

    def _plugin(self, type_: str) -> ProtectablePlugin:
        try:
            return self._plugins[type_]
        except KeyError:
            raise exception.ProtectableTypeNotFound(type=type_) from None

    def instances(self, context: Context, type_: str,
                  parameters: Mapping[str, Any]) -> list[Resource]:
        """All resources of a type that the project has."""
        plugin = self._plugin(type_)
        with _asked(type_):
            return list(plugin.list(context, parameters))

    def instance(self, context: Context, type_: str, id_: str,
                 parameters: Mapping[str, Any]) -> Resource:
        """One resource.

        :raises exception.InstanceNotFound: the project has none of that id
        """
        plugin = self._plugin(type_)
        with _asked(type_):
            return plugin.show(context, id_, parameters)

    def dependents(self, context: Context, type_: str,
                   parents: Sequence[Resource],
                   ) -> dict[Key, list[Resource]]:
        """Direct dependents of many resources of one type."""
        found: dict[Key, list[Resource]] = {r.key: [] for r in parents}
        for plugin in self._plugins.values():
            if type_ in plugin.parent_types:
                with _asked(plugin.resource_type):
                    answer = dict(plugin.dependents(context, parents))
                    unanswered = found.keys() - answer.keys()
                    if unanswered:
                        # as likely half an answer as one without children
                        raise ValueError(_(
                            'there is no answer for %(type)s %(id)s') % dict(
                                zip(('type', 'id'), min(unanswered),
                                    strict=True)))
                    for key, children in answer.items():
                        found[key].extend(children)
        return found

    def graph(self, context: Context,
              named: Sequence[Resource]) -> Graph:
        """Everything that the resources which a user named depend on.

        :raises exception.PluginError: one of them does not exist (any more),
            or a plugin could not answer
        """
        roots, missing = self.find(context, named)
        if missing:
            raise exception.PluginError(reason=_(
                '%s does not exist, or the project may not use it; nothing '
                'was protected') % missing[0])
        return self.depending(context, roots)

    def depending(self, context: Context, roots: Sequence[Resource]) -> Graph:
        """Everything that resources which exist depend on.

        :raises exception.PluginError: a plugin could not answer
        """
        return Graph.discover(
            roots, lambda type_, parents: self.dependents(
                context, type_, parents))

    def find(self, context: Context, named: Sequence[Resource],
             ) -> tuple[list[Resource], list[Resource]]:
        """Resources as they are now, and those that do not exist any more.

        :param named: as a user named them
        :raises exception.PluginError: a plugin could not answer
        """
        roots, missing = [], []
        by_type: dict[str, list[Resource]] = {}
        for resource in named:
            by_type.setdefault(resource.type, []).append(resource)
        for type_, resources in by_type.items():
            plugin = self._plugin(type_)
            with _asked(type_):
                existing = plugin.find(
                    context, [resource.id for resource in resources])
            for resource in resources:
                if resource.id not in existing:
                    missing.append(resource)
                    continue
                now = existing[resource.id]
                roots.append(Resource(
                    type_, resource.id, resource.name or now.name,
                    now.extra_info))
        return roots, missing
