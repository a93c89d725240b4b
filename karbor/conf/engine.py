# SPDX-License-Identifier: Apache-2.0
"""Options of the operation engine."""

from oslo_config import cfg

GROUP = 'operationengine'
OPTS: list[cfg.Opt] = [
    cfg.IntOpt('workers', default=1, min=1,
               help='Processes of karbor-operationengine on this host.'),
    cfg.IntOpt('min_interval', default=3600, min=1,
               deprecated_group='DEFAULT',
               help='Seconds that two times of a trigger must be apart.'),
    cfg.IntOpt('min_window_time', default=900, min=0,
               deprecated_group='DEFAULT',
               help='Least seconds by which a trigger may let its runs be '
                    'late; what a trigger has that says nothing.'),
    cfg.IntOpt('max_window_time', default=1800, min=0,
               deprecated_group='DEFAULT',
               help='Most seconds by which a trigger may let its runs be '
                    'late.'),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_opts(OPTS, GROUP)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    return [(GROUP, OPTS)]
