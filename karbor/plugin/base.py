# SPDX-License-Identifier: Apache-2.0
"""What all kinds of plugins have in common."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from oslo_config import cfg

from karbor.i18n import _
from karbor.plugin.errors import PluginError


def _no_cloud() -> Any:
    raise PluginError(_('This deployment has no OpenStack cloud configured.'))


@dataclass(frozen=True)
class Context:
    """On whose behalf a plugin acts.

    :ivar project_id: the project that owns the work
    :ivar user_id: who asked, or None if nobody did (a schedule)
    :ivar roles: roles of the user in the project
    :ivar request_id: to be found in every log line of the request
    :ivar connect: gives an `openstack.connection.Connection` of the project
    """

    project_id: str
    user_id: str | None = None
    roles: tuple[str, ...] = ()
    request_id: str | None = None
    connect: Callable[[], Any] = field(default=_no_cloud, repr=False,
                                       compare=False)

    @property
    def openstack(self) -> Any:
        """One `openstack.connection.Connection` for this project.

        :raises PluginError: there is no cloud
        """
        return self.connect()


class Plugin:
    """Base of all plugins: how one is configured.

    A plugin names its options and their group. They are looked up in the
    provider's own file first and then in karbor.conf, so that one setting can
    serve all providers.

    :cvar option_group: section of the options, for example
        ``file_system_bank_plugin``
    :cvar options: oslo.config options in that section
    """

    option_group: ClassVar[str] = ''
    options: ClassVar[Sequence[cfg.Opt]] = ()

    def __init__(self, config: cfg.ConfigOpts) -> None:
        """Keep the options; open nothing yet.

        :param config: parsed configuration in which ``options`` are
            registered
        :raises ConfigError: an option makes no sense; the plugin's provider
            is then not loaded
        """
        self.config: Any = (config[self.option_group]
                            if self.option_group else None)
