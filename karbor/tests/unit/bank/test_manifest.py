# SPDX-License-Identifier: Apache-2.0

import dataclasses
import datetime
import json

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import pytest

from karbor import exception
from karbor.bank import codec
from karbor.bank.manifest import Manifest
from karbor.bank.manifest import ResourceEntry
from karbor.bank.manifest import STATUSES
from karbor.tests.unit.bank.common import make_manifest

text = st.text(st.characters(codec=None), max_size=20)
number = st.integers(0, 2 ** 60)
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-2 ** 60, 2 ** 60) | text
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: (st.lists(inner, max_size=3)
                   | st.dictionaries(text, inner, max_size=3)), max_leaves=6)
entries = st.builds(
    ResourceEntry, type=text, id=text, name=text, attempt=number,
    document=st.none() | text, document_size=number, bytes=number,
    stored_bytes=number, attempts=st.lists(number, max_size=3).map(tuple))
manifests = st.builds(
    Manifest, checkpoint_id=text, project_id=text, provider_id=text,
    plan=st.dictionaries(text, plain, max_size=3),
    status=st.sampled_from(STATUSES),
    created_at=st.datetimes(
        min_value=datetime.datetime(1970, 1, 3),
        max_value=datetime.datetime(9999, 12, 29),
        timezones=st.sampled_from([
            datetime.UTC, datetime.timezone(datetime.timedelta(hours=9))])),
    origin=text, reason=st.none() | text,
    extra_info=st.dictionaries(text, plain, max_size=3),
    resource_graph=st.none() | text,
    resources=st.lists(entries, max_size=3).map(tuple),
    attempt=number, size=number, format=st.just('1.0'))


@settings(max_examples=60)
@given(manifests)
def test_a_manifest_is_read_as_it_was_written(manifest):
    data = manifest.to_bytes()
    assert Manifest.from_bytes(data) == manifest
    assert Manifest.from_bytes(data).to_bytes() == data
    assert set(json.loads(data)) == {'digest', 'manifest'}


@given(entries)
def test_an_entry_survives_the_journal(entry):
    journal = json.loads(json.dumps(entry.to_dict()))
    assert ResourceEntry.from_dict(journal) == entry
    assert entry.resource.key == (entry.type, entry.id)


def test_every_flipped_bit_is_found():
    data = make_manifest('available', resources=(
        ResourceEntry('t', 'i', 'n', 1),)).to_bytes()
    for bit in range(len(data) * 8):
        damaged = bytearray(data)
        damaged[bit // 8] ^= 1 << bit % 8
        with pytest.raises(exception.BankCorrupt):
            Manifest.from_bytes(bytes(damaged))


def test_every_cut_is_found():
    data = make_manifest().to_bytes()
    for size in range(len(data)):
        with pytest.raises(exception.BankCorrupt):
            Manifest.from_bytes(data[:size])
    with pytest.raises(exception.BankCorrupt):
        Manifest.from_bytes(data + b'\n')


def wrap(body):
    return (b'{"digest":"' + codec.digest(body).encode() + b'","manifest":'
            + body + b'}\n')


def test_a_newer_format_is_told_from_damage():
    newer = dataclasses.replace(make_manifest(), format='2.0')
    with pytest.raises(exception.FormatUnknown, match='k has format 2.0'):
        Manifest.from_bytes(newer.to_bytes(), 'k')
    with pytest.raises(exception.FormatUnknown):
        Manifest.from_bytes(wrap(b'{"format":"1.1","anything":[]}'))


@pytest.mark.parametrize('field', [
    'checkpoint_id', 'project_id', 'provider_id', 'plan', 'status', 'origin',
    'extra_info', 'created_at', 'resources', 'attempt', 'size', 'format',
    'reason', 'resource_graph'])
@pytest.mark.parametrize('value', [True, 1.5, ['x'], 'remove'])
def test_a_wrong_field_is_named(field, value):
    found = json.loads(make_manifest().to_bytes())['manifest']
    if value == 'remove':
        del found[field]
    else:
        found[field] = value
    with pytest.raises(exception.BankCorrupt) as caught:
        Manifest.from_bytes(wrap(codec.dumps(found)))
    if (field, value) != ('resources', ['x']):
        assert field in str(caught.value)


@pytest.mark.parametrize('body', [b'', b'null', b'[]', b'{', b'"x"', b'\xff'])
def test_what_is_no_manifest_is_damage(body):
    with pytest.raises(exception.BankCorrupt):
        Manifest.from_bytes(wrap(body))


@pytest.mark.parametrize('change', [
    {'status': 'done'}, {'created_at': '2026-11-22T00:00:00'},
    {'created_at': 'soon'}])
def test_a_wrong_value_is_damage(change):
    found = json.loads(make_manifest().to_bytes())['manifest']
    with pytest.raises(exception.BankCorrupt):
        Manifest.from_bytes(wrap(codec.dumps({**found, **change})))


@pytest.mark.parametrize('change', [
    {'attempts': ['1']}, {'attempts': 1}, {'bytes': '1'}, {'bytes': True},
    {'document': 4}, {'id': None}])
def test_a_wrong_field_of_an_entry_is_named(change):
    good = ResourceEntry('t', 'i', 'n', 1).to_dict()
    with pytest.raises(ValueError, match=next(iter(change))):
        ResourceEntry.from_dict({**good, **change})


def test_times_are_utc():
    zone = datetime.timezone(datetime.timedelta(hours=2))
    manifest = dataclasses.replace(
        make_manifest(),
        created_at=datetime.datetime(2026, 1, 1, 2, tzinfo=zone))
    assert manifest.created_at.isoformat() == '2026-01-01T00:00:00+00:00'
    with pytest.raises(ValueError, match='time zone'):
        dataclasses.replace(manifest,
                            created_at=datetime.datetime(2026, 1, 1))
    with pytest.raises(ValueError, match='done is no status'):
        dataclasses.replace(manifest, status='done')
