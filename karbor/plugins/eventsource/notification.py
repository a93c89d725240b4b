# SPDX-License-Identifier: Apache-2.0
"""Events that services of OpenStack tell of on their bus."""

from collections.abc import Mapping
import fnmatch
from typing import Any

from karbor import plugin
from karbor.plugins.eventsource import payload

MOST = 32


class Notification(plugin.EventSource):
    """The event source ``notification``: of chosen types."""

    arrives = plugin.NOTIFICATION
    members = {
        'event_types': {
            'type': 'array', 'minItems': 1, 'maxItems': MOST,
            'items': {'type': 'string',
                      'pattern': r'\A[A-Za-z0-9_.:*?-]{1,255}\Z'},
            'description': f'expected a list of 1 to {MOST} event types like '
                           'compute.instance.delete.start or '
                           'compute.instance.resize.*'},
        'payload': payload.SCHEMA}
    required = frozenset({'event_types'})

    def matches(self, properties: Mapping[str, Any],
                event: plugin.Event) -> bool:
        return (any(fnmatch.fnmatchcase(event.type, glob)
                    for glob in properties['event_types'])
                and payload.fits(properties.get('payload') or {},
                                 event.payload))
