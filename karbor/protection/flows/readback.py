# SPDX-License-Identifier: Apache-2.0
"""The part of a verification that is the same for every plugin.

All that the bank holds of a resource is read and every digest is proved. In
the journal it is a hook of its own, before those of the plugin, so that what
was read is not read again after a crash.
"""

from collections.abc import Iterable, Iterator
import itertools

from karbor.bank.audit import Problem
from karbor.i18n import _
from karbor.protection.flows import hooks
from karbor.protection.flows import outcome
from karbor.protection.flows.build import Batch
from karbor.protection.flows.build import Call
from karbor.protection.run import Run

HOOK = 'read_back'
# so many damaged objects of a resource are named, the others are counted
_NAMED = 5


def batches(run: Run, size: int) -> Iterator[Batch]:
    """Resources that are still to be read, so many at a time."""
    calls = (Call(position, HOOK) for position, state
             in enumerate(run.states) if HOOK not in state.hooks_done
             and not run.progress.is_out(position))
    while batch := list(itertools.islice(calls, size)):
        yield batch


def call(run: Run, what: Call) -> None:
    """Read one resource and write the outcome to the journal.

    Returns in any case, as `hooks.call` does.
    """
    position = what.position
    entry = run.states[position].entry
    if run.halted is not None:
        return
    run.progress.begin(position, 0)
    try:
        damage = None if entry is None else _sentence(
            run.provider.store.verify_resource(
                run.operation.checkpoint_id, entry, check=run.check,
                on_bytes=run.counter(position)))
        run.check_held()
        if damage is None:
            hooks.end(run, position, what.hook)
        else:
            # before the journal, from which it is not read again
            outcome.damaged(run, f'{run.states[position].resource}: {damage}')
            hooks.fail(run, position, damage)
    except BaseException as error:
        # A bank may raise anything. It becomes the reason of the resource,
        # and the others are read all the same, unless the run stops.
        if run.halted is None:
            hooks.fail_with(run, position, error)


def _sentence(problems: Iterable[Problem]) -> str | None:
    """What is damaged, in bounded room; None if nothing is."""
    named: list[str] = []
    more = 0
    for problem in problems:
        if len(named) < _NAMED:
            named.append(str(problem))
        else:
            more += 1
    if more:
        named.append(_('(and %d more)') % more)
    return ' '.join(named) or None
