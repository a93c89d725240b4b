# SPDX-License-Identifier: Apache-2.0
"""What a protection plugin that undoes its restores must do."""

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from karbor.model.resource import Resource
from karbor.plugin.testing.checkpoint import Checkpoint
from karbor.plugin.testing.checkpoint import Run
from karbor.plugin.testing.suite import Suite
from karbor.plugin.testing.trap import Killed
from karbor.plugin.testing.trap import Trap


class Undoing(Suite):
    """The part of `ProtectionConformance` that is about undo."""

    __test__ = False
    has_state: ClassVar[bool] = True
    _trap: Trap | None = None
    _resource: Resource

    def around(self, resource: Resource) -> Iterable[str]:
        """Names of all that there is where a restore puts something.

        Of the resource and of what a restore needs for a while beside it, and
        of what else is there. Needed of a plugin that undoes.
        """
        raise NotImplementedError

    # -- see ProtectionConformance ------------------------------------------

    def make_resource(self) -> Resource:
        raise NotImplementedError

    def state(self, resource: Resource) -> Any:
        raise NotImplementedError

    def new(self, resource: Resource | None = None) -> Checkpoint:
        raise NotImplementedError

    def needs(self, operation: str) -> None:
        raise NotImplementedError

    def restoring(self) -> Run:
        raise NotImplementedError

    def _damage(self, resource: Resource, before: Any) -> None:
        raise NotImplementedError

    def _at_every_call(self, crash: Callable[[int], bool]) -> None:
        raise NotImplementedError

    # -- the tests ----------------------------------------------------------

    def test_what_a_restore_has_made_is_undone(self) -> None:
        self.needs('undo')
        for resumed in (False, True):
            def crash(at: int, resumed: bool = resumed) -> bool:
                checkpoint, before = self._lost()
                run, trap = self.restoring(), Trap(at, error=Killed)
                if self._kills(checkpoint, run, trap) and resumed:
                    checkpoint.run(run)
                checkpoint.run(run.undo())
                self._undone(run, before)
                return trap.struck
            self._at_every_call(crash)

    def test_undo_may_repeat(self) -> None:
        self.needs('undo')
        checkpoint, before = self._lost()
        run = self.restoring()
        checkpoint.run(run)
        for _time in range(2):
            checkpoint.run(run.undo(), times=2)
            self._undone(run, before)

    def test_a_crash_while_undoing(self) -> None:
        self.needs('undo')

        def crash(at: int) -> bool:
            checkpoint, before = self._lost()
            run, trap = self.restoring(), Trap(at, error=Killed)
            checkpoint.run(run)
            undo = run.undo()
            if self._kills(checkpoint, undo, trap):
                checkpoint.run(undo)
            self._undone(run, before)
            return trap.struck
        self._at_every_call(crash)

    def test_undo_leaves_what_the_restore_has_not_made(self) -> None:
        """Announced is not made: somebody else may have been quicker."""
        self.needs('undo')
        resource = self.make_resource()
        checkpoint = self.new(resource)
        checkpoint.run(Run('protect'))
        before = sorted(self.around(resource)), self.state(resource)
        checkpoint.run(self.restoring().undo())
        self.assertEqual(before, (sorted(self.around(resource)),
                                  self.state(resource)))

    def _kills(self, checkpoint: Checkpoint, run: Run, trap: Trap) -> bool:
        """Run it; whether the trap has killed it, at a call or an effect."""
        self._trap = trap
        try:
            checkpoint.run(run, trap=trap)
        except Killed:
            return True
        finally:
            self._trap = None
        return False

    def _lost(self) -> tuple[Checkpoint, tuple[list[str], Any]]:
        """A checkpoint of what is damaged, and how that looks."""
        resource = self.make_resource()
        checkpoint = self.new(resource)
        before = self.state(resource)
        checkpoint.run(Run('protect'))
        if self.has_state:
            self._damage(resource, before)
        self._resource = resource
        return checkpoint, (sorted(self.around(resource)),
                            self.state(resource))

    def _undone(self, run: Run, before: tuple[list[str], Any]) -> None:
        names, state = before
        after = sorted(self.around(self._resource))
        self.assertEqual([], sorted(set(after) - set(names)),
                         'this was not there before')
        if not run.overwrote:
            self.assertEqual(names, after)
            self.assertEqual(state, self.state(self._resource))
