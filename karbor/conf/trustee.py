# SPDX-License-Identifier: Apache-2.0
"""Options of the user to whom owners of scheduled operations lend a hand."""

from oslo_config import cfg

from karbor.conf import base

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
# seconds for which a service may be silent
_TIMEOUT = 10


def register_opts(conf: cfg.ConfigOpts) -> None:
    base.register_login(conf, GROUP, OPTS, _TIMEOUT)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    return base.list_login(GROUP, OPTS, _TIMEOUT)
