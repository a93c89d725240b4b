# SPDX-License-Identifier: Apache-2.0
"""The way from the top of a tree to the directory that is worked on.

Every directory is opened by one name within the one before, and never
through a symbolic link, so nothing outside of the tree can be reached,
whoever changes the tree meanwhile.
"""

import contextlib
import os

FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


class Trail:
    """A stack of open directories.

    Only the last `KEPT` levels stay open; a deeper tree has its upper levels
    opened again, by name from the top, on the way back.

    :ivar fd: descriptor of the present directory
    """

    KEPT = 24

    def __init__(self, root: int) -> None:
        """Stand at the top.

        :param root: descriptor of the directory, which stays the caller's
        """
        self._root = root
        self._names: list[str] = []
        self._fds: list[int | None] = []
        self.fd = root

    @property
    def depth(self) -> int:
        return len(self._names)

    def enter(self, name: str) -> int:
        """Go down; returns the descriptor.

        :raises OSError: no such directory, or it is a symbolic link
        """
        fd = os.open(name, FLAGS, dir_fd=self.fd)
        self._names.append(name)
        self._fds.append(fd)
        self.fd = fd
        old = len(self._fds) - 1 - self.KEPT
        if old >= 0:
            self._close(old)
        return fd

    def leave(self) -> int:
        """Go up; returns the descriptor.

        :raises OSError: the directory above is no longer where it was
        """
        self._close(len(self._fds) - 1)
        self._fds.pop()
        self._names.pop()
        if not self._fds:
            self.fd = self._root
        else:
            fd = self._fds[-1]
            if fd is None:
                fd = self._fds[-1] = descend(self._root, self._names)
            self.fd = fd
        return self.fd

    def close(self) -> None:
        """Let go of everything but the top."""
        for at in range(len(self._fds)):
            self._close(at)
        self._names, self._fds, self.fd = [], [], self._root

    def __enter__(self) -> 'Trail':
        return self

    def __exit__(self, *ignored: object) -> None:
        self.close()

    def _close(self, at: int) -> None:
        fd, self._fds[at] = self._fds[at], None
        if fd is not None:
            os.close(fd)


def descend(root: int, names: list[str], *, make: bool = False) -> int:
    """Open a directory below another one, name by name.

    :param root: descriptor of the directory to begin in
    :param make: create what is missing
    :return: a new descriptor, which the caller closes
    :raises OSError: not there, or a name on the way is a symbolic link
    """
    fd = os.dup(root)
    for name in names:
        try:
            if make:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(name, 0o755, dir_fd=fd)
            below = os.open(name, FLAGS, dir_fd=fd)
        finally:
            os.close(fd)
        fd = below
    return fd
