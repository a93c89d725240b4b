# SPDX-License-Identifier: Apache-2.0
"""A failure at every single call to the bank.

The promise: a manifest that says ``available`` names only what is there; and
whatever was cut off succeeds when it is done again.
"""

import pytest

from karbor import exception
from karbor.tests.unit.bank.common import CHECKPOINT
from karbor.tests.unit.bank.common import CONTENT
from karbor.tests.unit.bank.common import Crash
from karbor.tests.unit.bank.common import FaultyBank
from karbor.tests.unit.bank.common import make_store
from karbor.tests.unit.bank.common import protect
from karbor.tests.unit.bank.common import VOLUME

HOWS = ('fail', 'crash', 'late')


def status(objects):
    """Status in the bank, once the promise is checked."""
    store = make_store(FaultyBank(objects))
    try:
        manifest = store.read_manifest(CHECKPOINT)
    except exception.CheckpointNotFound:
        return None
    if manifest.status == 'available':
        assert store.verify(CHECKPOINT) == []
        entry = next(entry for entry in manifest.resources
                     if entry.type == VOLUME.type)
        assert store.read(CHECKPOINT, entry).reader().read() == CONTENT
    return manifest.status


def cut_off(work, objects, at, how):
    """Do a work that is cut off at a call; False if it made fewer calls."""
    bank = FaultyBank(objects, at, how)
    try:
        work(make_store(bank))
    except (Crash, exception.BankError):
        return True
    assert bank.calls < at
    return False


def clean():
    bank = FaultyBank()
    protect(make_store(bank))
    return bank.objects


@pytest.mark.parametrize('how', HOWS)
def test_protect_cut_off_at_every_call(how):
    at, seen = 0, set()
    while True:
        at += 1
        objects = {}
        if not cut_off(protect, objects, at, how):
            break
        seen.add(status(objects))
        # the next worker takes over what is there
        protect(make_store(FaultyBank(objects)), attempt=2)
        assert status(objects) == 'available'
        make_store(FaultyBank(objects)).delete(CHECKPOINT)
        assert objects == {}
    assert at > 30
    assert seen == ({None, 'protecting', 'available'} if how == 'late'
                    else {None, 'protecting'})


@pytest.mark.parametrize('how', HOWS)
def test_delete_cut_off_at_every_call(how):
    at, seen = 0, set()
    while True:
        at += 1
        objects = clean()
        if not cut_off(lambda store: store.delete(CHECKPOINT), objects, at,
                       how):
            break
        seen.add(status(objects))
        make_store(FaultyBank(objects)).delete(CHECKPOINT)
        assert objects == {}
    assert at > 30
    assert seen >= {'available', 'deleting'}


@pytest.mark.parametrize('how', HOWS)
def test_an_available_checkpoint_survives_a_late_worker(how):
    """A second protect of an earlier attempt, cut off anywhere."""
    at = 0
    while True:
        at += 1
        bank = FaultyBank()
        protect(make_store(bank), attempt=2)
        faulty = FaultyBank(bank.objects, at, how)
        with pytest.raises((Crash, exception.BankError,
                            exception.LeaseLost)):
            protect(make_store(faulty), attempt=1)
        assert status(bank.objects) == 'available'
        if faulty.calls < at:
            break


@pytest.mark.parametrize('how', HOWS)
def test_a_second_hook_cut_off_leaves_the_first_whole(how):
    at = 0
    while True:
        at += 1
        bank = FaultyBank()
        data = make_store(bank).data(CHECKPOINT, VOLUME, 1)
        with data.writer() as writer:
            writer.write(CONTENT)
        entry = data.commit()

        def again(store, entry=entry):
            data = store.data(CHECKPOINT, VOLUME, 1, previous=entry)
            with data.writer() as writer:
                writer.write(CONTENT * 2)
            data.save({'a': 1})
            data.commit()

        more = cut_off(again, bank.objects, at, how)
        found = make_store(bank).read(CHECKPOINT, entry)
        assert found.reader().read() == CONTENT
        assert found.load() == {}
        if not more:
            break
    assert at > 10


def test_a_bank_that_is_full_is_named_in_the_error():
    bank = FaultyBank(at=3)
    with pytest.raises(exception.BankError, match='the disk is full'):
        protect(make_store(bank))
