# SPDX-License-Identifier: Apache-2.0
"""A `Step` that stops its hook at a chosen call, as a crash would."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, TypeVar

from karbor.i18n import _
from karbor.model.record import Record
from karbor.model.resource import Resource
from karbor.plugin.errors import BankError
from karbor.plugin.errors import Cancelled
from karbor.plugin.errors import PluginError
from karbor.plugin.step import Data
from karbor.plugin.step import Reader
from karbor.plugin.step import Writer
from karbor.plugin.testing.step import MemoryData
from karbor.plugin.testing.step import MemoryStep

T = TypeVar('T')
# something was made outside, or changed, a moment ago
_UNASKED = frozenset({'made', 'effect'})


class Killed(BaseException):
    """The process is gone: no plugin can do anything about it."""


class Trap:
    """Counts the calls of a plugin, and strikes at one of them.

    :ivar calls: names of the calls so far, in order
    :ivar struck: it has raised
    """

    def __init__(self, at: int | None = None, *,
                 name: str | Collection[str] | None = None,
                 error: Callable[[], BaseException] = Cancelled) -> None:
        """Set it.

        :param at: number of the call, from 0, that raises; None never does
        :param name: count only calls of that name, or of one of these; by
            default all but ``made`` and ``effect``, between which and the
            next call a plugin is not asked to stop
        :param error: what to raise
        """
        self.calls: list[str] = []
        self.struck = False
        self._at, self._error = at, error
        self._names = (name,) if isinstance(name, str) else name

    def call(self, name: str) -> None:
        if name in self._names if self._names else name not in _UNASKED:
            number = len(self.calls)
            self.calls.append(name)
            if number == self._at:
                self.struck = True
                raise self._error()


class TrapStep(MemoryStep):
    """A memory step in which every call may be the last.

    :ivar remembered: keys for which `remember` called its ``make``
    :ivar seen: fractions and bytes as they were reported, in order
    :ivar moved: bytes that went through its data
    """

    def __init__(self, resource: Resource, trap: Trap, data: MemoryData, *,
                 source: MemoryData | None = None, read_only: bool = False,
                 announces: bool = True,
                 **more: Any) -> None:
        super().__init__(
            resource, data=_TrapData(data, self, read_only),
            source=None if source is None else _TrapData(source, self, True),
            **more)
        self.trap = trap
        self._announces = announces
        self.remembered: list[str] = []
        self.seen: list[dict[str, float]] = []
        self.moved = 0

    def _call(self, name: str) -> None:
        if self.stop:
            raise Cancelled()
        self.trap.call(name)

    def check(self) -> None:
        self._call('check')

    @property
    def cancelled(self) -> bool:
        return self.stop

    def sleep(self, seconds: float) -> None:
        self._call('sleep')

    def remember(self, key: str, make: Callable[[], T]) -> T:
        self.trap.call('before remember')

        def noted() -> T:
            self.remembered.append(key)
            made = make()
            # it exists, and nobody has noted it yet
            self.trap.call('made')
            return made
        result = super().remember(key, noted)
        self.trap.call('after remember')
        return result

    def announce(self, records: Iterable[Record]) -> None:
        if not self._announces:
            raise PluginError(reason=_(
                'Only a restore can announce what can be undone.'))
        self.trap.call('before announce')
        # of many, a crash leaves all or none
        super().announce(records)
        self.trap.call('after announce')

    def progress(self, fraction: float | None = None, *,
                 bytes_done: int | None = None,
                 bytes_total: int | None = None) -> None:
        said = {'fraction': fraction, 'bytes_done': bytes_done,
                'bytes_total': bytes_total}
        self.seen.append({key: value for key, value in said.items()
                          if value is not None})
        super().progress(fraction, bytes_done=bytes_done,
                         bytes_total=bytes_total)
        self.trap.call('progress')


class _TrapData(Data):
    def __init__(self, inner: MemoryData, step: TrapStep,
                 read_only: bool) -> None:
        self._inner, self._step = inner, step
        self._read_only = read_only

    def _check_writable(self) -> None:
        if self._read_only:
            raise BankError(key='data', reason=_('It can only be read.'))

    def save(self, info: Mapping[str, Any]) -> None:
        self._check_writable()
        self._step.trap.call('save')
        self._inner.save(info)

    def load(self) -> dict[str, Any]:
        return self._inner.load()

    def writer(self, stream: str = 'content') -> Writer:
        self._check_writable()
        return _TrapWriter(self._inner.writer(stream), self._step)

    def reader(self, stream: str = 'content') -> Reader:
        return _TrapReader(self._inner.reader(stream), self._step)

    def streams(self) -> dict[str, int]:
        return self._inner.streams()


class _TrapWriter(Writer):
    def __init__(self, inner: Writer, step: TrapStep) -> None:
        self._inner, self._step = inner, step

    def write(self, data: bytes | bytearray | memoryview) -> int:
        self._step._call('write')
        self._step.moved += len(data)
        return self._inner.write(data)

    def close(self) -> None:
        self._step._call('close')
        self._inner.close()

    def abort(self) -> None:
        self._inner.abort()


class _TrapReader(Reader):
    """Gives small portions, so that a crash can fall between them."""

    PORTION = 4096

    def __init__(self, inner: Reader, step: TrapStep) -> None:
        self._inner, self._step = inner, step
        self.size = inner.size

    def read(self, size: int = -1) -> bytes:
        if size < 0:
            parts = []
            while part := self.read(self.PORTION):
                parts.append(part)
            return b''.join(parts)
        self._step._call('read')
        part = self._inner.read(min(size, self.PORTION))
        self._step.moved += len(part)
        return part

    def close(self) -> None:
        self._inner.close()
