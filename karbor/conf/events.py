# SPDX-License-Identifier: Apache-2.0
"""Options of triggers that fire when something happens."""

from typing import Any

from oslo_config import cfg
from oslo_config import types

GROUP = 'events'
# as many as of a digest of SHA-256 in hexadecimal are half
LEAST = 32


class Key(types.String):
    """A text that nobody can guess."""

    def __call__(self, value: Any) -> str:
        text: str = super().__call__(value)
        if len(text) < LEAST:
            # never with the key in it
            raise ValueError(f'a key has {LEAST} characters or more')
        return text


OPTS: list[cfg.Opt] = [
    cfg.ListOpt('webhook_keys', default=[], item_type=Key(), secret=True,
                help='Keys that the secrets of webhooks are derived from, '
                     f'each of {LEAST} characters or more, for example what '
                     '"openssl rand -hex 32" says. New secrets are derived '
                     'from the first one; those of the others are good as '
                     'long as they stand here. All processes of karbor-api '
                     'need the same ones. Without a key there are no '
                     'webhooks; karbor-standalone makes one of its own.'),
    cfg.IntOpt('webhook_tolerance', default=300, min=1,
               help='Seconds by which the timestamp of a call of a webhook '
                    'may differ from the clock of the database.'),
    cfg.IntOpt('remember', default=86400, min=1,
               help='Seconds for which an event is remembered, so that it is '
                    'taken once though it comes again; at least twice '
                    'webhook_tolerance in any case.'),
    cfg.IntOpt('min_interval', default=60, min=1,
               help='Least seconds between two firings of a trigger of '
                    'events; what a trigger has that says nothing.'),
    cfg.IntOpt('max_interval', default=7 * 86400, min=1,
               help='Most seconds between two firings that a trigger of '
                    'events may ask for.'),
    cfg.IntOpt('max_debounce', default=3600, min=0,
               help='Most seconds without an event that a trigger may wait '
                    'for before it fires.'),
    cfg.ListOpt('notification_topics', default=[],
                help='Topics on the bus of the cloud on which '
                     'karbor-operationengine listens for notifications of '
                     'other services, for example notifications. Without one '
                     'it listens to nothing. The bus is that of '
                     '[oslo_messaging_notifications] transport_url, or else '
                     'the own one.'),
    cfg.ListOpt('notification_exchanges',
                default=['nova', 'cinder', 'neutron', 'glance'],
                help='Exchanges of those services, as their '
                     'control_exchange says.'),
    cfg.StrOpt('notification_pool', default='karbor',
               help='Name of the queue in which notifications are collected, '
                    'so that other listeners get them all the same.'),
    cfg.IntOpt('notification_threads', default=4, min=1,
               help='Notifications that a process works on at the same time.'),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_opts(OPTS, GROUP)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    return [(GROUP, OPTS)]
