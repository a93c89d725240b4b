# SPDX-License-Identifier: Apache-2.0
"""The contract of an operation type: what a scheduled operation does.

A type sees only what it is handed. What it asks for is done as the user who
owns the operation, through the same doors as a call of the REST API, so
whatever a type does, an outside scheduler could do as well.
"""

import abc
from collections.abc import Mapping, Sequence
import datetime
from typing import Any, ClassVar, NoReturn

from karbor.model.retention import Retention


class Actions(abc.ABC):
    """What can be done in one run.

    A run begins work exactly once: with the first call that begins some, and
    in the same transaction. So a type calls one of those, once; a second
    call is refused. A run in which none is called has done nothing, which
    the type says by `skip`.

    Whatever a call raises says what becomes of the run; a type lets it pass.
    """

    @abc.abstractmethod
    def available(self, most: int) -> Sequence[str]:
        """Ids of the plan's available checkpoints, newest first.

        Of the provider that the definition names.

        :param most: so many at most
        """

    @abc.abstractmethod
    def protect(self) -> None:
        """Begin a checkpoint of the plan."""

    @abc.abstractmethod
    def verify(self, checkpoint_ids: Sequence[str], *,
               subsets: int = 1) -> None:
        """Begin to verify some checkpoints, of which there is one at least.

        The run is a success when all of them are.

        :param checkpoint_ids: of those that are `available`, each once
        :param subsets: of more than one, each run looks at the resources of
            the next one, beginning anew after the last
        """

    @abc.abstractmethod
    def skip(self, reason: str) -> NoReturn:
        """End the run without having done anything.

        :param reason: a sentence for the user
        """


class OperationType(abc.ABC):
    """What is done whenever a trigger fires.

    One object serves all operations of its type, in several threads at once,
    so it remembers nothing.

    :cvar members: JSON schema of each member that a definition may have
        beside ``provider_id`` and ``plan_id``, which all have. Its
        ``description`` tells users what was expected. Where it says
        ``integer``, a number that came as text is made one before it is
        checked.
    """

    members: ClassVar[Mapping[str, Mapping[str, Any]]] = {}

    # most types have nothing to check, and need not say so
    def check(self, definition: Mapping[str, Any]) -> None:  # noqa: B027
        """Refuse members that do not go together.

        :param definition: each member fits its schema; others than those of
            `members` mean nothing
        :raises Invalid: of the field that bears the name of the member
        """

    @abc.abstractmethod
    def run(self, definition: Mapping[str, Any], actions: Actions) -> None:
        """Do it, by calling what it is handed.

        May be called again for a run that has not begun.

        :param definition: one that was checked, perhaps by an older release
        :raises PluginError: the run fails, with this reason
        """

    def retention(self, definition: Mapping[str, Any], *,
                  zone: datetime.tzinfo = datetime.UTC) -> Retention | None:
        """Which of the plan's checkpoints are kept.

        None is no rule at all. One that keeps all keeps them from the rules
        of other operations of the plan, too.

        :param definition: as in `run`
        :param zone: by whose clock on the wall periods begin, unless the
            definition names another
        """
        return None
