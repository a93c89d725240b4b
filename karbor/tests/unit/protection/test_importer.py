# SPDX-License-Identifier: Apache-2.0
"""The database is lost, the bank is not."""

import dataclasses

from oslo_utils import uuidutils
import pytest
import sqlalchemy as sa

from karbor import context as karbor_context
from karbor import plugin
from karbor.bank import layout
from karbor.db import models
from karbor.db import session
from karbor.protection import importer
from karbor.tests.faults import BANK
from karbor.tests.faults import Faults
from karbor.tests.unit.protection import lab as labs


def lose_database(lab):
    with session.writer(karbor_context.system()) as found:
        for table in (models.OperationResource, models.Operation,
                      models.Checkpoint):
            found.execute(sa.delete(table))


def bring_back(lab):
    return importer.run(karbor_context.system(), lab.process().provider)


def test_checkpoints_come_back_and_can_be_used(lab):
    first, second = lab.protected(), lab.protected()
    before = lab.checkpoint(first)
    lose_database(lab)
    assert bring_back(lab) == importer.Result(added=2)
    after = lab.checkpoint(first)
    assert dataclasses.replace(
        after, updated_at=before.updated_at) == before
    lab.check_available(second)
    lab.ask_restore(first)
    assert lab.process().work() is None
    assert lab.restored == lab.world
    for checkpoint_id in (first, second):
        lab.delete(checkpoint_id)
    assert lab.objects() == []


def test_what_is_known_stays_as_it_is(lab):
    checkpoint_id = lab.protected()
    lab.ask_delete(checkpoint_id)
    assert bring_back(lab) == importer.Result(known=1)
    assert lab.checkpoint(checkpoint_id).status == 'deleting'


@pytest.mark.parametrize(('status', 'reason', 'said'), [
    ('protecting', None, 'It was protecting when the database was lost.'),
    ('deleting', None, 'It was deleting when the database was lost.'),
    ('error', 'the disk is full', 'the disk is full')])
def test_what_was_not_whole_is_an_error_that_can_be_deleted(
        lab, status, reason, said):
    checkpoint_id = lab.protected()
    lab.store.write_manifest(dataclasses.replace(
        lab.store.read_manifest(checkpoint_id), status=status,
        reason=reason))
    lose_database(lab)
    assert bring_back(lab).added == 1
    row = lab.checkpoint(checkpoint_id)
    assert (row.status, row.status_reason) == ('error', said)
    assert not row.sealed
    lab.delete(checkpoint_id)
    assert lab.objects() == []


def test_a_damaged_manifest_does_not_hide_the_others(lab, monkeypatch):
    monkeypatch.setattr(importer, '_PAGE', 2)
    ids = sorted(lab.protected() for _number in range(5))
    key = layout.manifest(ids[2])
    lab.bank.put(key, lab.bank.get(key)[:-5])
    lose_database(lab)
    result = bring_back(lab)
    assert result.added == 4
    [(checkpoint_id, reason)] = result.unreadable
    assert checkpoint_id == ids[2]
    assert key in reason
    # a second time there is nothing to be added
    assert bring_back(lab).known == 4


def test_the_bank_may_belong_to_another_provider_now(lab):
    checkpoint_id = lab.protected()
    lose_database(lab)
    provider = dataclasses.replace(lab.process().provider,
                                   id=uuidutils.generate_uuid())
    assert importer.run(karbor_context.system(), provider).added == 1
    row = lab.checkpoint(checkpoint_id)
    assert row.provider_id == provider.id != labs.PROVIDER
    assert row.project_id == labs.PROJECT


def test_what_is_deleted_while_it_is_read_is_no_ghost(lab, monkeypatch):
    """An available checkpoint without data would be the worst of lies."""
    first, second = lab.protected(), lab.protected()
    process = lab.process()
    real, read = process.store.read_manifest, []

    def read_manifest(checkpoint_id):
        found = real(checkpoint_id)
        if checkpoint_id == first and not read:
            read.append(found)
            lab.delete(first)
        return found

    monkeypatch.setattr(process.store, 'read_manifest', read_manifest)
    assert importer.run(karbor_context.system(), process.provider) == (
        importer.Result(known=1))
    assert len(read) == 1
    lab.check_gone(first)
    lab.check_available(second)


def test_an_import_waits_for_a_bank_that_is_away(lab):
    """At any call; nothing is then called unreadable, or left out."""
    lab.protected()
    number = 0
    while True:
        number += 1
        lose_database(lab)
        faults = Faults(number, plugin.BankUnavailable(
            key='k', reason='no answer'), on=BANK)
        assert importer.run(
            karbor_context.system(),
            lab.process(faults, patience=600).provider,
        ) == importer.Result(added=1)
        if not faults.hit:
            break
    assert number > 3
