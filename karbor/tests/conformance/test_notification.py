# SPDX-License-Identifier: Apache-2.0
"""The event source notification keeps its contract."""

from karbor.plugin import testing
from karbor.plugins.eventsource.notification import Notification

DELETE = 'compute.instance.delete.start'


class TestNotification(testing.EventSourceConformance):
    def make_source(self):
        return Notification()

    def properties(self):
        return {'event_types': [DELETE, 'instance.resize*.start', 'vol?'],
                'payload': {'nova_object.data.host': ['one', 'two']}}

    def wanted(self):
        # nova's versioned notifications have keys with dots
        return [(type_, {'nova_object.data': {'host': host}})
                for host in ('one', 'two')
                for type_ in (DELETE, 'instance.resize.start',
                              'instance.resize_prep.start', 'vol1')]

    def unwanted(self):
        right = {'nova_object.data': {'host': 'one'}}
        return [(DELETE, {}), (DELETE, {'nova_object.data': {'host': 'x'}}),
                (DELETE, {'nova_object.data': None}), (DELETE + '.x', right),
                (DELETE.upper(), right), ('instance.resize.end', right),
                ('vol', right), ('', right)]

    def malformed(self):
        return [{}, {'payload': {}}, {'event_types': []},
                {'event_types': DELETE}, {'event_types': ['a b']},
                {'event_types': ['[a-z]']}, {'event_types': ['']},
                {'event_types': ['x' * 256]}, {'event_types': ['a'] * 33},
                {'event_types': [DELETE], 'payload': {'host': None, 'a': {}}},
                {'event_types': [DELETE], 'types': []}]


class TestNotificationOfAnything(TestNotification):
    def properties(self):
        return {'event_types': ['*']}

    def wanted(self):
        return [(DELETE, {}), ('x', {'a': 1})]

    def unwanted(self):
        return []
