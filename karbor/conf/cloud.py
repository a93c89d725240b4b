# SPDX-License-Identifier: Apache-2.0
"""Options of the cloud whose resources are protected."""

from keystoneauth1 import loading
from oslo_config import cfg

GROUP = 'cloud'
OPTS: list[cfg.Opt] = [
    cfg.BoolOpt('enabled', default=False,
                help='There is an OpenStack cloud: plugins may ask for a '
                     'connection to it.'),
    cfg.StrOpt('region_name', help='Region of the cloud.'),
    cfg.StrOpt('interface', default='public',
               help='Which endpoints of the catalogue are used.'),
]


def session_options() -> list[cfg.Opt]:
    """Those of keystoneauth, but that no service holds up work for ever."""
    options: list[cfg.Opt] = loading.get_session_conf_options()
    for option in options:
        if option.dest == 'timeout':
            option.default = 60
    return options


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_opts([*OPTS, *session_options()], GROUP)
    loading.register_auth_conf_options(conf, GROUP)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    return [(GROUP, [*OPTS, *session_options(),
                     *loading.get_auth_common_conf_options(),
                     *loading.get_auth_plugin_conf_options('password')])]
