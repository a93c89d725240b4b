# SPDX-License-Identifier: Apache-2.0
"""Every state and every allowed change, in one table a noun.

Nothing sets a status by assignment: a writer names the change, and the table
says whether it may happen. No state is a dead end: from each one there is a
way to a final state, and a user or a worker can always take it (a test walks
the tables).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from karbor import exception


@dataclass(frozen=True)
class StateTable:
    """States of a noun and the changes between them.

    :ivar noun: what has the states
    :ivar initial: states in which one is made
    :ivar final: states in which it may stay for ever
    :ivar changes: allowed next states by state
    """

    noun: str
    initial: frozenset[str]
    final: frozenset[str]
    changes: Mapping[str, frozenset[str]]

    @property
    def states(self) -> frozenset[str]:
        return frozenset(self.changes)

    def check(self, old: str, new: str) -> str:
        """Return ``new`` if the change is allowed.

        :raises exception.IllegalTransition: it is not
        """
        if new not in self.changes.get(old, frozenset()):
            raise exception.IllegalTransition(noun=self.noun, old=old,
                                              new=new)
        return new

    def sources(self, new: str) -> frozenset[str]:
        """The states from which ``new`` may be reached."""
        return frozenset(old for old, news in self.changes.items()
                         if new in news)


def _table(noun: str, initial: str, final: str,
           **changes: str) -> StateTable:
    return StateTable(
        noun, frozenset(initial.split()), frozenset(final.split()),
        {state.replace('_deleting', '-deleting'): frozenset(news.split())
         for state, news in changes.items()})


PLAN = _table(
    'plan', initial='suspended started', final='suspended started',
    suspended='started suspended',
    started='suspended started')

# A deleted checkpoint has no row: 'deleted' is what its operation reports.
CHECKPOINT = _table(
    'checkpoint', initial='protecting wait_copying',
    final='available error deleted',
    # 'deleting' from the first three: what makes it is cancelled first
    protecting='available error deleting',
    wait_copying='copying error deleting',
    copying='available error deleting',
    available='error deleting',
    # 'available' only by hand, and only if it was sealed
    error='available deleting',
    # back to what it was only if nobody has begun to delete, or by hand if
    # nobody goes on: to 'error', from which it is never available again
    deleting='deleted error-deleting available error',
    error_deleting='deleting error',
    deleted='')

OPERATION = _table(
    'operation', initial='queued', final='success error cancelled',
    queued='running cancelled error',
    # back to 'queued' when a worker gives it up in good order
    running='queued running success error cancelled',
    success='', error='', cancelled='')

# One resource in an operation. 'undefined' is the v1 word for "not begun".
# What is not to be done at all is skipped from the beginning.
OPERATION_RESOURCE = _table(
    'resource', initial='undefined skipped', final='success error skipped',
    undefined='running error success',
    # a resumed operation runs a resource again
    running='running success error',
    success='running error',
    error='running',
    skipped='')

# A run of a scheduled operation. What is known when it is triggered, is its
# state from the beginning.
RUN = _table(
    'run', initial='queued dropped_out_of_window skipped',
    final='success failed dropped_out_of_window skipped',
    # 'queued' again: given back, or a claim has run out
    queued='queued running skipped failed dropped_out_of_window',
    running='success failed',
    success='', failed='', skipped='', dropped_out_of_window='')

BEING_MADE = ('protecting', 'wait_copying', 'copying')
# The states that a checkpoint may have while an operation changes it. One that
# makes a checkpoint leaves it alone if it is to be deleted meanwhile.
DURING: Mapping[str, tuple[str, ...]] = {
    'protect': BEING_MADE, 'copy': BEING_MADE, 'delete': ('deleting',)}

# Where a checkpoint goes when an operation on it fails or is cancelled; a type
# that is not here leaves it as it is.
AFTER_FAILURE: Mapping[str, str] = {
    'protect': 'error', 'copy': 'error', 'delete': 'error-deleting'}

SERVICE = _table(
    'service', initial='enabled', final='enabled disabled',
    enabled='disabled enabled', disabled='enabled disabled')

# The words of the v1 contract for an operation, by type and status.
V1_OPERATION_STATUS: Mapping[str, Mapping[str, str]] = {
    'protect': {'queued': 'protecting', 'running': 'protecting',
                'success': 'available', 'error': 'error',
                'cancelled': 'error'},
    'delete': {'queued': 'deleting', 'running': 'deleting',
               'success': 'deleted', 'error': 'error-deleting',
               'cancelled': 'error-deleting'},
    'restore': {'queued': 'in_progress', 'running': 'in_progress',
                'success': 'success', 'error': 'fail', 'cancelled': 'fail'},
    'verify': {'queued': 'in_progress', 'running': 'in_progress',
               'success': 'success', 'error': 'fail', 'cancelled': 'fail'},
    'copy': {'queued': 'wait_copying', 'running': 'copying',
             'success': 'available', 'error': 'error', 'cancelled': 'error'},
    'undo': {'queued': 'in_progress', 'running': 'in_progress',
             'success': 'success', 'error': 'fail', 'cancelled': 'fail'},
}

# The words of the v1 contract for a resource, by operation type and status.
V1_RESOURCE_STATUS: Mapping[str, Mapping[str, str]] = {
    'protect': {'undefined': 'undefined', 'running': 'protecting',
                'success': 'available', 'error': 'error',
                'skipped': 'undefined'},
    'delete': {'undefined': 'undefined', 'running': 'deleting',
               'success': 'deleted', 'error': 'error',
                'skipped': 'undefined'},
    'restore': {'undefined': 'undefined', 'running': 'restoring',
                'success': 'available', 'error': 'error',
                'skipped': 'undefined'},
    'verify': {'undefined': 'undefined', 'running': 'verifying',
               'success': 'available', 'error': 'error',
                'skipped': 'undefined'},
    'copy': {'undefined': 'undefined', 'running': 'copying',
             'success': 'available', 'error': 'error',
                'skipped': 'undefined'},
    'undo': {'undefined': 'undefined', 'running': 'undoing',
             'success': 'undone', 'error': 'error',
             'skipped': 'undefined'},
}
