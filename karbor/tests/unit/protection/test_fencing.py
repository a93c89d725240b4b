# SPDX-License-Identifier: Apache-2.0
"""A worker is stopped at each of its writes, and woken when it is too late.

The writes are not listed here: one run counts them, and then the worker is
stopped before and after each. It is not told that its lease has run out, and
its own clock stands still, so nothing but the fences keeps it from writing.
"""

import dataclasses

import pytest
import sqlalchemy as sa

from karbor import context as karbor_context
from karbor import exception
from karbor.bank import layout
from karbor.db import models
from karbor.db import session
from karbor.protection import run as runs
from karbor.tests.faults import Faults

pytestmark = pytest.mark.thorough

TYPES = ('protect', 'copy', 'restore', 'verify', 'delete')
# they leave their checkpoint as it is
USING = ('restore', 'verify')
WRITES = ('put', 'delete', 'write')
TABLES = (models.Operation, models.OperationResource, models.Checkpoint)


@dataclasses.dataclass
class Present:
    """What the database and the bank say.

    :ivar rows: all rows by table
    :ivar objects: all of the bank by key
    """

    rows: dict
    objects: dict


class Stage:
    """An operation of one type, and the two workers that want it."""

    def __init__(self, lab, type_):
        self.lab = lab
        self.type = type_
        self.checkpoint_id = None
        self.orphans = []
        lab.shrink()

    def ask(self):
        """Ask for the operation; the id of the checkpoint that it is of."""
        if self.type == 'protect':
            return self.lab.ask_protect()
        checkpoint_id = self.checkpoint_id
        if checkpoint_id is None or self.type not in USING:
            checkpoint_id = self.lab.protected()
        asked = getattr(self.lab, f'ask_{self.type}')(checkpoint_id)
        return asked if self.type == 'copy' else checkpoint_id

    def writes(self):
        """What one worker alone writes, in order."""
        seen = Faults(on=WRITES)
        self.checkpoint_id = self.ask()
        assert self.lab.process(seen, threads=2).work() is None
        return seen.seen

    def present(self):
        rows = {}
        with session.reader(karbor_context.system()) as found:
            for table in TABLES:
                rows[table.__tablename__] = [
                    tuple(row) for row in found.execute(
                        sa.select(table.__table__).order_by(
                            *table.__table__.primary_key))]
        return Present(rows, {key: self.lab.bank.get(key)
                              for key in self.lab.objects()})

    def first(self, fault):
        """The first worker, to its end; why it stopped."""
        claimed = self.lab.claim(owner='first')
        assert claimed.type == self.type
        try:
            return self.lab.process(fault, threads=2).carry_out(claimed)
        except exception.LeaseLost:
            return runs.LOST

    def steal(self):
        """The second worker claims it; None if it has ended."""
        if self.lab.operation(self.type, self.checkpoint_id).status not in (
                'running', 'queued'):
            return None
        self.lab.expire()
        return self.lab.claim(owner='second')

    def stopped(self, number, after, others):
        """Stop the first at a write, and let others act meanwhile.

        :return: whether there was something to be late for
        """
        self.checkpoint_id = self.ask()
        before = []

        def meanwhile():
            claimed = self.steal()
            if claimed is not None:
                others(self, claimed)
                before.append(self.present())

        fault = Faults(number, meanwhile, on=WRITES, after=after)
        why = self.first(fault)
        assert fault.hit
        if before:
            assert why == runs.LOST
            self.unchanged(before[0], self.present())
        else:
            assert why is None
        return bool(before)

    def unchanged(self, before, after):
        """Nothing that was written since counts."""
        assert after.rows == before.rows
        kept = {key: after.objects.get(key) for key in before.objects}
        if self.type == 'delete':
            # whoever removes what is to go, it is no loss
            kept = {key: data for key, data in kept.items() if data}
        assert kept.items() <= before.objects.items()
        assert self.type == 'delete' or len(kept) == len(before.objects)
        # what is new is beneath the attempt that is over
        for key in set(after.objects) - set(before.objects):
            assert layout.manifest_id(key) is None, key
            assert key.split('/')[3] == layout.attempt_folder(1), key


