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
    """One hook. It never fails, for taskflow would revert the others."""

    def __init__(self, call: Call, run: Callable[[Call], None]) -> None:
        super().__init__(name=f'{call.hook}:{call.position}')
        self._call = call
        self._run = run

    def execute(self) -> None:
        self._run(self._call)


def run(batch: Batch, hook: Callable[[Call], None], executor: Any) -> None:
    """Run the hooks of a batch side by side, and wait for all of them.

    :param hook: runs one; must not raise but for what ends the operation
    :param executor: a `taskflow` compatible executor, shared by all flows
    :raises BaseException: the first that a hook raised, when all have ended
    """
    errors: list[BaseException] = []

    def guarded(call: Call) -> None:
        try:
            hook(call)
        except BaseException as error:
            # Raised again below. Here it would end the flow while others
            # still run, and SystemExit would end a thread that the executor
            # never replaces.
            errors.append(error)

    if len(batch) == 1:
        # a flow of one task would only add its own weight
        executor.submit(guarded, batch[0]).result()
    else:
        flow = unordered_flow.Flow('hooks')
        for call in batch:
            flow.add(_HookTask(call, guarded))
        engines.load(flow, engine='parallel', executor=executor).run()
    if errors:
        raise errors[0]
