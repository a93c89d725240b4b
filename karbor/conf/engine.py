# SPDX-License-Identifier: Apache-2.0
"""Options of the operation engine."""

from oslo_config import cfg

GROUP = 'operationengine'
OPTS: list[cfg.Opt] = [
    cfg.IntOpt('workers', default=1, min=1,
               help='Processes of karbor-operationengine on this host.'),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_opts(OPTS, GROUP)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    return [(GROUP, OPTS)]
