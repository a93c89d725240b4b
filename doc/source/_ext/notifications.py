# SPDX-License-Identifier: Apache-2.0
"""``.. notifications::``: each event with its schema and a sample."""

import json
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import Directive

from karbor.model import notification

SAMPLES = Path(__file__).parents[2] / 'notification_samples'


def _block(document):
    text = json.dumps(document, indent=2, sort_keys=True)
    return nodes.literal_block(text, text, language='json')


class Notifications(Directive):
    """All events; the reader sees what the tests check."""

    def run(self):
        return [self._section(event)
                for event in notification.EVENTS.values()]

    def _section(self, event):
        found = nodes.section(ids=[nodes.make_id(event.type)])
        found += nodes.title('', event.type)
        found += nodes.paragraph('', f'{event.text} Priority: '
                                     f'{event.priority}.')
        for name, document in (
                ('Sample', json.loads(
                    (SAMPLES / f'{event.type}.json').read_text())),
                ('Schema', event.schema)):
            found += nodes.paragraph('', f'{name}:')
            found += _block(document)
        return found


def setup(app):
    app.add_directive('notifications', Notifications)
    return {'parallel_read_safe': True}
