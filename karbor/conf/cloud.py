# SPDX-License-Identifier: Apache-2.0
"""Options of the cloud whose resources are protected."""

from oslo_config import cfg

from karbor.conf import base

GROUP = 'cloud'
OPTS: list[cfg.Opt] = [
    cfg.BoolOpt('enabled', default=False,
                help='There is an OpenStack cloud: plugins may ask for a '
                     'connection to it.'),
    cfg.StrOpt('region_name', help='Region of the cloud.'),
    cfg.StrOpt('interface', default='public',
               help='Which endpoints of the catalogue are used.'),
]
# seconds for which a service may be silent
_TIMEOUT = 60


def register_opts(conf: cfg.ConfigOpts) -> None:
    base.register_login(conf, GROUP, OPTS, _TIMEOUT)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    return base.list_login(GROUP, OPTS, _TIMEOUT)
