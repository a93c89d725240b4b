# SPDX-License-Identifier: Apache-2.0
"""Options of the database: those of oslo.db, with a default that works."""

from oslo_config import cfg
from oslo_db import options

from karbor.conf import base

GROUP = 'database'
OPTS: list[cfg.Opt] = []


def register_opts(conf: cfg.ConfigOpts) -> None:
    # the default refers to state_path
    base.register_opts(conf)
    conf.register_opts(options.database_opts, GROUP)
    if conf is cfg.CONF or conf.database.connection is None:
        # one file for one machine
        conf.set_default('connection', 'sqlite:///$state_path/karbor.db',
                         GROUP)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    return []
