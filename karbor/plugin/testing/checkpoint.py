# SPDX-License-Identifier: Apache-2.0
"""A checkpoint of one resource and operations on it, as the framework has
them, for the suite of protection plugins.
"""

from collections.abc import Callable, Mapping
import copy
from typing import Any
import uuid

from karbor.model.operation import MAKING
from karbor.model.record import Record
from karbor.model.resource import Resource
from karbor.plugin.base import Context
from karbor.plugin.protection import Operation
from karbor.plugin.protection import ProtectionPlugin
from karbor.plugin.testing.step import MemoryData
from karbor.plugin.testing.trap import Trap
from karbor.plugin.testing.trap import TrapStep


class Checkpoint:
    """One checkpoint of one resource, as the framework keeps it.

    The hooks of an operation run one after another, each with a new plugin,
    a new operation and a new step. What a hook wrote is taken over only when
    it ends well.

    :ivar data: what is saved
    :ivar made: keys for which `Step.remember` had to make, by operation
    """

    def __init__(self, make_plugin: Callable[[], ProtectionPlugin],
                 resource: Resource, context: Context,
                 source: 'Checkpoint | None' = None) -> None:
        self.id = str(uuid.uuid4())
        self.data = MemoryData()
        self.made: dict[str, list[str]] = {}
        self._make_plugin = make_plugin
        self._resource = resource
        self._context = context
        self._source = source

    def copy(self) -> 'Checkpoint':
        """A checkpoint that a copy operation can make a copy of this one."""
        return Checkpoint(self._make_plugin, self._resource, self._context,
                          source=self)

    def run(self, operation: 'Run', *, times: int = 1,
            trap: Trap | None = None, stop: bool = False,
            check: Callable[[TrapStep], None] | None = None) -> None:
        """Run the hooks of an operation that are not done yet.

        :param times: how often each hook is run
        :param check: called with the step after each hook
        """
        trap = trap or Trap()
        hooks = self._class(operation.name).hooks()
        for hook in hooks:
            if hook in operation.done:
                continue
            for _time in range(times):
                self._hook(operation, hook, trap, stop, check)
            operation.done.append(hook)

    def _class(self, name: str) -> type[Operation]:
        return self._make_plugin().operations.get(name, Operation)

    def _hook(self, operation: 'Run', hook: str, trap: Trap, stop: bool,
              check: Callable[[TrapStep], None] | None) -> None:
        # an undo has to do without the checkpoint
        data = (MemoryData() if operation.undoes
                else copy.deepcopy(self.data))
        source = (copy.deepcopy(self._source.data)
                  if self._source and operation.name == 'copy' else None)
        step = TrapStep(self._resource, trap, data, source=source,
                        read_only=operation.name not in MAKING,
                        parameters=operation.parameters,
                        context=self._context, memo=operation.memo,
                        checkpoint_id=self.id, operation_id=operation.id,
                        replaced=operation.replaced,
                        announced=operation.announced,
                        announces=operation.name == 'restore',
                        undoes=operation.undoes)
        step.stop = stop
        made = self.made.setdefault(operation.id, [])
        try:
            act = self._class(operation.name)(self._make_plugin())
            getattr(act, hook)(step)
        finally:
            made += step.remembered
        if operation.name in MAKING:
            self.data = data
        if check:
            check(step)


class Run:
    """An operation: what survives when its worker dies."""

    def __init__(self, name: str,
                 parameters: Mapping[str, Any] | None = None, *,
                 undoes: str | None = None) -> None:
        self.name = name
        self.undoes = undoes
        self.announced: list[Record] = []
        self.parameters = parameters or {}
        self.id = str(uuid.uuid4())
        self.memo: dict[str, Any] = {}
        self.replaced: dict[tuple[str, str], str] = {}
        self.done: list[str] = []

    def undo(self) -> 'Run':
        """The operation that undoes this restore."""
        undo = Run('undo', self.parameters, undoes=self.id)
        undo.memo = copy.deepcopy(self.memo)
        undo.replaced = dict(self.replaced)
        undo.announced = list(self.announced)
        return undo

    @property
    def overwrote(self) -> bool:
        """Whether it said so of anything."""
        return not all(record.made for record in self.announced)
