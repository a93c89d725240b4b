# SPDX-License-Identifier: Apache-2.0
"""The contract of a bank: bytes in, bytes out.

Chunks, digests, compression and the order of writes are done once for every
bank, above this contract. A bank only has to keep its promises about single
objects.
"""

import abc
from dataclasses import dataclass
import datetime

from karbor.plugin.base import Plugin


@dataclass(frozen=True, slots=True)
class Stat:
    """What a bank knows of an object.

    :ivar size: in bytes
    :ivar written_at: when it was last put, by the clock of the bank; an aware
        time
    """

    size: int
    written_at: datetime.datetime


class BankPlugin(Plugin, abc.ABC):
    """Durable storage of named objects.

    Keys are non-empty parts of ``A-Za-z0-9._:@=+~-`` joined by ``/``, at most
    900 characters, a part at most 200 and never ``.`` or ``..``; the layer
    above sees to it, and never uses a key that is the folder of another
    (``a`` beside ``a/b``), so that keys may be names of files. An object is
    at most 64 MiB. Methods are called from many threads and
    processes at once.

    Errors are `BankError` with a sentence that names the cause (no
    permission); nothing else may leave a method. Where there is no room for an
    object it is `BankFull`: a checkpoint can be deleted all the same. Where
    the same call may
    succeed after a while (no connection, no answer in time, a server that
    asks to come back later, a share that is not mounted) it is
    `BankUnavailable`: the call is then made again with growing pauses, for as
    long as the operator wants, or until the operation is to stop. So do not
    try again yourself for long, and end a call that gets no answer. A `put`
    or `delete` that failed so may have been done.

    Never say of a bank that is away that it holds nothing: what is missing
    is damage to a checkpoint.
    """

    @abc.abstractmethod
    def put(self, key: str, data: bytes) -> None:
        """Store ``data``; durable and visible as a whole when it returns.

        An object of that key is replaced. A crash leaves the old object or
        the new one. May repeat.
        """

    @abc.abstractmethod
    def get(self, key: str) -> bytes:
        """Return what the last `put` stored.

        :raises BankKeyNotFound: there is no such object
        """

    @abc.abstractmethod
    def list(self, prefix: str = '', after: str = '',
             limit: int | None = None) -> list[str]:
        """Keys that start with ``prefix``, in the order of their bytes.

        :param prefix: compared as text: ``a/b`` also finds ``a/bc``
        :param after: only keys that sort after this one
        :param limit: at most so many
        """

    @abc.abstractmethod
    def stat(self, key: str) -> Stat:
        """Size and age of an object, without reading it.

        :raises BankKeyNotFound: there is no such object
        """

    @abc.abstractmethod
    def delete(self, key: str) -> None:
        """Remove the object if it is there. May repeat."""
