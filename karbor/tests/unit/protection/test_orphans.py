# SPDX-License-Identifier: Apache-2.0
"""What nobody owns is named, and nothing else, at any moment."""

import contextlib
import datetime

from oslo_utils import uuidutils
import pytest
import sqlalchemy as sa

from karbor import context as karbor_context
from karbor import plugin
from karbor.bank import layout
from karbor.bank.manifest import FORMAT
from karbor.db import models
from karbor.db import session
from karbor.plugin import Resource
from karbor.protection import orphans
from karbor.tests.faults import BANK
from karbor.tests.faults import Crash
from karbor.tests.faults import Faults
from karbor.tests.fixtures import Statements

NOW = datetime.datetime.now(datetime.UTC)
# everything is older than this
LATER = NOW + datetime.timedelta(days=1)
EARLIER = NOW - datetime.timedelta(days=1)


def find(lab, before=LATER, **kwargs):
    return list(orphans.find(karbor_context.system(),
                             lab.process(**kwargs).provider, before))


def remove(lab, orphan):
    return orphans.remove(karbor_context.system(), lab.process().provider,
                          orphan)


def leave(lab, checkpoint_id, attempt=1, resource=None, committed=True):
    """Write as a worker does that nobody awaits any more."""
    data = lab.store.data(checkpoint_id, resource or Resource('T', 'late'),
                          attempt)
    with data.writer() as writer:
        writer.write(b'x' * 5000)
    if committed:
        data.commit()


def forget(checkpoint_id):
    with session.writer(karbor_context.system()) as found:
        for table in (models.OperationResource, models.Operation):
            found.execute(sa.delete(table))
        found.execute(sa.delete(models.Checkpoint).where(
            models.Checkpoint.id == checkpoint_id))


def look_everywhere(lab, ask, check, threads=1):
    """Do something; at its n-th call, orphans are sought and removed.

    Everything is old enough, so nothing but ownership protects it.

    :param check: called at each end
    """
    number = 0
    while True:
        number += 1
        subject = ask()
        named = []

        def look(named=named):
            for orphan in find(lab):
                named.append(orphan)
                remove(lab, orphan)

        faults = Faults(number, look)
        assert lab.process(faults, threads).work() is None
        check(subject)
        assert named == []
        if not faults.hit:
            return number - 1


@pytest.mark.thorough
def test_a_checkpoint_that_is_made_is_never_touched(lab):
    def check(checkpoint_id):
        lab.check_available(checkpoint_id)
        assert find(lab) == []
        lab.delete(checkpoint_id)

    assert look_everywhere(lab, lab.ask_protect, check) > 20


@pytest.mark.thorough
def test_one_that_is_copied_or_deleted_is_not_either(lab):
    source = lab.protected()

    def check(copy_id):
        lab.check_available(copy_id)
        lab.check_available(source)
        lab.delete(copy_id)

    assert look_everywhere(lab, lambda: lab.ask_copy(source), check) > 20

    def ask():
        checkpoint_id = lab.protected()
        lab.ask_delete(checkpoint_id)
        return checkpoint_id

    assert look_everywhere(lab, ask, lab.check_gone) > 20


def test_what_a_killed_attempt_left_is_for_the_next_one(lab):
    """Until the checkpoint is available; then it is nobody's."""
    lab.shrink()
    left = 0
    number = 0
    while True:
        number += 1
        checkpoint_id = lab.ask_protect()
        faults = Faults(number, Crash(), on=['put'])
        killed = lab.claim()
        with contextlib.suppress(Crash):
            lab.process(faults).carry_out(killed)
        assert find(lab) == []
        if not faults.hit:
            break
        lab.expire()
        # the next one cannot sweep
        faults = Faults(1, plugin.BankError(key='k', reason='no'),
                        on=['list'], from_then_on=True)
        assert lab.process(faults).carry_out(lab.claim()) is None
        lab.check_available(checkpoint_id)
        for orphan in find(lab):
            left += 1
            assert orphan.kind == orphans.ATTEMPT
            assert orphan.checkpoint_id == checkpoint_id
            assert orphan.attempt.number == 1
            assert orphan.size.objects > 0 < orphan.size.bytes
            assert remove(lab, orphan)
        assert find(lab) == []
        lab.check_available(checkpoint_id)
        lab.delete(checkpoint_id)
        assert lab.objects() == []
    assert left > 0


@pytest.mark.parametrize('committed', [False, True])
def test_what_comes_after_a_deletion_is_named_and_removed(lab, committed):
    kept, checkpoint_id = lab.protected(), lab.protected()
    lab.delete(checkpoint_id)
    before = lab.objects()
    leave(lab, checkpoint_id, committed=committed)
    [orphan] = find(lab)
    assert (orphan.where, orphan.kind, orphan.checkpoint_id,
            orphan.attempt) == ('test', orphans.CHECKPOINT, checkpoint_id,
                                None)
    new = set(lab.objects()) - set(before)
    assert orphan.size.objects == len(new)
    assert orphan.size.bytes == sum(len(lab.bank.get(key)) for key in new)
    assert 'neither in the database' in orphan.reason
    assert remove(lab, orphan)
    assert lab.objects() == before
    lab.check_available(kept)
    assert find(lab) == []


