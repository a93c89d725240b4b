# SPDX-License-Identifier: Apache-2.0
"""Triggers in the database."""

import json

import pytest

from karbor import exception
from karbor.db import triggers
from karbor.model.query import ListQuery
from karbor.tests import fixtures
from karbor.tests.unit.db import common


@pytest.fixture
def nightly(database):
    return triggers.create(common.member(), common.trigger(), common.never)


def test_a_trigger_is_read_as_it_was_written(nightly):
    wanted = common.trigger(id=nightly.id, created_at=nightly.created_at)
    assert nightly == wanted
    assert triggers.get(common.member(), nightly.id) == wanted
    assert triggers.list_(common.member(), ListQuery()) == [wanted]
    assert nightly.created_at.tzinfo is not None


def test_a_trigger_is_changed(nightly):
    changed = triggers.update(common.member(), nightly.id, {'name': 'new'},
                              common.never)
    assert (changed.name, changed.properties) == ('new', nightly.properties)
    changed = triggers.update(common.member(), nightly.id,
                              {'properties': {'other': 1}}, common.never)
    assert (changed.name, changed.properties) == ('new', {'other': 1})
    assert changed.updated_at >= changed.created_at
    assert triggers.get(common.member(), nightly.id) == changed


def test_a_trigger_is_deleted(nightly):
    triggers.delete(common.member(), nightly.id)
    with pytest.raises(exception.TriggerNotFound, match=nightly.id):
        triggers.delete(common.member(), nightly.id)
    triggers.create(common.member(), nightly, common.never)


CALLS = [lambda context, id_: triggers.get(context, id_),
         lambda context, id_: triggers.update(context, id_, {'name': 'x'},
                                                common.never),
         lambda context, id_: triggers.delete(context, id_)]


@pytest.mark.parametrize('call', CALLS, ids=['get', 'update', 'delete'])
def test_the_fence(nightly, call):
    with pytest.raises(exception.TriggerNotFound):
        call(common.member(common.OTHER), nightly.id)
    assert triggers.get(common.member(), nightly.id) == nightly
    assert triggers.list_(common.member(common.OTHER), ListQuery()) == []
    call(common.admin(common.OTHER), nightly.id)
    with pytest.raises(exception.TriggerNotFound, match=common.NOWHERE):
        call(common.admin(), common.NOWHERE)


def test_filters(nightly):
    triggers.create(common.member(), common.trigger(name='nightly two'),
                    common.never)

    def names(**filters):
        return sorted(one.name for one in triggers.list_(
            common.member(), ListQuery(filters=filters)))

    assert names(name='nightly') == ['nightly']
    assert names(type='time') == ['nightly', 'nightly two']
    text = json.dumps(nightly.properties)
    assert names(properties=text, name='nightly') == ['nightly']
    assert names(properties=text[:-1]) == []
    assert names(properties=text.upper()) == []
    assert names(properties='None') == names(properties=None) == []


def test_the_filter_for_properties_leaves_the_zone_aside(database):
    """It compares the text that 1.0 of the API shows."""
    shown = {'format': 'f', 'pattern': '% _\\ \u00e4', 'window': 900}
    for number, properties in enumerate((
            shown, {**shown, 'timezone': 'UTC'},
            {**shown, 'timezone': 'Asia/Tokyo'}, {**shown, 'colour': 'red'},
            {**shown, 'pattern': '% X\\ \u00e4', 'timezone': 'UTC'})):
        triggers.create(common.member(), common.trigger(
            name=str(number), properties=properties), common.never)

    def names(text):
        return sorted(one.name for one in triggers.list_(
            common.member(), ListQuery(filters={'properties': text})))

    assert names(json.dumps(shown)) == ['0', '1', '2']
    assert names(json.dumps({**shown, 'timezone': 'Asia/Tokyo'})) == ['2']
    for text in ('', '{', '{}', '}', json.dumps(shown)[:-1] + ' }'):
        assert names(text) == []


def test_long_lists_need_no_more_statements(nightly):
    with fixtures.Statements() as one:
        triggers.list_(common.member(), ListQuery())
    for _number in range(9):
        triggers.create(common.member(), common.trigger(), common.never)
    with fixtures.Statements() as ten:
        assert len(triggers.list_(common.member(), ListQuery())) == 10
    assert one.count == ten.count > 0
