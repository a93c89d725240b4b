# SPDX-License-Identifier: Apache-2.0
"""The event sources that are installed, and what their triggers may say."""

from collections.abc import Mapping
import functools
import json
from typing import Any

import jsonschema
from oslo_log import log

from karbor import exception
from karbor import extensions
from karbor import plugin
from karbor.conf import CONF
from karbor.i18n import _
from karbor.plugin.eventsource import COMMON

LOG = log.getLogger(__name__)

MOST_BYTES = 16_384

INSTALLED: extensions.Installed[plugin.EventSource] = extensions.Installed(
    extensions.EVENT_SOURCES, 'source')
# what the source of a trigger can be
names = INSTALLED.names
get = INSTALLED.get


@functools.cache
def arriving(how: str) -> tuple[str, ...]:
    """Names of the sources whose events come in one way.

    A source that cannot be loaded has none, which is logged.
    """
    found = []
    for name in names():
        try:
            if get(name).arrives == how:
                found.append(name)
        except exception.PluginError:
            LOG.exception('No trigger gets events of the source %s.', name)
    return tuple(found)


def complete(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Properties as they are stored, checked and with their defaults.

    But for ``window``, which all kinds of triggers have.

    :raises exception.Invalid: names the property and what was expected
    """
    name = properties.get('source')
    if not isinstance(name, str):
        raise exception.Invalid(field='source', reason=_(
            'expected one of %s') % ', '.join(names()))
    source = get(name)
    options = CONF.events
    result = {
        'source': name,
        'debounce': _seconds('debounce', properties.get('debounce'),
                             0, options.max_debounce),
        'min_interval': _seconds(
            'min_interval', properties.get('min_interval'),
            options.min_interval,
            max(options.min_interval, options.max_interval))}
    own = {key: value for key, value in properties.items()
           if key not in COMMON}
    for key, value in own.items():
        _check(name, source, key, value)
    for key in sorted(source.required - own.keys()):
        raise exception.Invalid(
            field=key, reason=source.members[key]['description'])
    source.check(own)
    if len(json.dumps(own)) > MOST_BYTES:
        raise exception.Invalid(
            field='properties',
            reason=_('it is longer than %d bytes') % MOST_BYTES)
    return {**result, **own}


def _seconds(field: str, value: Any, least: int, most: int) -> int:
    if value is None:
        return least
    if (isinstance(value, bool) or not isinstance(value, int)
            or not least <= value <= most):
        raise exception.Invalid(field=field, reason=_(
            'expected %(least)d to %(most)d seconds, not %(value)s') % {
                'least': least, 'most': most, 'value': str(value)[:20]})
    return value


def _check(name: str, source: plugin.EventSource, key: str,
           value: Any) -> None:
    if key not in source.members:
        raise exception.Invalid(field=key[:100], reason=_(
            'the source %(source)s does not know it; it knows %(known)s') % {
                'source': name, 'known': ', '.join(
                    (*COMMON, *source.members))})
    schema = source.members[key]
    if not jsonschema.Draft202012Validator(schema).is_valid(value):
        raise exception.Invalid(field=key, reason=schema['description'])
