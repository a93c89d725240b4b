# SPDX-License-Identifier: Apache-2.0
"""Many threads at once, for tests of what many threads use."""

from collections.abc import Callable, Iterable
import threading


def run_together(works: Iterable[Callable[[], object]]) -> None:
    """Run all at once in threads; the first error is the caller's."""
    works = list(works)
    if not works:
        return
    errors: list[BaseException] = []
    gate = threading.Barrier(len(works))

    def run(work: Callable[[], object]) -> None:
        try:
            gate.wait()
            work()
        except BaseException as error:  # noqa: B036 - raised below
            errors.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # what broke the barrier tells more than that it broke
    errors.sort(key=lambda error: isinstance(
        error, threading.BrokenBarrierError))
    if errors:
        raise errors[0]