def finish(stage, claimed):
    assert stage.lab.process(threads=2).carry_out(claimed) is None
    assert stage.lab.operation(
        stage.type, stage.checkpoint_id).status == 'success'


def cancel(stage, claimed):
    assert stage.lab.ask_cancel(stage.type, stage.checkpoint_id) == 'running'
    stage.lab.expire()
    third = stage.lab.claim(owner='third')
    assert stage.lab.process(threads=2).carry_out(third) is None
    assert stage.lab.operation(
        stage.type, stage.checkpoint_id).status == 'cancelled'


def finish_and_delete(stage, claimed):
    finish(stage, claimed)
    stage.lab.delete(stage.checkpoint_id)


def sound(stage):
    """What the second has left is what it promised; and all of it can go."""
    lab, id_ = stage.lab, stage.checkpoint_id
    row = lab.checkpoint(id_)
    if row is None:
        # Between the proof of the claim and the making nothing can be known;
        # what is made then bears the mark of a checkpoint that is gone.
        for mark in [mark for mark in lab.outside if mark[0] == id_]:
            stage.orphans.append(lab.outside.pop(mark))
        lab.check_gone(id_)
        return
    lab.check_promise(id_)
    if stage.type in USING:
        return                  # it is needed again
    if row.status == 'error':
        manifest = lab.store.read_manifest(id_)
        assert (manifest.status, manifest.reason) == ('error',
                                                      row.status_reason)
    lab.delete(id_)


@pytest.mark.parametrize(('type_', 'others'), [
    *((type_, others) for type_ in TYPES for others in (finish, cancel)),
    ('protect', finish_and_delete), ('copy', finish_and_delete)])
def test_what_a_stale_worker_writes_does_not_count(lab, quiet, type_, others):
    stage = Stage(lab, type_)
    writes = stage.writes()
    late = 0
    for number, write in enumerate(writes, 1):
        for after in (False, True):
            where = f'{"after" if after else "before"} {number}: {write}'
            try:
                late += stage.stopped(number, after, others)
                sound(stage)
            except BaseException as error:
                error.add_note(where)
                raise
    # only after what ends it there is nothing left to be late for
    last = max(number for number, write in enumerate(writes, 1)
               if write.kind == 'write')
    assert late == 2 * last - 1
    assert len(stage.orphans) == (others is finish_and_delete)


@pytest.mark.parametrize('type_', TYPES)
def test_the_second_ends_well_what_the_first_still_writes_to(
        lab, quiet, type_):
    """The first wakes between the claim of the second and its work."""
    stage = Stage(lab, type_)
    writes = stage.writes()
    for number, write in enumerate(writes, 1):
        stage.checkpoint_id = stage.ask()
        claims = []
        stage.first(Faults(number, lambda c=claims: c.append(stage.steal()),
                           on=WRITES))
        try:
            if claims[0] is not None:
                finish(stage, claims[0])
            sound(stage)
        except BaseException as error:
            error.add_note(f'before {number}: {write}')
            raise


@pytest.mark.parametrize('type_', TYPES)
def test_every_kind_of_write_was_counted(lab, quiet, type_):
    """The recording sees what is known to be written."""
    writes = Stage(lab, type_).writes()
    names = {write.what for write in writes if write.kind == 'write'}
    keys = [write.what for write in writes if write.kind != 'write']
    assert {'operations.begin', 'operations.journal'} <= names
    manifests = [key for key in keys if layout.manifest_id(key)]
    ends = {'protect': '_complete', 'copy': '_complete',
            'restore': 'succeeded', 'verify': 'succeeded',
            'delete': 'removed'}
    assert f'outcome.{ends[type_]}' in names
    if type_ in ('restore', 'verify'):
        assert keys == []
    else:
        assert len(manifests) >= 2
        assert 'outcome.check_claim' in names
