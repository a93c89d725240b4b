# SPDX-License-Identifier: Apache-2.0
"""A small world to protect, and processes that may die doing so.

The database and the bank are real. A `Process` stands for one process of
karbor-protection: it has its own plugins, bank and threads, and a fault that
makes it fail or die. What it leaves behind, another process finds.
"""

from collections import Counter
import functools
import threading

from oslo_config import cfg
import sqlalchemy as sa

from karbor import context as karbor_context
from karbor import plugin
from karbor.actions import checkpoints as checkpoint_actions
from karbor.actions import copies
from karbor.actions import operations as operation_actions
from karbor.actions import plans
from karbor.actions import restores
from karbor.actions import verifications
from karbor.bank.patience import PatientBank
from karbor.bank.store import Store
from karbor.db import checkpoints
from karbor.db import models
from karbor.db import operations
from karbor.db import session
from karbor.plugins.bank.filesystem import FileSystemBank
from karbor.protection import providers
from karbor.protection import work
from karbor.protection.protectables import Protectables
from karbor.rpc import protection as rpc
from karbor.tests.faults import database
from karbor.tests.faults import Faults
from karbor.tests.faults import FaultyBank

PROJECT = '1' * 32
PROVIDER = 'cf56bd3e-97a7-4078-b6d5-f36246333fd9'
APP = 'Test::App'
DISK = 'Test::Disk'
CHUNK = 4096


def user(project=PROJECT, **kwargs):
    """Somebody who manages a project."""
    return karbor_context.RequestContext(
        user_id='u', project_id=project, overwrite=False,
        roles=['manager', 'member', 'reader'], **kwargs)


class Things(plugin.ProtectablePlugin):
    """Resources of one type, as the lab's world has them."""

    def __init__(self, lab, type_, parents=()):
        self.config = None
        self.resource_type = type_
        self.parent_types = frozenset(parents)
        self.lab = lab

    def _make(self, id_):
        return plugin.Resource(self.resource_type, id_, f'name of {id_}')

    def list(self, context, parameters):
        return [self._make(id_) for type_, id_ in self.lab.world
                if type_ == self.resource_type]

    def show(self, context, resource_id, parameters):
        if (self.resource_type, resource_id) not in self.lab.world:
            raise plugin.InstanceNotFound(type=self.resource_type,
                                          id=resource_id)
        return self._make(resource_id)

    def dependents(self, context, parents):
        return {parent.key: [self._make(id_) for id_
                             in self.lab.children.get(parent.id, ())]
                for parent in parents}


class Hooks(plugin.Operation):
    """Tells the lab of each hook, which does what is to be done."""

    kind = ''

    def on_prepare_begin(self, step):
        self._hook('on_prepare_begin', step)

    def on_prepare_finish(self, step):
        self._hook('on_prepare_finish', step)

    def on_main(self, step):
        self._hook('on_main', step)

    def on_complete(self, step):
        self._hook('on_complete', step)

    def _hook(self, name, step):
        with self.plugin.process.faults.call('hook'):
            self.plugin.process.lab.hook(self.kind, name, step)


class Protect(Hooks):
    kind = 'protect'


class Restore(Hooks):
    kind = 'restore'


class Delete(Hooks):
    kind = 'delete'


class Verify(Hooks):
    kind = 'verify'


class Copy(Hooks):
    kind = 'copy'


class Undo(Hooks):
    kind = 'undo'


class Protection(plugin.ProtectionPlugin):
    """Saves what the world has."""

    resource_types = frozenset({APP, DISK})
    operations = {'protect': Protect, 'restore': Restore, 'delete': Delete,
                  'verify': Verify, 'copy': Copy, 'undo': Undo}

    def __init__(self, process):
        self.process = process


class Process:
    """One process of karbor-protection, which may die.

    :ivar shop: what `work.carry_out` and `worker.Worker` need
    """

    def __init__(self, lab, faults=None, threads=1, patience=0):
        """Begin.

        :param patience: seconds for which it waits for a bank that is away
        """
        self.lab = lab
        self.faults = faults or Faults()
        self.protection = Protection(self)
        self.bank = FaultyBank(lab.bank, self.faults)
        self.store = Store(
            PatientBank(self.bank, 'provider test', patience, first=0.001),
            chunk_size=CHUNK)
        self.runs = []
        self.provider = providers.Provider(
            PROVIDER, 'test', 'for tests', self.store,
            dict.fromkeys((APP, DISK), self.protection))
        self.shop = work.Workshop(
            lab.conf, providers.Providers({PROVIDER: self.provider}),
            Protectables([Things(lab, APP), Things(lab, DISK, [APP])]),
            lab.executors[threads])

    def carry_out(self, operation, started=None):
        """Work on a claim as a worker does."""
        context = karbor_context.system()
        context.faults = self.faults

        def note(run):
            self.runs.append(run)
            if started is not None:
                started(run)

        return work.carry_out(self.shop, context, operation, note)

    def work(self):
        """Claim what there is and work on it; why it stopped."""
        return self.carry_out(self.lab.claim())


