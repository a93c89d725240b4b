# SPDX-License-Identifier: Apache-2.0
"""Options of the bus, beside those of oslo.messaging."""

from oslo_config import cfg

GROUP = 'rpc'
OPTS: list[cfg.Opt] = [
    cfg.IntOpt('question_timeout', default=15, min=1,
               help='Seconds that the API waits for the answer to a question '
                    '(which providers, which instances).'),
    cfg.IntOpt('provider_cache_time', default=10, min=0,
               help='Seconds for which the API believes an answer about '
                    'providers and protectable types, which change only with '
                    'the configuration of the protection service.'),
    cfg.IntOpt('server_threads', default=16, min=1,
               help='Questions that one protection process answers at the '
                    'same time.'),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_opts(OPTS, GROUP)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    return [(GROUP, OPTS)]
