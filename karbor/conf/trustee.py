# SPDX-License-Identifier: Apache-2.0
"""Options of the user to whom owners of scheduled operations lend a hand."""

from keystoneauth1 import loading
from oslo_config import cfg

GROUP = 'trustee'
OPTS: list[cfg.Opt] = [
    cfg.IntOpt('cache_time', default=60, min=0,
               help='Seconds for which Keystone is believed about the roles '
                    'of an owner of scheduled operations. So much later, at '
                    'most, the loss of a role shows.'),
    cfg.IntOpt('trust_lifetime', default=0, min=0,
               help='Seconds after which a trust that a user gives to Karbor '
                    'ends; 0 is never. It is renewed only when that user '
                    'creates or adopts a scheduled operation in its second '
                    'half, so with a limit, operations stop one day.'),
]


def session_options() -> list[cfg.Opt]:
    """Those of keystoneauth, but that nobody waits for ever."""
    options: list[cfg.Opt] = loading.get_session_conf_options()
    for option in options:
        if option.dest == 'timeout':
            option.default = 10
    return options


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_opts([*OPTS, *session_options()], GROUP)
    loading.register_auth_conf_options(conf, GROUP)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    return [(GROUP, [*OPTS, *session_options(),
                     *loading.get_auth_common_conf_options(),
                     *loading.get_auth_plugin_conf_options('password')])]
