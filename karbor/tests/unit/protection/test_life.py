# SPDX-License-Identifier: Apache-2.0
"""Whole lives of checkpoints against a small model of what must be.

``KARBOR_TEST_LIVES=2000`` has it try so many; each is up to 60 steps long
then. A life that goes wrong is told step by step, and shortened.
"""

from dataclasses import dataclass, field
import os

from hypothesis import HealthCheck
from hypothesis import Phase
from hypothesis import settings
from hypothesis import stateful
from hypothesis import strategies as st
import pytest
import sqlalchemy as sa

from karbor import context as karbor_context
from karbor import exception
from karbor import plugin
from karbor import policy
from karbor.actions import operations as operation_actions
from karbor.actions import scheduled_operations
from karbor.actions import triggers
from karbor.bank import codec
from karbor.db import models
from karbor.db import operations
from karbor.db import plans
from karbor.db import session
from karbor.operationengine import retention
from karbor.protection import importer
from karbor.tests.faults import BANK
from karbor.tests.faults import Crash
from karbor.tests.faults import Faults
from karbor.tests.unit.protection import life
from karbor.tests.unit.protection.lab import PROVIDER

LIVES = int(os.environ.get('KARBOR_TEST_LIVES', 0))
PROFILE = settings(
    max_examples=LIVES or 14, stateful_step_count=60 if LIVES else 22,
    # to shorten one takes its time
    phases=[Phase.generate, Phase.shrink] if LIVES else [Phase.generate],
    report_multiple_bugs=False,
    derandomize=not LIVES, deadline=None, database=None,
    suppress_health_check=list(HealthCheck))

MAKING = ('protect', 'copy')
# of what a worker stalls at: where it makes something outside nobody can know
# whether it is late
STALLING = ('put', 'delete', 'write', 'hook')
KEPT = 2


@dataclass
class Checkpoint:
    """What is known of one.

    :ivar content: digests by resource
    :ivar status: None while an operation makes or removes it
    """

    content: dict
    status: str | None = None


@dataclass
class Asked:
    """An operation that has not ended.

    :ivar may: how it may end
    :ivar was: what its checkpoint was when a deletion was asked for
    """

    type: str
    checkpoint_id: str
    source_id: str | None = None
    was: str | None = None
    may: set = field(default_factory=lambda: {'success'})


