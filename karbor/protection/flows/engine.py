# SPDX-License-Identifier: Apache-2.0
"""Running batches of hooks as flows of taskflow.

A resource type may have threads of its own, and with them a limit of its own:
what waits for those takes no thread from the others. The threads of an
executor are the limit of how much happens on it at a time. A task of a flow
costs many times what a hook costs beside it, so a flow has only one for each
thread, and each takes one hook after the other until none is left. taskflow
keeps its state in memory: the journal is in the database
(`karbor.protection.journal`).
"""

import collections
from collections.abc import Callable
import threading

import futurist
from taskflow import engines
from taskflow import task
from taskflow.patterns import unordered_flow

from karbor.protection.flows.build import Batch
from karbor.protection.flows.build import Call


class Threads(futurist.ThreadPoolExecutor):
    """An executor that says how many threads it has at most.

    :ivar size: so many
    """

    def __init__(self, size: int) -> None:
        super().__init__(max_workers=size)
        self.size = size


class _Hooks(task.Task):
    """Hooks one after the other, of those that all tasks of a flow share.

    It never fails, for taskflow would revert the others.
    """

    def __init__(self, number: int, waiting: collections.deque[Call],
                 run: Callable[[Call], None]) -> None:
        super().__init__(name=f'hooks:{number}')
        self._waiting = waiting
        self._run = run

    def execute(self) -> None:
        while True:
            try:
                call = self._waiting.popleft()
            except IndexError:
                # another one has taken the last
                return
            self._run(call)


def run(batch: Batch, hook: Callable[[Call], None],
        executor_of: Callable[[Call], Threads]) -> None:
    """Run the hooks of a batch side by side, and wait for all of them.

    :param hook: runs one; must not raise but for what ends the operation
    :param executor_of: the `Threads` on which a hook is to run, shared by
        all flows
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

    groups: dict[int, tuple[Threads, Batch]] = {}
    for call in batch:
        executor = executor_of(call)
        groups.setdefault(id(executor), (executor, []))[1].append(call)

    def together(executor: Threads, calls: Batch) -> None:
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


def _run(executor: Threads, batch: Batch,
         hook: Callable[[Call], None]) -> None:
    if len(batch) == 1:
        # a flow of one task would only add its own weight
        executor.submit(hook, batch[0]).result()
        return
    flow = unordered_flow.Flow('hooks')
    waiting = collections.deque(batch)
    for number in range(min(len(batch), executor.size)):
        flow.add(_Hooks(number, waiting, hook))
    engines.load(flow, engine='parallel', executor=executor).run()
