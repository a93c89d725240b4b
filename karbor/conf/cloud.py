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


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_opts(OPTS, GROUP)
    loading.register_session_conf_options(conf, GROUP)
    loading.register_auth_conf_options(conf, GROUP)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    return [(GROUP, [*OPTS, *loading.get_session_conf_options(),
                     *loading.get_auth_common_conf_options(),
                     *loading.get_auth_plugin_conf_options('password')])]
