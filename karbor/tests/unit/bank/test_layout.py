# SPDX-License-Identifier: Apache-2.0

import dataclasses

from hypothesis import given
from hypothesis import strategies as st
import pytest

from karbor import exception
from karbor.bank import layout
from karbor.bank import section
from karbor.model.resource import Resource
from karbor.tests.unit.bank.common import CHECKPOINT
from karbor.tests.unit.bank.common import VOLUME

PLACE = layout.StreamPlace(CHECKPOINT, VOLUME, 3, 'content', '0' * 16)


def test_every_key():
    """The format is what is in the banks of users: change it knowingly."""
    rkey = '3b6a0ccee301dfd059006e3f63f503d0'
    digest = 'ab' * 32
    assert layout.resource_key(VOLUME) == rkey
    assert layout.manifest(CHECKPOINT) == f'manifests/{CHECKPOINT}.json'
    assert (layout.document(CHECKPOINT, VOLUME, 3, digest)
            == f'resources/{CHECKPOINT}/{rkey}/00000003/{digest}.json')
    folder = f'data/{CHECKPOINT}/{rkey}/00000003/content/{"0" * 16}'
    assert PLACE.chunk(1, 12) == f'{folder}/00000001/00000012'
    assert PLACE.index(1) == f'{folder}/00000001/index'
    assert layout.resource_folders(CHECKPOINT) == (
        f'data/{CHECKPOINT}', f'resources/{CHECKPOINT}')
    assert layout.resource_folders(CHECKPOINT, VOLUME) == (
        f'data/{CHECKPOINT}/{rkey}', f'resources/{CHECKPOINT}/{rkey}')


@pytest.mark.parametrize('bad', [
    '', '..', 'x', CHECKPOINT.replace('-', ''), f'{CHECKPOINT}\n',
    f'{{{CHECKPOINT}}}', 'A' + CHECKPOINT[1:], f'../{CHECKPOINT}', None, 4])
def test_only_a_uuid_names_a_checkpoint(bad):
    for call in (layout.manifest, layout.resource_folders):
        with pytest.raises(exception.BankKeyInvalid, match='UUID'):
            call(bad)
    with pytest.raises(exception.BankKeyInvalid):
        layout.document(bad, VOLUME, 1, 'ab' * 32)
    with pytest.raises(exception.BankKeyInvalid):
        dataclasses.replace(PLACE, checkpoint_id=bad).index(0)


@pytest.mark.parametrize(('field', 'bad'), [
    ('stream', ''), ('stream', '..'), ('stream', 'A'), ('stream', 'a/b'),
    ('stream', 'a' * 65), ('stream', 'a\n'), ('stream', None),
    ('token', ''), ('token', '../' * 5 + 'x'), ('token', 'g' * 16),
    ('attempt', -1), ('attempt', 10 ** 8)])
def test_no_part_leaves_its_place(field, bad):
    with pytest.raises(exception.BankKeyInvalid):
        dataclasses.replace(PLACE, **{field: bad}).chunk(0, 0)


def test_a_document_is_named_by_a_digest():
    with pytest.raises(exception.BankKeyInvalid, match='digest'):
        layout.document(CHECKPOINT, VOLUME, 1, '../x')


def test_the_id_in_the_key_of_a_manifest():
    assert layout.manifest_id(layout.manifest(CHECKPOINT)) == CHECKPOINT
    for key in ('manifests/x.json', f'manifests/{CHECKPOINT}',
                f'other/{CHECKPOINT}.json', 'manifests',
                f'manifests/a/{CHECKPOINT}.json'):
        assert layout.manifest_id(key) is None


def test_types_and_ids_do_not_run_together():
    assert (layout.resource_key(Resource('ab', 'c'))
            != layout.resource_key(Resource('a', 'bc')))
    with pytest.raises(exception.BankKeyInvalid, match='NUL'):
        layout.resource_key(Resource('a\0b', 'c'))


@given(st.text(st.characters(exclude_characters='\0')),
       st.text(st.characters(codec=None)))
def test_every_resource_has_a_key(type_, id_):
    key = layout.resource_key(Resource(type_, id_))
    assert len(key) == 32
    section.check_key(key)


def test_tokens_differ():
    assert len({layout.new_token() for _ in range(50)}) == 50
