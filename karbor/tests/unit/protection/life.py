# SPDX-License-Identifier: Apache-2.0
"""The laboratory for whole lives: workers that die, stall and come late.

Its plugin makes things outside that bear marks: a snapshot of each resource
with each checkpoint, and a new resource with each restore.
"""

import dataclasses
import threading

import sqlalchemy as sa

from karbor import context as karbor_context
from karbor import exception
from karbor import plugin
from karbor.db import models
from karbor.db import operations
from karbor.db import session
from karbor.protection.flows import engine
from karbor.tests.faults import Cloud
from karbor.tests.faults import Crash
from karbor.tests.faults import Hang
from karbor.tests.unit.protection import lab as labs
from karbor.tests.unit.protection.lab import APP
from karbor.tests.unit.protection.lab import DISK

SNAPSHOT = b'a snapshot'


def mark(whose, resource):
    """What bears it was made for a checkpoint or by an operation."""
    return f'{whose} {resource.type} {resource.id}'


class _Operation(plugin.Operation):
    @property
    def _cloud(self):
        return self.plugin.process.cloud

    def _world(self, step):
        return self.plugin.process.lab.world[step.resource.key]

    def _begin(self, step):
        with self.plugin.process.faults.call('hook', str(step.resource)):
            step.check()

    def _snapshot(self, step):
        own = mark(step.checkpoint_id, step.resource)
        step.data.save({'snapshot': step.remember(
            'snapshot', lambda: self._cloud.made(own, SNAPSHOT).id)})


class Protect(_Operation):
    def on_prepare_begin(self, step):
        self._begin(step)
        self._snapshot(step)

    def on_main(self, step):
        self._begin(step)
        with step.data.writer() as writer:
            writer.write(self._world(step))


class Copy(_Operation):
    def on_main(self, step):
        self._begin(step)
        self._snapshot(step)
        with step.source.reader() as reader, step.data.writer() as writer:
            writer.write(reader.read())


class Restore(_Operation):
    def on_main(self, step):
        self._begin(step)
        with step.data.reader() as reader:
            content = reader.read()
        own = mark(step.operation_id, step.resource)
        step.replaced_by(step.remember(
            'new', lambda: self._cloud.made(own, content).id))

    def on_complete(self, step):
        self._begin(step)
        if step.new_id(step.resource) != step.recall('new'):
            raise plugin.PluginError(reason='It has another id now.')


class Verify(_Operation):
    def on_main(self, step):
        self._begin(step)
        found = self._cloud.find(mark(step.checkpoint_id, step.resource))
        if step.data.load()['snapshot'] not in [one.id for one in found]:
            raise plugin.PluginError(reason='The snapshot is gone.')


class Delete(_Operation):
    def on_main(self, step):
        self._begin(step)
        self._cloud.remove(mark(step.checkpoint_id, step.resource))


class Plugin(plugin.ProtectionPlugin):
    resource_types = frozenset({APP, DISK})
    operations = {'protect': Protect, 'restore': Restore, 'delete': Delete,
                  'verify': Verify, 'copy': Copy}

    def __init__(self, process):
        self.process = process


class Process(labs.Process):
    """Has threads of its own, in which it may stall."""

    def __init__(self, lab, faults, executor):
        super().__init__(lab, faults)
        self.cloud = lab.cloud.client(self.faults)
        self.provider = dataclasses.replace(
            self.provider, plugins=dict.fromkeys((APP, DISK), Plugin(self)))
        self.shop.providers.by_id[labs.PROVIDER] = self.provider
        self.shop.executor = executor


class Worker(threading.Thread):
    """A process that works on one claim.

    :ivar why: why it stopped without an outcome; `Crash` if it died
    """

    def __init__(self, lab, operation, faults):
        super().__init__(daemon=True)
        self.operation = operation
        self.faults = faults
        self.why = None
        self._lab = lab
        self._executor = lab.take_executor()
        self._process = Process(lab, faults, self._executor)
        self._error = None
        self._hang = None

    def work(self):
        """Work on it until the end."""
        try:
            self.why = self._process.carry_out(self.operation)
        except (Crash, OSError, exception.LeaseLost) as error:
            # the process or its database are gone, or the claim
            self.why = error
        finally:
            self._lab.executors_free.append(self._executor)

    def stall(self):
        """Work in a thread; whether it hangs at the fault."""
        self._hang = Hang()
        self.faults._error = self._hang
        self.start()
        self._hang.wait()
        if not self.faults.hit:
            self._end()
        return self.faults.hit

    def wake(self, told):
        """Have it go on to its end.

        :param told: its clock tells it that its lease has run out
        """
        if told:
            for run in self._process.runs:
                run.prolonged(float('-inf'))
        self._hang.release()
        self._end()

    def run(self):
        try:
            self.work()
        except BaseException as error:  # raised by who waits
            self._error = error
        self._hang.reached.set()

    def _end(self):
        self.join()
        if self._error is not None:
            raise self._error


class LifeLab(labs.Lab):
    """The world, the bank, and a cloud.

    :ivar executors_free: each of one thread, so that hooks have an order
    """

    def __init__(self, *args):
        super().__init__(*args)
        self.cloud = Cloud()
        self.executors_free = []
        self._executors = []

    def take_executor(self):
        if not self.executors_free:
            self._executors.append(engine.Threads(1))
            return self._executors[-1]
        return self.executors_free.pop()

    def close(self):
        for executor in self._executors:
            executor.shutdown()

    def reset(self, disk):
        """As if nothing had ever happened."""
        with session.writer(karbor_context.system()) as found:
            for table in reversed(models.Operation.metadata.sorted_tables):
                if table.name != 'alembic_version':
                    found.execute(sa.delete(table))
        for key in self.bank.list():
            self.bank.delete(key)
        self.cloud.things.clear()
        self.world = {(APP, 'app'): b'content 0'}
        self.children = {}
        if disk:
            self.world[DISK, 'disk'] = b'disk 0' * 1000
            self.children = {'app': ['disk']}
        self.__dict__.pop('_usual_plan', None)

    def take(self, owner):
        """Claim what there is, if there is something."""
        return operations.claim(karbor_context.system(), owner, 1000)

    def worker(self, operation, faults):
        return Worker(self, operation, faults)
