# SPDX-License-Identifier: Apache-2.0
"""Whether a notification is what is published of it."""

import jsonschema

from karbor.model import notification


def check(type_, payload, priority=None):
    """Hold a payload against its schema, which must name all that it has."""
    event = notification.EVENTS[type_]
    if priority is not None:
        assert priority.lower() == event.priority
    jsonschema.validate(
        payload, {**event.schema, 'additionalProperties': False},
        cls=jsonschema.Draft202012Validator)
