# SPDX-License-Identifier: Apache-2.0
"""A `Step` that keeps everything in memory, for the tests of a plugin."""

from collections.abc import Callable, Iterable, Iterator, Mapping
import io
import json
from typing import Any, TypeVar
import uuid

from karbor.model.record import Record
from karbor.model.resource import Resource
from karbor.plugin.base import Context
from karbor.plugin.errors import BankKeyNotFound
from karbor.plugin.errors import Cancelled
from karbor.plugin.errors import PluginError
from karbor.plugin.step import Data
from karbor.plugin.step import Reader
from karbor.plugin.step import Step
from karbor.plugin.step import Writer

T = TypeVar('T')


class MemoryData(Data):
    """Data of one resource; hand it from a protect step to a restore step.

    :ivar info: what was saved
    :ivar content: bytes by name of stream
    """

    def __init__(self) -> None:
        self.info: dict[str, Any] = {}
        self.content: dict[str, bytes] = {}

    def save(self, info: Mapping[str, Any]) -> None:
        self.info.update(json.loads(json.dumps(dict(info))))

    def load(self) -> dict[str, Any]:
        return dict(self.info)

    def writer(self, stream: str = 'content') -> Writer:
        return _MemoryWriter(self, stream)

    def reader(self, stream: str = 'content') -> Reader:
        if stream not in self.content:
            raise BankKeyNotFound(key=stream)
        return _MemoryReader(self.content[stream])

    def streams(self) -> dict[str, int]:
        return {name: len(data) for name, data in self.content.items()}


class _MemoryWriter(Writer):
    def __init__(self, data: MemoryData, stream: str) -> None:
        self._data, self._stream = data, stream
        self._buffer = io.BytesIO()

    def write(self, data: bytes | bytearray | memoryview) -> int:
        return self._buffer.write(data)

    def close(self) -> None:
        self._data.content[self._stream] = self._buffer.getvalue()

    def abort(self) -> None:
        self._buffer = io.BytesIO()


class _MemoryReader(Reader):
    def __init__(self, content: bytes) -> None:
        self._buffer = io.BytesIO(content)
        self.size = len(content)

    def read(self, size: int = -1) -> bytes:
        return self._buffer.read(size)


class MemoryStep(Step):
    """One hook's step, without a daemon.

    :ivar memo: what was remembered; pass it on to act a resumed operation
    :ivar announced: what was announced, the oldest first; pass it on to a
        resumed restore and to an undo
    :ivar fractions: every fraction that was reported
    :ivar notes: every note
    :ivar replaced: new ids by key of the resource, shared by a restore
    :ivar stop: set it to True to cancel
    """

    def __init__(self, resource: Resource, *,
                 data: Data | None = None,
                 source: Data | None = None,
                 parameters: Mapping[str, Any] | None = None,
                 children: tuple[Resource, ...] = (),
                 context: Context | None = None,
                 origin: str = 'manual',
                 checkpoint_id: str | None = None,
                 operation_id: str | None = None,
                 memo: dict[str, Any] | None = None,
                 announced: list[Record] | None = None,
                 undoes: str | None = None,
                 replaced: dict[tuple[str, str], str] | None = None) -> None:
        self.resource = resource
        self.data = data if data is not None else MemoryData()
        self.source = source
        self.parameters = parameters or {}
        self.children = children
        self.context = context or Context(project_id='project')
        self.origin = origin
        self.checkpoint_id = checkpoint_id or str(uuid.uuid4())
        self.operation_id = operation_id or str(uuid.uuid4())
        self.memo = memo if memo is not None else {}
        self.announced = announced if announced is not None else []
        self.undoes = undoes
        self.replaced = replaced if replaced is not None else {}
        self.fractions: list[float] = []
        self.bytes_done = 0
        self.bytes_total = 0
        self.notes: list[str] = []
        self.stop = False

    def remember(self, key: str, make: Callable[[], T]) -> T:
        if key not in self.memo:
            self.memo[key] = json.loads(json.dumps(make()))
        found: T = self.memo[key]
        return found

    def recall(self, key: str, default: Any = None) -> Any:
        return self.memo.get(key, default)

    def announce(self, records: Iterable[Record]) -> None:
        self.check()
        self.announced += [
            Record.from_list(json.loads(json.dumps(record.to_list())))
            for record in records]

    def records(self) -> Iterator[Record]:
        return reversed(list(self.announced))

    def progress(self, fraction: float | None = None, *,
                 bytes_done: int | None = None,
                 bytes_total: int | None = None) -> None:
        self.bytes_done = self.bytes_done if bytes_done is None else bytes_done
        self.bytes_total = (self.bytes_total if bytes_total is None
                            else bytes_total)
        if fraction is not None:
            self.fractions.append(fraction)

    def note(self, reason: str) -> None:
        self.notes.append(reason)

    def replaced_by(self, new_id: str) -> None:
        self.replaced[self.resource.key] = new_id

    def new_id(self, resource: Resource) -> str:
        try:
            return self.replaced[resource.key]
        except KeyError:
            raise PluginError(reason=f'{resource} was not restored') from None

    @property
    def cancelled(self) -> bool:
        return self.stop

    def sleep(self, seconds: float) -> None:
        """Take no time: what waits asks again at once."""
        if self.stop:
            raise Cancelled()
