# SPDX-License-Identifier: Apache-2.0
"""Running batches of hooks as flows of taskflow.

A flow is compiled as a whole, at a cost that grows with the square of its
size, so there is one for each batch; all share one executor, whose threads
are the limit of how much happens at a time. taskflow keeps its state in
memory: the journal is in the database (`karbor.protection.journal`).
"""

from collections.abc import Callable
from typing import Any

from taskflow import engines
from taskflow import task
from taskflow.patterns import unordered_flow

from karbor.protection.flows.build import Batch
from karbor.protection.flows.build import Call


class _HookTask(task.Task):
    """One hook. It never fails: outcomes are recorded, not reverted."""

    def __init__(self, call: Call, run: Callable[[Call], None]) -> None:
        super().__init__(name=f'{call.hook}:{call.position}')
        self._call = call
        self._run = run

    def execute(self) -> None:
        self._run(self._call)


def run(batch: Batch, hook: Callable[[Call], None], executor: Any) -> None:
    """Run the hooks of a batch side by side, and wait for them.

    :param hook: runs one; must not raise but for what ends the operation
    :param executor: a `taskflow` compatible executor, shared by all flows
    """
    if len(batch) == 1:
        # a flow of one task would only add its own weight
        executor.submit(hook, batch[0]).result()
        return
    flow = unordered_flow.Flow('hooks')
    for call in batch:
        flow.add(_HookTask(call, hook))
    engines.load(flow, engine='parallel', executor=executor).run()
