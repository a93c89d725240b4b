# SPDX-License-Identifier: Apache-2.0
"""Options of the metrics that the daemons show to Prometheus."""

from oslo_config import cfg

GROUP = 'metrics'
_PORT = ('TCP port at which {} shows its metrics, as text at /metrics. '
         'Without one it shows none. The second process of the daemon has the '
         'next port, and so on.')
OPTS: list[cfg.Opt] = [
    cfg.HostAddressOpt('host', default='127.0.0.1',
                       help='Address on which metrics are shown, to everybody '
                            'who can reach it: no token is asked for.'),
    cfg.PortOpt('api_port', min=1, help=_PORT.format('karbor-api')),
    cfg.PortOpt('operationengine_port', min=1,
                help=_PORT.format('karbor-operationengine')),
    cfg.PortOpt('protection_port', min=1,
                help=_PORT.format('karbor-protection')),
    cfg.PortOpt('standalone_port', min=1,
                help=_PORT.format('karbor-standalone')),
    cfg.FloatOpt('database_interval', default=5, min=0,
                 help='Least seconds between two readings of the database, '
                      'however often somebody asks for the metrics that come '
                      'from it.'),
    cfg.IntOpt('max_projects', default=100, min=0, max=1000,
               help='Projects that have series of their own in what tells of '
                    'the queue: those with most operations in it. The others '
                    'are added up under an empty project_id.'),
    cfg.IntOpt('max_plans', default=1000, min=0, max=10_000,
               help='Plans that have series of their own, the first by id.'),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_opts(OPTS, GROUP)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    return [(GROUP, OPTS)]
