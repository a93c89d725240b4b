# SPDX-License-Identifier: Apache-2.0
"""The contract of a protection plugin: operations made of four hooks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from karbor.model.record import Record
from karbor.plugin.base import Plugin
from karbor.plugin.step import Step

HOOKS = ('on_prepare_begin', 'on_prepare_finish', 'on_main', 'on_complete')

_ANYTHING: Mapping[str, Any] = {'type': 'object', 'properties': {}}


class Operation:
    """What a plugin does to one resource in one operation.

    Override only the hooks that you need: the others cost nothing. Each hook
    gets a `Step`. Hooks of one resource run one after another, in the order
    of `HOOKS`, maybe in another process after a crash, so keep nothing on
    ``self``: what has to outlive a hook goes into `Step.remember` or
    `Step.data`. A hook runs at least once.

    A hook that raises makes its resource ``error``. No hook that has not
    begun is begun then in a protect or copy operation; in the others, the
    rest goes on. Data that is saved already is never destroyed by a failure.
    """

    def __init__(self, plugin: 'ProtectionPlugin') -> None:
        self.plugin = plugin

    def on_prepare_begin(self, step: Step) -> None:
        """Before any child's hooks: parents first."""

    def on_prepare_finish(self, step: Step) -> None:
        """After all children are prepared: children first."""

    def on_main(self, step: Step) -> None:
        """The work; side by side with all other resources."""

    def on_complete(self, step: Step) -> None:
        """After all of ``on_main``: children first."""

    @classmethod
    def hooks(cls) -> tuple[str, ...]:
        """Names of the hooks that the class really overrides, in order."""
        return tuple(hook for hook in HOOKS
                     if getattr(cls, hook) is not getattr(Operation, hook))


class Undo(Operation):
    """Removes what a restore has made: the operation ``undo``.

    The restore says before it makes something that it will
    (`Step.will_make`), so what `Step.made` tells of may be there, in part, or
    not at all; each has to be removed all the same, and found gone is as good
    as removed. What was there before the restore, or has come since, must
    stay. The parameters and what is remembered are those of the restore,
    `Step.undoes` is its id. `Step.data` holds nothing: the checkpoint may be
    damaged or gone.

    Parents come before their children, so a server is gone before the volume
    that it uses. What cannot be removed is raised, with a sentence that names
    what stays; a user can undo again then. What was overwritten
    (`Step.overwrites`) the user is told of by Karbor.
    """

    def on_main(self, step: Step) -> None:
        step.check()
        for record in step.made():
            step.check()
            self.remove(step, record)

    def remove(self, step: Step, record: Record) -> None:
        """Remove one thing, if it is there."""
        raise NotImplementedError


@dataclass(frozen=True)
class Schemas:
    """JSON Schemas (objects) of what a plugin takes and shows.

    :ivar options: parameters in a plan
    :ivar restore: parameters of a restore
    :ivar saved_info: what a checkpoint tells about a resource
    :ivar verify: parameters of a verification
    :ivar copy: parameters of a copy
    """

    options: Mapping[str, Any] = field(default_factory=lambda: _ANYTHING)
    restore: Mapping[str, Any] = field(default_factory=lambda: _ANYTHING)
    saved_info: Mapping[str, Any] = field(default_factory=lambda: _ANYTHING)
    verify: Mapping[str, Any] = field(default_factory=lambda: _ANYTHING)
    copy: Mapping[str, Any] = field(default_factory=lambda: _ANYTHING)


class ProtectionPlugin(Plugin):
    """Protects resources of some types.

    :cvar resource_types: types that it protects
    :cvar operations: `Operation` classes by ``protect``, ``restore``,
        ``delete``, ``verify``, ``copy`` and ``undo``; what saves data needs
        at least protect and restore. ``delete`` removes only what was made
        outside the bank: data in the bank goes by itself. ``verify`` looks
        only at what was made outside: every byte in the bank has been proved
        before it is asked. Without ``copy`` a type cannot be copied;
        `CopyData` does for what keeps all in the bank. ``undo`` removes what a
        restore that failed or was cancelled has made: see `Undo`.
    :cvar schemas: see `Schemas`
    :cvar restore_places: names of those parameters of a restore that send it
        elsewhere. Without any of them it goes back in place: such a restore
        waits while another one, or a protect, of the same plan runs, and they
        wait for it. None: a restore only makes what is new.
    """

    resource_types: ClassVar[frozenset[str]] = frozenset()
    operations: ClassVar[Mapping[str, type[Operation]]] = {}
    schemas: ClassVar[Schemas] = Schemas()
    restore_places: ClassVar[frozenset[str] | None] = frozenset()
