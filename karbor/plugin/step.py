# SPDX-License-Identifier: Apache-2.0
"""What a hook is given: its resource, its tools and its data."""

import abc
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from karbor.model.record import Record
from karbor.model.resource import Resource
from karbor.plugin import polling
from karbor.plugin.base import Context
from karbor.plugin.errors import Cancelled

T = TypeVar('T')


class Writer(abc.ABC):
    """A stream into the bank; use it in a ``with`` block.

    The stream exists when the block ends without an error; until then, and
    after an error, it does not.
    """

    @abc.abstractmethod
    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Append; returns the number of bytes taken: all of them.

        :raises Cancelled: the operation is to stop
        :raises BankError: the bank refused; the stream is lost
        """

    @abc.abstractmethod
    def close(self) -> None:
        """Make the stream durable and part of the resource's data."""

    @abc.abstractmethod
    def abort(self) -> None:
        """Give the stream up."""

    def __enter__(self) -> 'Writer':
        return self

    def __exit__(self, kind: type[BaseException] | None,
                 *ignored: object) -> None:
        if kind is None:
            self.close()
        else:
            self.abort()


class Reader(abc.ABC):
    """A stream out of the bank; what it returns has been verified."""

    size: int

    @abc.abstractmethod
    def read(self, size: int = -1) -> bytes:
        """Up to ``size`` bytes (all that is left if negative); ``b''`` at
        the end.

        :raises BankCorrupt: the bytes are not those that were written
        """

    def read_exactly(self, size: int) -> bytes:
        """Just ``size`` bytes.

        :raises EOFError: the stream is shorter
        """
        parts = []
        while size:
            part = self.read(size)
            if not part:
                raise EOFError(f'{size} bytes are missing at the end')
            parts.append(part)
            size -= len(part)
        return parts[0] if len(parts) == 1 else b''.join(parts)

    def close(self) -> None:  # noqa: B027 - most readers hold nothing
        """Let go of what reading holds."""

    def __enter__(self) -> 'Reader':
        return self

    def __exit__(self, *ignored: object) -> None:
        self.close()


class Data(abc.ABC):
    """What the checkpoint holds of one resource.

    In a protect or copy operation it is written, in all others read. What a
    hook wrote is part of the checkpoint only after the hook has ended well.
    """

    @abc.abstractmethod
    def save(self, info: Mapping[str, Any]) -> None:
        """Keep small plain data (JSON); keys are added to those saved."""

    @abc.abstractmethod
    def load(self) -> dict[str, Any]:
        """What was saved."""

    @abc.abstractmethod
    def writer(self, stream: str = 'content') -> Writer:
        """Begin a stream; one of the same name is replaced.

        :param stream: ``[a-z0-9_-]``, at most 64 characters
        """

    @abc.abstractmethod
    def reader(self, stream: str = 'content') -> Reader:
        """Read a stream from its start.

        :raises BankKeyNotFound: there is no such stream
        """

    @abc.abstractmethod
    def streams(self) -> dict[str, int]:
        """Sizes of the streams by name, in bytes."""


