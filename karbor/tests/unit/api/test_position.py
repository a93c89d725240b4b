# SPDX-License-Identifier: Apache-2.0
import base64
import datetime
import json
import types

from hypothesis import given
from hypothesis import strategies as st
import pytest

from karbor import exception
from karbor.api import position
from karbor.api.schemas.method import MAX_POSITION
from karbor.model.query import ListQuery

EAST = datetime.timezone(datetime.timedelta(hours=5))
NOON = datetime.datetime(2026, 11, 22, 12, 0, 0, 7, datetime.UTC)


def written(text):
    return base64.urlsafe_b64encode(text.encode(
        'utf-8', 'surrogatepass')).decode().rstrip('=')


@given(name=st.text(st.characters(exclude_categories=['Cs'],
                                  exclude_characters='\0'), max_size=255),
       size=st.none() | st.integers(-2 ** 63 + 1, 2 ** 63 - 1))
def test_what_is_written_can_be_read(name, size):
    row = types.SimpleNamespace(id='i', name=name, size=size,
                                created_at=NOON.astimezone(EAST))
    query = ListQuery(sort=(('name', 'asc'), ('size', 'desc')))
    text = position.write(row, query)
    assert len(text) <= MAX_POSITION
    assert text.replace('-', 'a').replace('_', 'a').isalnum()
    assert position.read(text) == {
        'name': name, 'size': size,
        'created_at': '2026-11-22T12:00:00.000007+00:00'}


def test_items_in_memory_are_found_by_name():
    for name, value in (('n', 'n'), (None, '')):
        text = position.write({'id': 'i', 'name': name}, ListQuery())
        assert position.read(text) == {'name': value}


@pytest.mark.parametrize('text', [
    '', 'x', '!', '\u00fc', 'e30=x', 'e30 ', '\U0001f480', 'a' * 4097,
    written('[]'), written('5'), written('"x"'), written('null'),
    written('{'), written('{"a": [1]}'), written('{"a": {}}'),
    written('{"a": true}'), written('{"a": 1.5}'), written('{"a": NaN}'),
    written('{"a": 9223372036854775808}'), written('{"a": 1e5}'),
    written(f'{{"a": {"9" * 3000}}}'), written('[' * 3000),
    written('{"a": "\\u0000"}'), written('{"a": "\\ud800"}'),
    written('{"a": "\ud800"}'), base64.b64encode(b'\xff\xfe').decode()])
def test_what_no_link_has_is_refused(text):
    with pytest.raises(exception.Invalid, match='position'):
        position.read(text)


def test_any_object_of_plain_values_is_read():
    values = {'a': None, 'b': 0, 'c': '\n', '': '\U0001f480'}
    assert position.read(written(json.dumps(values))) == values
