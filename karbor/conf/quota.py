# SPDX-License-Identifier: Apache-2.0
"""Options of quotas."""

from oslo_config import cfg

GROUP = 'quota'
OPTS: list[cfg.Opt] = [
    cfg.IntOpt('plans', default=50, min=-1,
               deprecated_name='quota_plans', deprecated_group='DEFAULT',
               help='Plans that a project may have; -1 is no limit.'),
    cfg.IntOpt('checkpoints', default=-1, min=-1,
               deprecated_name='quota_checkpoints',
               deprecated_group='DEFAULT',
               help='Checkpoints that a project may have; -1 is no limit.'),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_opts(OPTS, GROUP)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    return [(GROUP, OPTS)]
