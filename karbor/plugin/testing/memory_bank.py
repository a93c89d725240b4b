# SPDX-License-Identifier: Apache-2.0
"""A bank in memory: the contract of banks in its shortest form."""

import datetime
import threading

from oslo_config import cfg

from karbor.plugin.bank import BankPlugin
from karbor.plugin.bank import Stat
from karbor.plugin.errors import BankKeyNotFound

_LONG_AGO = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


class MemoryBank(BankPlugin):
    """Objects in a dictionary, for tests; nothing survives the process.

    :ivar objects: all there is, by key
    :ivar written: when it was put, by key; what is not here is old
    """

    def __init__(self, config: cfg.ConfigOpts | None = None) -> None:
        super().__init__(config or cfg.ConfigOpts())
        self.objects: dict[str, bytes] = {}
        self.written: dict[str, datetime.datetime] = {}
        self._lock = threading.Lock()

    def put(self, key: str, data: bytes) -> None:
        with self._lock:
            self.objects[key] = bytes(data)
            self.written[key] = datetime.datetime.now(datetime.UTC)

    def get(self, key: str) -> bytes:
        with self._lock:
            try:
                return self.objects[key]
            except KeyError:
                raise BankKeyNotFound(key=key) from None

    def list(self, prefix: str = '', after: str = '',
             limit: int | None = None) -> list[str]:
        with self._lock:
            found = sorted(key for key in self.objects
                           if key.startswith(prefix) and key > after)
        return found[:limit]

    def stat(self, key: str) -> Stat:
        with self._lock:
            try:
                return Stat(len(self.objects[key]),
                            self.written.get(key, _LONG_AGO))
            except KeyError:
                raise BankKeyNotFound(key=key) from None

    def delete(self, key: str) -> None:
        with self._lock:
            self.objects.pop(key, None)
