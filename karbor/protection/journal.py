# SPDX-License-Identifier: Apache-2.0
"""The journal of an operation: one entry when a hook ends.

Hooks end at any time and in many threads, and each has to know that its entry
is committed before it may be called done. Those that wait at the same moment
share one transaction: the first becomes the writer, the others wait for it.
"""

from collections.abc import Callable, Mapping, Sequence
import threading
from typing import Any

Entry = Mapping[str, Any]


class Journal:
    """Writes entries durably, many at a time.

    :ivar error: what ended the journal, if anything did
    """

    def __init__(self, commit: Callable[[Sequence[Entry]], None]) -> None:
        """Begin.

        :param commit: writes entries in one transaction; whatever it raises
            ends the journal for everybody, because nobody can know what
            was written
        """
        self._commit = commit
        self._changed = threading.Condition()
        self._waiting: list[Entry] = []
        self._taken = 0         # entries that were ever handed in
        self._written = 0       # of them, those that are committed
        self._writing = False
        self.error: BaseException | None = None

    def write(self, *entries: Entry) -> None:
        """Return when the entries are committed.

        :raises Exception: what the commit raised, now or before
        """
        with self._changed:
            self._waiting.extend(entries)
            self._taken += len(entries)
            mine = self._taken
            while self._written < mine and self._writing and not self.error:
                self._changed.wait()
            if self.error is not None:
                raise self.error
            if self._written >= mine:
                return
            # nobody writes: this thread does, for all that have come
            self._writing = True
            batch, self._waiting = self._waiting, []
        error: BaseException | None = None
        try:
            self._commit(batch)
        except BaseException as caught:  # re-raised here and in the others
            error = caught
        with self._changed:
            self._writing = False
            self._written += len(batch)
            self.error = self.error or error
            self._changed.notify_all()
        if error is not None:
            raise error