def test_what_is_young_is_not_named(lab):
    checkpoint_id = uuidutils.generate_uuid()
    leave(lab, checkpoint_id)
    assert find(lab, EARLIER) == []
    [orphan] = find(lab)
    assert NOW <= orphan.size.written_at < LATER
    kept = lab.protected()
    leave(lab, kept)
    assert find(lab, EARLIER) == []
    assert len(find(lab)) == 2


@pytest.mark.parametrize('status', ['protecting', 'available', 'error',
                                    'deleting'])
def test_what_has_a_manifest_is_owned_without_a_row(lab, status):
    """By another database, or by this one before it was lost."""
    checkpoint_id = lab.protected()
    manifest = lab.store.read_manifest(checkpoint_id)
    lab.bank.put(layout.manifest(checkpoint_id), type(manifest)(**{
        **{name: getattr(manifest, name) for name in manifest.__slots__},
        'status': status}).to_bytes())
    forget(checkpoint_id)
    leave(lab, checkpoint_id, 7)
    assert find(lab) == []


def test_a_manifest_of_a_newer_release_owns_what_is_there(lab, monkeypatch):
    checkpoint_id = lab.protected()
    forget(checkpoint_id)
    monkeypatch.setattr('karbor.bank.manifest.FORMAT', '0.1')
    assert FORMAT != '0.1'
    assert find(lab) == []


def test_a_damaged_manifest_owns_as_long_as_there_is_a_row(lab):
    checkpoint_id = lab.protected()
    leave(lab, checkpoint_id, 7)
    key = layout.manifest(checkpoint_id)
    lab.bank.put(key, lab.bank.get(key)[:-9])
    assert find(lab) == []
    forget(checkpoint_id)
    [orphan] = find(lab)
    assert orphan.kind == orphans.DAMAGED
    assert orphan.size.objects == len(lab.objects())
    assert 'cannot be read' in orphan.reason
    assert remove(lab, orphan)
    assert lab.objects() == []


@pytest.mark.parametrize('status', ['protecting', 'copying', 'error',
                                    'deleting', 'error-deleting'])
def test_only_of_what_is_available_attempts_are_looked_at(lab, status):
    checkpoint_id = lab.protected()
    leave(lab, checkpoint_id, 7)
    [orphan] = find(lab)
    assert orphan.attempt.number == 7
    with session.writer(karbor_context.system()) as found:
        found.execute(sa.update(models.Checkpoint).values(status=status))
    assert find(lab) == []
    assert not remove(lab, orphan)
    with session.writer(karbor_context.system()) as found:
        found.execute(sa.update(models.Checkpoint).values(
            status='available'))
    assert remove(lab, orphan)
    lab.check_available(checkpoint_id)


def test_what_has_an_owner_meanwhile_stays(lab):
    """Between the two, somebody has brought it back."""
    checkpoint_id = lab.protected()
    key = layout.manifest(checkpoint_id)
    manifest = lab.bank.get(key)
    lab.bank.delete(key)
    with session.writer(karbor_context.system()) as found:
        [row] = found.execute(sa.select(
            models.Checkpoint.__table__)).mappings().all()
        row = dict(row)
    forget(checkpoint_id)
    [orphan] = find(lab)
    # another deployment, or a replica
    lab.bank.put(key, manifest)
    assert not remove(lab, orphan)
    lab.bank.delete(key)
    # an import
    with session.writer(karbor_context.system()) as found:
        found.execute(sa.insert(models.Checkpoint.__table__), row)
    assert not remove(lab, orphan)
    lab.bank.put(key, manifest)
    lab.check_available(checkpoint_id)


def test_an_attempt_that_is_named_stays(lab):
    """Whatever `find` said a moment ago."""
    checkpoint_id = lab.protected()
    manifest = lab.store.read_manifest(checkpoint_id)
    [mine, _disk] = find_attempts(lab, manifest)
    orphan = orphans.Orphan('test', orphans.ATTEMPT, checkpoint_id,
                            None, '', mine)
    assert not remove(lab, orphan)
    lab.check_available(checkpoint_id)


def find_attempts(lab, manifest):
    found = list(lab.store.census.attempts(manifest.checkpoint_id))
    assert set(found) == orphans._named(manifest)
    return found


def test_the_number_of_queries_does_not_depend_on_what_there_is(lab):
    counts = []
    for _round in range(3):
        for _number in range(3):
            leave(lab, uuidutils.generate_uuid())
        lab.protected()
        with Statements() as seen:
            assert len(find(lab)) == 3 * (len(counts) + 1)
        counts.append(seen.count)
    assert counts == [counts[0]] * 3


@pytest.mark.parametrize('kind', ['list', 'get', 'stat'])
def test_a_bank_that_is_away_owns_everything(lab, kind):
    """What cannot be read is not for that reason nobody's."""
    checkpoint_id = lab.protected()
    leave(lab, checkpoint_id, 7)
    leave(lab, uuidutils.generate_uuid())
    assert len(find(lab)) == 2
    number = 0
    while True:
        number += 1
        faults = Faults(number, plugin.BankUnavailable(
            key='k', reason='away'), on=[kind], from_then_on=True)
        try:
            found = find(lab, faults=faults)
        except plugin.BankUnavailable:
            assert faults.hit
        else:
            assert not faults.hit
            assert len(found) == 2
            break
    assert number > 2
    assert set(BANK) > {kind}
