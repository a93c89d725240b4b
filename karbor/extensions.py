# SPDX-License-Identifier: Apache-2.0
"""Finding plugins by the names that operators write."""

from collections.abc import Collection
import functools
from importlib import metadata
from typing import Any, Generic, TypeVar

from stevedore import driver
from stevedore import exception as stevedore_exception

from karbor import exception
from karbor.i18n import _

T = TypeVar('T')

PROTECTIONS = 'karbor.protections'
PROTECTABLES = 'karbor.protectables'
TIME_FORMATS = 'karbor.timeformats'
OPERATION_TYPES = 'karbor.operationtypes'
EVENT_SOURCES = 'karbor.eventsources'


class Installed(Generic[T]):
    """The plugins of a namespace; each is made once.

    :param field: of a request, in which a user names one of them
    """

    def __init__(self, namespace: str, field: str) -> None:
        self._namespace = namespace
        self._field = field
        self.names = functools.cache(self._names)
        self.made = functools.cache(self._made)

    def _names(self) -> tuple[str, ...]:
        return tuple(names(self._namespace))

    def _made(self, name: str) -> T:
        plugin: T = load(self._namespace, name)()
        return plugin

    def get(self, name: str, hidden: Collection[str] = ()) -> T:
        """The plugin of a name.

        :param hidden: names that who asks does not know of
        :raises exception.Invalid: names those that there are
        :raises exception.PluginError: it cannot be loaded
        """
        known = [one for one in self.names() if one not in hidden]
        if name not in known:
            raise exception.Invalid(
                field=self._field, reason=_('expected one of %(known)s, not '
                                            '%(name)s')
                % {'known': ', '.join(known), 'name': name})
        return self.made(name)


def load(namespace: str, name: str) -> Any:
    """The class behind a name.

    :raises exception.PluginError: nothing of that name is installed, or its
        module cannot be imported
    """
    try:
        return driver.DriverManager(
            namespace, name, warn_on_missing_entrypoint=False,
            on_load_failure_callback=_reraise).driver
    except stevedore_exception.NoMatches as error:
        raise exception.PluginError(
            reason=_('no plugin %(name)s is installed; there are %(known)s')
            % {'name': name, 'known': ', '.join(names(namespace))},
        ) from error
    except Exception as error:
        # importing a stranger's module may raise anything; whoever asked
        # for the plugin is told, and decides what goes on without it
        raise exception.PluginError(
            reason=_('plugin %(name)s cannot be loaded: %(kind)s: %(error)s')
            % {'name': name, 'kind': type(error).__name__,
               'error': error}) from error


def names(namespace: str) -> list[str]:
    """All names of a namespace, sorted; nothing is imported."""
    return sorted({entry.name
                   for entry in metadata.entry_points(group=namespace)})


def _reraise(manager: Any, entrypoint: Any, error: BaseException) -> None:
    raise error
