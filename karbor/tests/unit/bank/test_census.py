# SPDX-License-Identifier: Apache-2.0
"""What is in a bank, told by its keys."""

import datetime
import uuid

from hypothesis import given
from hypothesis import strategies as st
import pytest

from karbor.bank import census as censuses
from karbor.bank import layout
from karbor.bank.census import Attempt
from karbor.bank.census import Census
from karbor.bank.census import Size
from karbor.bank.section import Section
from karbor.plugin.testing import MemoryBank
from karbor.tests.faults import Faults
from karbor.tests.faults import FaultyBank

NOON = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)
HOUR = datetime.timedelta(hours=1)
IDS = sorted(str(uuid.UUID(int=number << 96 | 7)) for number in range(5))
RESOURCES = ['0' * 32, '00' * 15 + 'ff', 'f' * 32]


def census(keys, faults=None, written=NOON):
    bank = MemoryBank()
    for key in keys:
        bank.put(key, b'four')
        bank.written[key] = written
    return Census(Section(FaultyBank(bank, faults or Faults())))


def chunk(checkpoint_id, resource=RESOURCES[0], attempt=1, number=0):
    return (f'data/{checkpoint_id}/{resource}/{attempt:08d}/content/'
            f'{"a" * 16}/00000000/{number:08d}')


def document(checkpoint_id, resource=RESOURCES[0], attempt=1):
    return (f'resources/{checkpoint_id}/{resource}/{attempt:08d}/'
            f'{"b" * 64}.json')


def flat(pages):
    return [one for page in pages for one in page]


things = st.tuples(
    st.sampled_from(['data', 'resources', 'manifests']),
    st.sampled_from(IDS), st.sampled_from(RESOURCES),
    st.integers(0, 3), st.integers(0, 4))


def key_of(thing):
    root, id_, resource, attempt, number = thing
    return {'data': chunk(id_, resource, attempt, number),
            'resources': document(id_, resource, attempt),
            'manifests': layout.manifest(id_)}[root]


@given(st.lists(things, max_size=40), st.integers(1, 7))
def test_everything_is_found_once_and_in_order(found, page):
    """Whatever the size of a page is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(censuses, '_PAGE', page)
        mine = census(map(key_of, found))
        pages = list(mine.checkpoint_ids())
        assert flat(pages) == sorted({one[1] for one in found})
        assert all(0 < len(one) <= page for one in pages)
        for id_ in IDS:
            assert list(mine.attempts(id_)) == sorted({
                Attempt(id_, one[2], one[3]) for one in found
                if one[1] == id_ and one[0] != 'manifests'})


@pytest.mark.parametrize('page', [1, 2, 1000])
def test_what_is_not_karbors_is_left_alone(monkeypatch, page):
    """Also where its name begins as one of ours does."""
    monkeypatch.setattr(censuses, '_PAGE', page)
    id_ = IDS[2]
    mine = census([
        chunk(id_), document(id_), 'data/README', f'data/{id_[:8]}',
        f'data/{id_[:-1]}/x', f'data/{id_}x/y', f'data/{IDS[1]}',
        f'data/{id_}/README', f'data/{id_}/{RESOURCES[1]}',
        f'data/{id_}/{RESOURCES[1][:-1]}/00000001/x',
        f'data/{id_}/{RESOURCES[1]}/1/x',
        f'data/{id_}/{RESOURCES[1]}/000000001/x',
        'database/x', 'other/x', 'manifests/x.json', 'zzz'])
    assert flat(mine.checkpoint_ids()) == [id_]
    assert list(mine.attempts(id_)) == [Attempt(id_, RESOURCES[0], 1)]


def test_what_is_known_is_jumped_over(monkeypatch):
    """A checkpoint of many chunks costs no more than one of few."""
    monkeypatch.setattr(censuses, '_PAGE', 10)
    faults = Faults(on=['list'])
    mine = census([chunk(id_, attempt=attempt, number=number) for id_ in IDS
                   for attempt in (1, 2) for number in range(200)], faults)
    assert flat(mine.checkpoint_ids()) == IDS
    # one for each, and the ends of three folders
    assert faults.calls == len(IDS) + 3
    faults.calls = 0
    assert len(list(mine.attempts(IDS[0]))) == 2
    assert faults.calls == 2 + 2


def test_sizes_are_summed(monkeypatch):
    monkeypatch.setattr(censuses, '_PAGE', 3)
    id_, other = IDS[:2]
    mine = census([chunk(id_, number=number) for number in range(10)]
                  + [document(id_), layout.manifest(id_), chunk(other)])
    folders = layout.resource_folders(id_)
    assert mine.size(folders, [layout.manifest(id_)], NOON) == Size(
        12, 48, NOON)
    assert mine.size(folders[1:], (), NOON) == Size(1, 4, NOON)
    assert mine.size([f'data/{IDS[4]}'], [layout.manifest(other)],
                     NOON) == Size()
    assert mine.size(Attempt(id_, RESOURCES[0], 1).folders, (),
                     NOON).objects == 11


def test_one_young_object_makes_all_young():
    id_ = IDS[0]
    mine = census([chunk(id_, number=number) for number in range(5)])
    bank = mine._section._plugin._bank
    for key in list(bank.written):
        bank.written[key] = NOON + HOUR
        assert mine.size([f'data/{id_}'], (), NOON) is None
        assert mine.size([f'data/{id_}'], (), NOON + HOUR) == Size(
            5, 20, NOON + HOUR)
        bank.written[key] = NOON


def test_what_vanishes_is_not_counted():
    mine = census([chunk(IDS[0]), chunk(IDS[0], number=1)])
    bank = mine._section._plugin._bank
    mine._section._plugin._faults = Faults(
        1, lambda: bank.delete(chunk(IDS[0])), on=['stat'])
    assert mine.size([f'data/{IDS[0]}'], (), NOON) == Size(1, 4, NOON)