class Step(abc.ABC):
    """One hook of one resource in one operation.

    :ivar operation_id: mark what is made outside with it or with the
        checkpoint's id, so that an audit can find what nobody needs
    :ivar checkpoint_id: the checkpoint that is written or read
    :ivar resource: the resource, in a restore as it was when saved
    :ivar children: the resources that it depends on directly
    :ivar parameters: validated against the plugin's schema
    :ivar origin: who wanted the checkpoint: ``manual`` or ``schedule``;
        ``copy`` if it was copied from another
    :ivar context: on whose behalf
    :ivar data: what the checkpoint holds of the resource
    :ivar source: in a copy, what the checkpoint that is copied holds of it,
        only to be read; in all others None
    :ivar undoes: in an undo, the ``operation_id`` of the restore that is
        undone; in all others None
    """

    operation_id: str
    checkpoint_id: str
    resource: Resource
    children: tuple[Resource, ...]
    parameters: Mapping[str, Any]
    origin: str
    context: Context
    data: Data
    source: Data | None
    undoes: str | None

    @property
    def openstack(self) -> Any:
        """An `openstack.connection.Connection` of the project."""
        return self.context.openstack

    @abc.abstractmethod
    def remember(self, key: str, make: Callable[[], T]) -> T:
        """Make something outside just once.

        Returns what an earlier run of the operation remembered under the key;
        else calls ``make``, stores what it returned durably, and returns it.
        A crash between the two leaves what was made without its note, so let
        ``make`` look for the mark of this checkpoint before it makes.

        :param make: returns plain data (JSON), best an id
        """

    @abc.abstractmethod
    def recall(self, key: str, default: Any = None) -> Any:
        """What is remembered under the key, or ``default``."""

    def will_make(self, kind: str, name: str, **details: Any) -> None:
        """In a restore: say that something will be made outside.

        Call it before you make it. When it returns, that is recorded
        durably, and an undo of the restore finds it in `made`, whether it
        was made or not.

        :param kind: a word or two that a user reads: ``volume``
        :param name: how an undo finds it, and a user knows it
        :param details: plain data (JSON), for example by what the undo tells
            that it is really the thing that was made
        :raises Cancelled: the operation is to stop
        """
        self.announce([Record(kind, name, details)])

    def overwrites(self, kind: str, name: str, **details: Any) -> None:
        """In a restore: say that something that is there will be replaced.

        Call it before you do; the user who undoes the restore is told that
        this stays. Otherwise as `will_make`.
        """
        self.announce([Record(kind, name, details, made=False)])

    @abc.abstractmethod
    def announce(self, records: Iterable[Record]) -> None:
        """Do many `will_make` and `overwrites` as one, in this order.

        All of them are recorded when it returns; if it raises, none is. Some
        hundred at a time cost little more than one.
        """

    @abc.abstractmethod
    def records(self) -> Iterator[Record]:
        """All that was announced of the resource, the newest first.

        In a restore that is run again, by its earlier runs, too; in an undo,
        by the restore. There may be millions: they are read bit by bit.
        """

    def made(self) -> Iterator[Record]:
        """Of `records`, what was to be made."""
        return (record for record in self.records() if record.made)

    @abc.abstractmethod
    def progress(self, fraction: float | None = None, *,
                 bytes_done: int | None = None,
                 bytes_total: int | None = None) -> None:
        """Say how far the hook is; cheap, so call it as often as you like.

        Bytes that go through `data` are counted without it.

        :param fraction: 0.0 to 1.0; computed from bytes if they are known
        :param bytes_total: bytes of the application, uncompressed
        """

    @abc.abstractmethod
    def note(self, reason: str) -> None:
        """Tell the user something about a resource that is not an error.

        The last note stands as the reason of the resource.
        """

    @abc.abstractmethod
    def replaced_by(self, new_id: str) -> None:
        """In a restore: the resource lives on under another id."""

    @abc.abstractmethod
    def new_id(self, resource: Resource) -> str:
        """In a restore: the id that a resource has now.

        :raises PluginError: it has not been restored
        """

    @property
    @abc.abstractmethod
    def cancelled(self) -> bool:
        """The operation is to stop; return soon, or call `check`."""

    @abc.abstractmethod
    def sleep(self, seconds: float) -> None:
        """Pause; ends at once when the operation is to stop.

        :raises Cancelled: it is to stop
        """

    def check(self) -> None:
        """Raise `Cancelled` if the operation is to stop."""
        if self.cancelled:
            raise Cancelled()

    def wait(self, status: Callable[[], str], *, done: Collection[str],
             failed: Collection[str] = (), timeout: float = 86400,
             interval: float = 1, most: float = 30) -> str:
        """Ask for a status until it is one of ``done``; returns it.

        :param status: asks once; whatever it raises is final
        :param failed: statuses that end it with an error
        :param timeout: seconds
        :param interval: seconds before the second question; grows up to
            ``most``
        :raises WaitFailed: a failed status, or time is up
        :raises Cancelled: the operation is to stop
        """
        return polling.wait(status, done=done, failed=failed,
                            timeout=timeout, interval=interval, most=most,
                            sleep=self.sleep, what=str(self.resource))
