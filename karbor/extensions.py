# SPDX-License-Identifier: Apache-2.0
"""Finding plugins by the names that operators write."""

from importlib import metadata
from typing import Any

from stevedore import driver
from stevedore import exception as stevedore_exception

from karbor import exception
from karbor.i18n import _

PROTECTIONS = 'karbor.protections'
PROTECTABLES = 'karbor.protectables'
TIME_FORMATS = 'karbor.timeformats'
OPERATION_TYPES = 'karbor.operationtypes'
EVENT_SOURCES = 'karbor.eventsources'


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
