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
    cfg.FloatOpt('poll_interval', default=1.0, min=0.05,
                 help='Seconds between two looks for triggers that are due '
                      'and runs that have ended. An idle look is one '
                      'query.'),
    cfg.IntOpt('threads', default=4, min=1,
               help='Runs that one process begins at the same time.'),
    cfg.IntOpt('lease', default=60, min=2,
               help='Seconds in which an engine has to begin the runs that '
                    'it has taken; then another one may.'),
    cfg.IntOpt('retry_interval', default=10, min=1,
               help='Seconds until a run that could not begin, because '
                    'Keystone or something else was away, is tried again.'),
    cfg.IntOpt('runs_max_age', default=90 * 86400, min=60,
               help='Seconds after which a run is removed from the ledger. '
                    'The last success of an operation always stays.'),
    cfg.IntOpt('runs_max_number', default=10_000, min=1,
               help='Runs of an operation that stay in the ledger.'),
    cfg.IntOpt('housekeeping_interval', default=600, min=1,
               help='Seconds between two removals of old runs.'),
    cfg.IntOpt('min_complete_within', default=60, min=1,
               help='Least seconds after its expected time in which a run '
                    'may have to end, so as not to be reported late.'),
    cfg.IntOpt('max_complete_within', default=604800, min=1,
               help='Most seconds of that.'),
    cfg.IntOpt('retention_interval', default=3600, min=1,
               help='Seconds after which the checkpoints of a scheduled '
                    'operation that keeps only some are looked at again, if '
                    'nothing has happened meanwhile: no run has ended, and '
                    'nobody has changed the operation. A deletion that '
                    'failed is tried again after half of it, and then less '
                    'and less often, but once a day.'),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_opts(OPTS, GROUP)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    return [(GROUP, OPTS)]
