# SPDX-License-Identifier: Apache-2.0
"""From a graph to the order of hooks.

Three phases with a barrier between them: prepare (parents, then children, and
back), main (side by side), complete (children before parents). A resource's
level in the graph gives the order, so a phase is a list of levels and a level
is a list of batches, whose hooks may run at the same time. Only hooks that a
plugin overrides are there: the others cost nothing.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
import itertools

from karbor.model.graph import Graph
from karbor.model.resource import Resource


@dataclass(frozen=True, slots=True)
class Call:
    """One hook of one resource.

    :ivar position: of the resource in the graph
    """

    position: int
    hook: str


Batch = list[Call]
HooksOf = Callable[[Resource], Iterable[str]]


def phases(graph: Graph, hooks_of: HooksOf, size: int, *,
           parents_first: bool = False) -> Iterator[tuple[str, list[Batch]]]:
    """(name of the phase, its batches in order) for each phase.

    :param hooks_of: names of the hooks that are to run for a resource
    :param size: most calls in a batch
    :param parents_first: the main and the last phase go level by level, and
        no child begins before its parents have ended, as in an undo
    """
    wanted = [frozenset(hooks_of(resource)) for resource in graph.resources]
    down: list[list[int]] = []
    for position, resource in enumerate(graph.resources):
        depth = graph.depths[resource.key]
        while len(down) <= depth:
            down.append([])
        down[depth].append(position)
    up = down[::-1]

    def batches(hook: str, levels: list[list[int]]) -> Iterator[Batch]:
        for level in levels:
            calls = (Call(position, hook) for position in level
                     if hook in wanted[position])
            while batch := list(itertools.islice(calls, size)):
                yield batch

    everything = [list(range(len(graph.resources)))]
    yield 'prepare', [*batches('on_prepare_begin', down),
                      *batches('on_prepare_finish', up)]
    yield 'main', list(batches('on_main',
                               down if parents_first else everything))
    yield 'complete', list(batches('on_complete',
                                   down if parents_first else up))
