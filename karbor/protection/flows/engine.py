# SPDX-License-Identifier: Apache-2.0
"""Running batches of hooks as flows of taskflow.

A resource type may have threads of its own, and with them a limit of its own:
what waits for those takes no thread from the others. A flow is compiled as a
whole, at a cost that grows with the square of its size, so there is one for
each batch and executor. The threads of an executor are the limit of how much
happens on it at a time. taskflow keeps its state in memory: the journal is in
the database (`karbor.protection.journal`).
"""

from collections.abc import Callable
import threading
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


def run(batch: Batch, hook: Callable[[Call], None],
        executor_of: Callable[[Call], Any]) -> None:
    """Run the hooks of a batch side by side, and wait for all of them.

    :param hook: runs one; must not raise but for what ends the operation
    :param executor_of: on which a hook is to run: `taskflow` compatible,
        shared by all flows
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

    groups: dict[int, tuple[Any, Batch]] = {}
    for call in batch:
        executor = executor_of(call)
        groups.setdefault(id(executor), (executor, []))[1].append(call)

    def together(executor: Any, calls: Batch) -> None:
        try:
            _run(executor, calls, guarded)
        except BaseException as error:
            # raised again below, when the other groups have ended
            errors.append(error)

    *others, last = groups.values()
    threads = [threading.Thread(target=together, args=group)
               for group in others]
    for thread in threads:
        thread.start()
    together(*last)
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def _run(executor: Any, batch: Batch, hook: Callable[[Call], None]) -> None:
    if len(batch) == 1:
        # a flow of one task would only add its own weight
        executor.submit(hook, batch[0]).result()
        return
    flow = unordered_flow.Flow('hooks')
    for call in batch:
        flow.add(_HookTask(call, hook))
    engines.load(flow, engine='parallel', executor=executor).run()