class Client:
    """Stands in for the bus: the actions ask the process of the lab."""

    def __init__(self, lab):
        self._lab = lab
        self.told = []
        self.workers = []

    def run(self, context, operation_id):
        self.told.append(operation_id)

    def cancel(self, context, operation_id):
        for worker in self.workers:
            worker.cancel(operation_id)

    def providers(self, context):
        return [self._lab.process().provider.describe()]


class Lab:
    """The world, the database, the bank, and what can be asked of them.

    :ivar world: content by (type, id)
    :ivar children: ids of disks by the id of an app
    :ivar outside: what hooks made outside of the bank, by (checkpoint,
        resource); gone when the checkpoint is deleted
    :ivar made: how often each of those was made
    :ivar restored: content that was restored, by (type, id)
    :ivar log: (kind, hook, id) of each hook that did its work
    :ivar tricks: called at the beginning of a hook, by (kind, hook, id)
    """

    def __init__(self, conf, path, executors, monkeypatch):
        self.conf = conf
        self.executors = executors
        own = cfg.ConfigOpts()
        own.register_opts(FileSystemBank.options,
                          FileSystemBank.option_group)
        own.set_override('file_system_bank_path', str(path),
                         FileSystemBank.option_group)
        self.bank = FileSystemBank(own)
        self.store = Store(self.bank, chunk_size=CHUNK)
        self.world = {(APP, 'app'): b'the app',
                      (DISK, 'disk'): bytes(range(256)) * 20}
        self.children = {'app': ['disk']}
        self.outside = {}
        self.made = Counter()
        self.restored = {}
        self.log = []
        self.tricks = {}
        self.context = user()
        self._lock = threading.Lock()
        self.client = Client(self)
        monkeypatch.setattr(rpc, '_client', self.client)
        database.watch(monkeypatch)

    def shrink(self):
        """Have no disk: less to wait for where everything is tried."""
        self.world = {(APP, 'app'): b'the app'}
        self.children = {}

    # -- doing ----------------------------------------------------------------

    def process(self, faults=None, threads=1, **kwargs):
        """A fresh process."""
        return Process(self, faults, threads, **kwargs)

    def hook(self, kind, name, step):
        """What the plugin does."""
        trick = self.tricks.get((kind, name, step.resource.id))
        if trick is not None:
            trick(step)
        doing = getattr(self, f'_{kind}_{name}', None)
        if doing is not None:
            doing(step)
        with self._lock:
            self.log.append((kind, name, step.resource.id))

    def _protect_on_prepare_begin(self, step):
        mark = step.checkpoint_id, step.resource.id

        def make():
            with self._lock:
                if mark not in self.outside:
                    self.made[mark] += 1
                    self.outside[mark] = f'thing of {step.resource.id}'
                return self.outside[mark]

        step.data.save({'thing': step.remember('thing', make)})

    # a copy has a thing of its own, which goes with it
    _copy_on_prepare_begin = _protect_on_prepare_begin

    def _protect_on_main(self, step):
        with step.data.writer() as writer:
            writer.write(self.world[step.resource.key])

    def _restore_on_main(self, step):
        # told of before anything is touched, once however often it is run
        if not any(step.records()):
            (step.overwrites if step.resource.key in self.restored
             else step.will_make)('thing', f'new-{step.resource.id}')
        with step.data.reader() as reader:
            self.restored[step.resource.key] = reader.read()
        step.replaced_by(f'new-{step.resource.id}')

    def _undo_on_main(self, step):
        for _record in step.made():
            self.restored.pop(step.resource.key, None)

    def _delete_on_main(self, step):
        self.outside.pop((step.checkpoint_id, step.resource.id), None)

    def _verify_on_main(self, step):
        if (step.checkpoint_id, step.resource.id) not in self.outside:
            raise plugin.PluginError(reason='The thing is gone.')

    def _copy_on_main(self, step):
        with step.source.reader() as reader, step.data.writer() as writer:
            while part := reader.read(CHUNK):
                writer.write(part)

    # -- asking for it --------------------------------------------------------

    @functools.cached_property
    def _usual_plan(self):
        return self.plan()

    def plan(self, *resources, **kwargs):
        """A plan of some resources, by default of the app."""
        return plans.create(
            self.context, name='p', provider_id=PROVIDER, parameters={},
            resources=resources or [plugin.Resource(APP, 'app', 'app')],
            **kwargs)

    def ask_protect(self, *resources, beside=False):
        """Ask for a checkpoint; returns its id.

        :param beside: of a plan of its own; of the same one, they would wait
            for each other
        """
        plan = (self.plan(*resources) if resources or beside
                else self._usual_plan)
        return checkpoint_actions.create(self.context, PROVIDER, plan.id).id

    def ask_restore(self, checkpoint_id):
        return restores.create(self.context, provider_id=PROVIDER,
                               checkpoint_id=checkpoint_id, parameters={}).id

    def failed_restore(self, checkpoint_id):
        """A restore of which nobody tells the end of its app; its id."""
        def trick(step):
            raise plugin.PluginError(reason='The app does not start.')

        restore_id = self.ask_restore(checkpoint_id)
        self.tricks['restore', 'on_complete', 'app'] = trick
        assert self.process().work() is None
        del self.tricks['restore', 'on_complete', 'app']
        return restore_id

    def ask_undo(self, restore_id):
        return restores.undo(self.context, restore_id).id

    def ask_cancel(self, type_, checkpoint_id):
        """Cancel the last operation of a type; its status after that."""
        return operation_actions.cancel(
            self.context, self.operation(type_, checkpoint_id).id).status

    def ask_delete(self, checkpoint_id, **kwargs):
        checkpoint_actions.delete(self.context, PROVIDER, checkpoint_id,
                                  **kwargs)

    def ask_verify(self, checkpoint_id):
        return verifications.create(
            self.context, provider_id=PROVIDER, checkpoint_id=checkpoint_id,
            parameters={}).id

    def ask_copy(self, checkpoint_id, target_id=None):
        """Ask for a copy; returns the id of the new checkpoint."""
        return copies.create(
            self.context, PROVIDER, checkpoint_id=checkpoint_id,
            target_id=target_id, parameters={}).checkpoint_id

    def claim(self, owner='owner', lease=1000):
        """The next operation, of which there has to be one."""
        operation = operations.claim(karbor_context.system(), owner, lease)
        assert operation is not None
        return operation

    def expire(self):
        """The leases of all that is running run out."""
        with session.writer(karbor_context.system()) as found:
            found.execute(sa.text(
                "UPDATE operations SET lease_until = '2000-01-01 "
                "00:00:00.000000' WHERE status = 'running'"))

    def protected(self):
        """A checkpoint that is available; its id."""
        checkpoint_id = self.ask_protect()
        assert self.process().work() is None
        self.check_available(checkpoint_id)
        return checkpoint_id

    # -- what has become of it ------------------------------------------------

    def checkpoint(self, checkpoint_id):
        """Its row, or None."""
        with session.reader(karbor_context.system()) as found:
            row = found.get(models.Checkpoint, checkpoint_id)
            return None if row is None else checkpoints._model(row)

    def operation(self, type_, checkpoint_id):
        """The last operation of a type on a checkpoint."""
        with session.reader(karbor_context.system()) as found:
            id_ = found.execute(
                sa.select(models.Operation.id)
                .where(models.Operation.type == type_,
                       models.Operation.checkpoint_id == checkpoint_id)
                .order_by(models.Operation.created_at.desc())
                .limit(1)).scalar()
        return operations.get(karbor_context.system(), id_)

    def statuses(self, operation):
        """Statuses of its resources by id."""
        return {r.id: r.status for r in operation.resources}

    def objects(self):
        """Keys of everything in the bank."""
        return self.bank.list()

    def check_available(self, checkpoint_id):
        """Its row, its manifest and its data say so."""
        row = self.checkpoint(checkpoint_id)
        assert row.status == 'available', row.status_reason
        assert row.sealed
        manifest = self.store.read_manifest(checkpoint_id)
        assert manifest.status == 'available'
        assert self.store.verify(checkpoint_id) == []
        assert {(e.type, e.id) for e in manifest.resources} == set(self.world)
        for entry in manifest.resources:
            data = self.store.read(checkpoint_id, entry)
            with data.reader() as reader:
                assert reader.read() == self.world[entry.type, entry.id]
            assert data.load() == {'thing': f'thing of {entry.id}'}

    def check_promise(self, checkpoint_id):
        """What the bank calls available is whole, whatever has happened."""
        if checkpoint_id in self.store.manifests():
            manifest = self.store.read_manifest(checkpoint_id)
            if manifest.status == 'available':
                assert self.store.verify(checkpoint_id) == []
                assert len(manifest.resources) == len(self.world)
        row = self.checkpoint(checkpoint_id)
        if row is not None and row.status == 'available':
            self.check_available(checkpoint_id)

    def check_gone(self, checkpoint_id):
        """Nothing is left of it anywhere."""
        assert self.checkpoint(checkpoint_id) is None
        assert [key for key in self.objects() if checkpoint_id in key] == []
        assert [mark for mark in self.outside
                if mark[0] == checkpoint_id] == []

    def delete(self, checkpoint_id):
        """Delete with nothing in the way, and see that it is gone."""
        self.ask_delete(checkpoint_id)
        assert self.process().work() is None
        self.check_gone(checkpoint_id)
