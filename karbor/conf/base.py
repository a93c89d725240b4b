# SPDX-License-Identifier: Apache-2.0
"""Options of every daemon."""

from collections.abc import Sequence
import os
import socket

from keystoneauth1 import loading
from oslo_config import cfg

OPTS: list[cfg.Opt] = [
    cfg.StrOpt('state_path', default='/var/lib/karbor',
               help='Directory of this host for the database, if that is a '
                    'file, and for whatever other options put below '
                    '$state_path.'),
    cfg.HostAddressOpt('host', default=socket.gethostname(),
                       sample_default='<hostname>',
                       help='Name of this host in the list of services and '
                            'as the owner of operations. It must differ '
                            'between hosts.'),
    cfg.StrOpt('auth_strategy', default='keystone',
               choices=[('keystone', 'tokens are validated by Keystone'),
                        ('noauth', 'the token is "user:project" and '
                                   'everybody is an administrator; for one '
                                   'machine only')],
               help='How requests are authenticated.'),
    cfg.IntOpt('service_heartbeat_interval', default=10, min=1,
               help='Seconds between two heartbeats of a daemon.'),
    cfg.IntOpt('database_idle_transaction_timeout', default=30, min=1,
               help='Seconds after which PostgreSQL or MariaDB ends the '
                    'connection of a process that has stopped in the middle '
                    'of a transaction, and so lets others have its work.'),
    cfg.IntOpt('service_down_time', default=60, min=2,
               help='A daemon counts as down when its last heartbeat is '
                    'older than so many seconds.'),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_opts(OPTS)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    return [('DEFAULT', OPTS)]


def state_path(conf: cfg.ConfigOpts, *parts: str) -> str:
    """A path below the state directory."""
    return os.path.join(conf.state_path, *parts)


# -- how to log in to Keystone, in the group of another module ----------------

def _session_options(timeout: int) -> list[cfg.Opt]:
    """Those of keystoneauth, but that nobody waits for ever."""
    options: list[cfg.Opt] = loading.get_session_conf_options()
    for option in options:
        if option.dest == 'timeout':
            option.default = timeout
    return options


def register_login(conf: cfg.ConfigOpts, group: str,
                   options: Sequence[cfg.Opt], timeout: int) -> None:
    """Register a group's own options, and those of keystoneauth.

    :param timeout: seconds for which a service may be silent, by default
    """
    conf.register_opts([*options, *_session_options(timeout)], group)
    loading.register_auth_conf_options(conf, group)


def list_login(group: str, options: Sequence[cfg.Opt],
               timeout: int) -> list[tuple[str, list[cfg.Opt]]]:
    """The same for the sample, as if a password was chosen."""
    return [(group, [*options, *_session_options(timeout),
                     *loading.get_auth_common_conf_options(),
                     *loading.get_auth_plugin_conf_options('password')])]
