# SPDX-License-Identifier: Apache-2.0
"""The event source webhook keeps its contract."""

from karbor.plugin import testing
from karbor.plugins.eventsource.webhook import Webhook


class TestWebhook(testing.EventSourceConformance):
    def make_source(self):
        return Webhook()

    def properties(self):
        return {'payload': {'ref': ['main', 'stable'], 'build.ok': True}}

    def wanted(self):
        return [('webhook', {'ref': 'main', 'build': {'ok': True}, 'by': 7}),
                ('webhook', {'ref': 'stable', 'build.ok': True})]

    def unwanted(self):
        return [('webhook', {}), ('webhook', {'ref': 'main'}),
                ('webhook', {'ref': 'main', 'build': {'ok': 1}}),
                ('webhook', {'ref': 'new', 'build': {'ok': True}}),
                ('webhook', {'ref': ['main'], 'build': {'ok': True}})]

    def malformed(self):
        return [{'payload': 'main'}, {'payload': {'ref': {'a': 1}}},
                {'payload': {'ref': []}}, {'payload': {'': 1}},
                {'payload': {'a\n': 1}}, {'payload': {'a': 'x' * 1025}},
                {'payload': {str(number): 1 for number in range(33)}},
                {'body': {}}]


class TestWebhookThatTakesAll(TestWebhook):
    def properties(self):
        return {}

    def wanted(self):
        return [('webhook', {}), ('webhook', {'a': [1]})]

    def unwanted(self):
        return []