class Life(stateful.RuleBasedStateMachine):
    def __init__(self, lab):
        super().__init__()
        self.lab = lab
        self.checkpoints = {}
        self.asked = {}
        self.restored = {}      # digests by resource, by operation
        self.vain = set()       # restores without success
        self.stalled = []
        self.workers = 0
        self.versions = 0
        self.schedule_id = None

    @stateful.initialize(disk=st.booleans())
    def begin(self, disk):
        self.lab.reset(disk)

    # -- what users ask for ---------------------------------------------------

    def pick(self, data, statuses):
        ids = [id_ for id_, one in self.checkpoints.items()
               if one.status in statuses]
        return data.draw(st.sampled_from(ids), label='checkpoint')

    def has(*statuses):
        return stateful.precondition(lambda self: any(
            one.status in statuses for one in self.checkpoints.values()))

    def used(self, checkpoint_id):
        return any(checkpoint_id in (one.checkpoint_id, one.source_id)
                   for one in self.asked.values())

    def note(self, type_, checkpoint_id, **more):
        id_ = self.lab.operation(type_, checkpoint_id).id
        self.asked[id_] = Asked(type_, checkpoint_id, **more)

    @stateful.rule()
    def protect(self):
        id_ = self.lab.ask_protect()
        self.checkpoints[id_] = Checkpoint(
            {key: codec.digest(content)
             for key, content in self.lab.world.items()})
        self.note('protect', id_)

    @has('available')
    @stateful.rule(data=st.data())
    def copy(self, data):
        source_id = self.pick(data, ['available'])
        id_ = self.lab.ask_copy(source_id)
        self.checkpoints[id_] = Checkpoint(
            self.checkpoints[source_id].content)
        self.note('copy', id_, source_id=source_id)

    @has('available')
    @stateful.rule(data=st.data(), type_=st.sampled_from(
        ['restore', 'restore', 'verify']))
    def use(self, data, type_):
        id_ = self.pick(data, ['available'])
        if type_ == 'restore':
            self.asked[self.lab.ask_restore(id_)] = Asked(type_, id_)
        else:
            self.asked[self.lab.ask_verify(id_)] = Asked(type_, id_)

    @has('available', 'error', 'error-deleting')
    @stateful.rule(data=st.data())
    def delete(self, data):
        id_ = self.pick(data, ['available', 'error', 'error-deleting'])
        known = self.checkpoints[id_]
        if self.used(id_):
            with pytest.raises(exception.CheckpointNotDeletable):
                self.lab.ask_delete(id_)
            return
        self.lab.ask_delete(id_)
        self.note('delete', id_, was=known.status)
        known.status = None

    @has('error', 'error-deleting')
    @stateful.rule(data=st.data())
    def use_what_is_of_no_use(self, data):
        id_ = self.pick(data, ['error', 'error-deleting'])
        for ask in (self.lab.ask_restore, self.lab.ask_verify,
                    self.lab.ask_copy):
            with pytest.raises(exception.CheckpointNotAvailable):
                ask(id_)

    @stateful.precondition(lambda self: self.asked)
    @stateful.rule(data=st.data())
    def cancel(self, data):
        id_ = data.draw(st.sampled_from(list(self.asked)), label='operation')
        self.asked[id_].may.add('cancelled')
        operation_actions.cancel(self.lab.context, id_)
        self.look()

    @stateful.precondition(lambda self: not any(
        one.type == 'protect' for one in self.asked.values()))
    @stateful.rule()
    def change_the_world(self):
        self.versions += 1
        for key in self.lab.world:
            self.lab.world[key] = f'{key} {self.versions}'.encode() * 500

    @has('available')
    @stateful.rule()
    def expire(self):
        """A schedule that keeps the last ones removes the others."""
        self._schedule()
        with session.writer(karbor_context.system()) as found:
            found.execute(sa.text(
                "UPDATE scheduled_operations SET retention_at = '2000-01-01 "
                "00:00:00.000000'"))
        newest = max(
            (row.created_at, id_) for id_, known in self.checkpoints.items()
            if known.status == 'available'
            for row in [self.lab.checkpoint(id_)])
        assert retention.Sweeper(self.lab.conf).sweep() == 1
        for id_, known in self.checkpoints.items():
            row = self.lab.checkpoint(id_)
            if known.status is not None and row.status == 'deleting':
                assert row.created_at < newest[0] or row.origin == 'copy'
                assert not self.used(id_)
                self.note('delete', id_, was=known.status)
                known.status = None

    def _schedule(self):
        if self.schedule_id is not None:
            return
        plan = self.lab._usual_plan
        plans.update(self.lab.context, plan.id, {'status': 'started'})
        trigger = triggers.create(
            self.lab.context, name='t', type_='time', properties={
                'format': 'crontab', 'pattern': '@yearly'})
        self.schedule_id = scheduled_operations.create(
            self.lab.context, name='o', trigger_id=trigger.id,
            operation_type='retention_protect', operation_definition={
                'provider_id': PROVIDER, 'plan_id': plan.id,
                'max_backups': KEPT}).id

    # -- what workers do ------------------------------------------------------

    def worker(self, faults):
        """A worker with a claim, or None if there is no work."""
        self.workers += 1
        operation = self.lab.take(f'worker {self.workers}')
        if operation is None:
            return None
        assert operation.id in self.asked
        return self.lab.worker(operation, faults)

    @stateful.precondition(lambda self: self.asked)
    @stateful.rule()
    def work(self):
        self._work(Faults())

    @stateful.precondition(lambda self: self.asked)
    @stateful.rule(number=st.integers(1, 50), after=st.booleans())
    def die(self, number, after):
        self._work(Faults(number, Crash(), after=after))

    @stateful.precondition(lambda self: self.asked)
    @stateful.rule(number=st.integers(1, 30), after=st.booleans())
    def lose_the_database(self, number, after):
        self._work(Faults(number, OSError('the database is gone'),
                          on=['write'], after=after))

    @stateful.precondition(lambda self: self.asked)
    @stateful.rule(number=st.integers(1, 30), after=st.booleans(),
                   for_long=st.booleans())
    def lose_the_bank(self, number, after, for_long):
        self._work(Faults(
            number, plugin.BankError(key='k', reason='the bank is away'),
            on=BANK, after=after, from_then_on=for_long))

    def _work(self, faults):
        worker = self.worker(faults)
        if worker is None:
            return
        worker.work()
        if faults.hit and isinstance(faults._error, plugin.BankError):
            self.asked[worker.operation.id].may.add('error')
        if not faults.hit:
            assert worker.why is None
        self.look()

    @stateful.precondition(lambda self: self.asked and len(self.stalled) < 3)
    @stateful.rule(number=st.integers(1, 25))
    def stall(self, number):
        worker = self.worker(Faults(number, on=STALLING))
        if worker is not None and worker.stall():
            self.stalled.append(worker)
        self.look()

    @stateful.precondition(lambda self: self.stalled)
    @stateful.rule(data=st.data(), told=st.booleans())
    def wake(self, data, told):
        worker = data.draw(st.sampled_from(self.stalled), label='worker')
        self.stalled.remove(worker)
        worker.wake(told)
        self.look()

    @stateful.precondition(lambda self: self.asked)
    @stateful.rule()
    def leases_run_out(self):
        self.lab.expire()

    @stateful.precondition(lambda self: self.checkpoints and not self.asked
                           and not self.stalled)
    @stateful.rule()
    def bring_back(self):
        """The database is lost, and what the bank says is imported."""
        with session.writer(karbor_context.system()) as found:
            for table in (models.OperationResource, models.Operation,
                          models.Checkpoint):
                found.execute(sa.delete(table))
        told = importer.run(karbor_context.system(),
                            self.lab.process().provider)
        assert told.unreadable == []
        for id_, known in list(self.checkpoints.items()):
            if id_ in self.lab.store.manifests():
                if known.status != 'available':
                    known.status = 'error'
            else:
                assert known.status != 'available'
                self.gone(id_)
        assert told.added == len(self.checkpoints)

    # -- what must be ---------------------------------------------------------

    def look(self):
        """Take over what has ended."""
        for id_ in list(self.asked):
            operation = operations.get(karbor_context.system(), id_)
            if operation.status not in ('queued', 'running'):
                self.end(self.asked.pop(id_), operation)

    def end(self, asked, operation):
        status = operation.status
        assert status in asked.may, f'{status}: {operation.reason}'
        assert (status == 'success') == (operation.reason is None)
        known = self.checkpoints[asked.checkpoint_id]
        if asked.type in MAKING:
            known.status = 'available' if status == 'success' else 'error'
            if status == 'success':
                self.sound(asked.checkpoint_id)
        elif asked.type == 'delete':
            if status == 'success':
                self.gone(asked.checkpoint_id)
            else:
                known.status = 'error-deleting'
                if not operation.attempt:
                    known.status = asked.was
        elif asked.type == 'restore' and status == 'success':
            self.restored[operation.id] = known.content
        elif asked.type == 'restore':
            self.vain.add(operation.id)

    def sound(self, id_):
        """An available checkpoint is whole, and has its snapshots."""
        manifest = self.lab.store.read_manifest(id_)
        assert manifest.status == 'available'
        assert self.lab.store.verify(id_) == []
        content = {}
        for entry in manifest.resources:
            with self.lab.store.read(id_, entry).reader() as reader:
                content[entry.type, entry.id] = codec.digest(reader.read())
            assert len(self.lab.cloud.marked(
                life.mark(id_, entry.resource))) == 1
        assert content == self.checkpoints[id_].content

    def gone(self, id_):
        """Nothing of it is left, unless somebody late has put it there."""
        del self.checkpoints[id_]
        late = [worker for worker in self.stalled
                if worker.operation.checkpoint_id == id_]
        assert late or self.left_of(id_) == []

    def left_of(self, id_):
        return [*(key for key in self.lab.objects() if id_ in key),
                *(thing for thing in self.lab.cloud.things.values()
                  if thing.mark.startswith(id_))]

    @stateful.invariant()
    def the_index_says_so(self):
        with session.reader(karbor_context.system()) as found:
            rows = dict(found.execute(sa.select(
                models.Checkpoint.id, models.Checkpoint.status)).all())
        assert set(rows) == set(self.checkpoints)
        for id_, known in self.checkpoints.items():
            if known.status is None:
                assert rows[id_] in ('protecting', 'wait_copying', 'copying',
                                     'deleting')
            else:
                assert rows[id_] == known.status

    # -- the end --------------------------------------------------------------

    def teardown(self):
        self.finish()
        while self.stalled:
            self.stalled.pop().wake(False)
        self.finish()
        assert not self.asked
        self.the_index_says_so()
        for id_, known in self.checkpoints.items():
            if known.status == 'available':
                self.sound(id_)
                self.asked[self.lab.ask_restore(id_)] = Asked('restore', id_)
        self.finish()
        self.things_are_what_was_restored()
        for id_, known in self.checkpoints.items():
            self.lab.ask_delete(id_)
            self.note('delete', id_, was=known.status)
            known.status = None
        self.finish()
        assert not self.checkpoints
        assert self.lab.objects() == []
        self.things_are_what_was_restored(nothing_else=True)

    def finish(self):
        """Everything may run to its end."""
        while self.asked:
            self.lab.expire()
            self._work(Faults())

    def things_are_what_was_restored(self, nothing_else=False):
        things = list(self.lab.cloud.things.values())
        found = {}
        for thing in things:
            whose, type_, id_ = thing.mark.split()
            if thing.content == life.SNAPSHOT:
                assert not nothing_else, f'{thing.mark} is left over'
                continue
            assert whose in self.restored or whose in self.vain
            content = found.setdefault(whose, {})
            assert (type_, id_) not in content, f'{thing.mark} is doubled'
            content[type_, id_] = codec.digest(thing.content)
        for id_, content in self.restored.items():
            assert found[id_] == content


@pytest.fixture
def life_lab(conf, database, executors, tmp_path, monkeypatch):
    conf.set_override('auth_strategy', 'noauth')
    conf.set_override('max_crashes', 1000, 'protection')
    monkeypatch.setattr(policy, '_enforcer', None)
    policy.init(conf)
    # processes die here, but no machines
    monkeypatch.setattr(os, 'fsync', lambda fd: None)
    made = life.LifeLab(conf, tmp_path / 'bank', executors, monkeypatch)
    yield made
    made.close()
    conf.clear_override('auth_strategy')
    conf.clear_override('max_crashes', 'protection')


@pytest.mark.thorough
@pytest.mark.timeout(0 if LIVES else 300)
def test_lives(life_lab, quiet):
    stateful.run_state_machine_as_test(lambda: Life(life_lab),
                                       settings=PROFILE)
