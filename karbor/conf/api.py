# SPDX-License-Identifier: Apache-2.0
"""Options of the REST API."""

from oslo_config import cfg

GROUP = 'api'
OPTS: list[cfg.Opt] = [
    cfg.HostAddressOpt('host', default='127.0.0.1',
                       deprecated_name='osapi_karbor_listen',
                       deprecated_group='DEFAULT',
                       help='Address on which karbor-api listens.'),
    cfg.PortOpt('port', default=8799,
                deprecated_name='osapi_karbor_listen_port',
                deprecated_group='DEFAULT',
                help='Port on which karbor-api listens.'),
    cfg.IntOpt('threads', default=16, min=1,
               help='Requests that one process of karbor-api answers at the '
                    'same time.'),
    cfg.IntOpt('workers', default=1, min=1,
               deprecated_name='osapi_karbor_workers',
               deprecated_group='DEFAULT',
               help='Processes of karbor-api on this host.'),
    cfg.IntOpt('max_limit', default=1000, min=1,
               deprecated_name='osapi_max_limit',
               deprecated_group='DEFAULT',
               help='Most items of one page of a list.'),
    cfg.StrOpt('response_validation', default='none',
               choices=[('none', 'Answers are not looked at.'),
                        ('warn', 'What is wrong is logged.'),
                        ('error', 'A wrong answer becomes an error 500.')],
               help='Whether answers are held against their schemas, which '
                    'takes time. For tests, and for looking into a doubt.'),
    cfg.URIOpt('base_url', deprecated_name='osapi_karbor_base_URL',
               deprecated_group='DEFAULT',
               help='Where users reach the API, if a proxy does not say so '
                    'itself; used in links.'),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_opts(OPTS, GROUP)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    return [(GROUP, OPTS)]
