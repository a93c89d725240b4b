# SPDX-License-Identifier: Apache-2.0
"""Options of the protection service."""

from typing import Any

from oslo_config import cfg
from oslo_config import types


class _Threads(types.Dict):
    """Numbers by resource type; types have colons, so there is a ``=``."""

    def __init__(self) -> None:
        super().__init__(types.Integer(min=1), key_value_separator='=')


class TypeThreads(cfg.Opt):
    """An option of that type."""

    def __init__(self, name: str, **kwargs: Any) -> None:
        super().__init__(name, type=_Threads(), **kwargs)


GROUP = 'protection'
OPTS: list[cfg.Opt] = [
    cfg.StrOpt('provider_config_dir', default='providers.d',
               deprecated_group='DEFAULT',
               help='Directory of the providers, one file each; a relative '
                    'path is looked up beside karbor.conf.'),
    cfg.IntOpt('workers', default=1, min=1,
               help='Processes of karbor-protection on this host.'),
    cfg.IntOpt('operations', default=4, min=1,
               help='Operations that one process works on at the same '
                    'time.'),
    cfg.IntOpt('project_operations', default=0, min=0,
               help='Operations of one project that all workers together run '
                    'at the same time; 0 is no limit. The like for a '
                    'provider is the option operations in its file.'),
    cfg.IntOpt('threads', default=16, min=1,
               help='Hooks of plugins that one process runs at the same '
                    'time.'),
    TypeThreads('type_threads', default={},
                help='Hooks of one resource type that one process runs at the '
                     'same time, on threads of their own beside the others: '
                     'TYPE=NUMBER, separated by commas, for example '
                     'OS::Cinder::Volume=2. A type that is not named shares '
                     'the threads of the option threads.'),
    cfg.IntOpt('flow_size', default=1000, min=1, max=10_000,
               help='Hooks in one flow of taskflow; the next flow begins '
                    'when all of them have ended.'),
    cfg.IntOpt('lease', default=30, min=2,
               help='Seconds for which a claim on an operation holds '
                    'without a heartbeat. A worker that is silent for '
                    'longer loses its work to another one, which sees to '
                    'that at once.'),
    cfg.FloatOpt('poll_interval', default=10, min=0.1,
                 help='Seconds between two looks for work of which no '
                      'message told. What a worker leaves by falling silent '
                      'is looked for when its lease runs out.'),
    cfg.IntOpt('max_crashes', default=5, min=1,
               help='An operation is taken for what kills its workers, and '
                    'ends in error, when more than so many of them fell '
                    'silent without one more hook of a plugin having '
                    'ended.'),
    cfg.FloatOpt('progress_interval', default=1.0, min=0.05,
                 help='Seconds between two writes of progress to the '
                      'database.'),
    cfg.IntOpt('discovery_timeout', default=600, min=1,
               help='Seconds in which protectable plugins have to find what '
                    'the resources of a plan depend on. A checkpoint whose '
                    'resources are not known by then fails.'),
    cfg.IntOpt('bank_patience', default=300, min=0,
               help='Seconds for which a bank that is away (not reachable, '
                    'not mounted, overloaded) is asked again, with growing '
                    'pauses, before what needs it fails. An operation that '
                    'waits goes on where it was, and ends at once when it is '
                    'cancelled or the service stops. With 0 the first failure '
                    'counts. What lasts (a full disk, no permission, damage) '
                    'is never waited for.'),
    cfg.IntOpt('chunk_size', default=8 * 2 ** 20, min=4096, max=64 * 2 ** 20,
               help='Bytes of a chunk in a bank before compression.'),
    cfg.IntOpt('compression_level', default=1, min=-7, max=19,
               help='Level of zstd.'),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_opts(OPTS, GROUP)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    return [(GROUP, OPTS)]
