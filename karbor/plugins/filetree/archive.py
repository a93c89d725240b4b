# SPDX-License-Identifier: Apache-2.0
"""The form in which a tree of files is kept: one stream of frames.

A frame is one byte for its kind, the length of its payload (4 bytes, big
endian), and the payload. JSON is ASCII text.

====  ==========  ===========================================================
kind  payload     meaning
====  ==========  ===========================================================
``H``  JSON       the header, first and once: ``format``, ``version``,
                  ``exclude``, ``one_file_system``
``N``  JSON       ``[kind, id, name]``: from here on, the ``user`` or
                  ``group`` of that number has that name
``E``  JSON       an entry, see below
``D``  bytes      content of the file whose entry came last
``Z``  8 bytes    a hole of so many bytes (big endian) in that file
``F``  JSON, or   that file ends here; ``{"changed": true}`` if it did
       nothing    change while it was read
``U``  nothing    the directory that was entered last ends here
``X``  JSON       the end: ``entries``, how many there were
====  ==========  ===========================================================

An entry has ``k``, its kind: ``d`` directory, ``f`` file, ``l`` symbolic
link, ``h`` hard link to a file that came before, ``p`` fifo, ``c`` and ``b``
devices; ``n``, its name; and, but for ``h``, ``m``, the twelve bits of its
mode, ``u`` and ``g``, numbers of its owner and group, and ``t``, its time of
modification in nanoseconds since 1970. Where it has them: ``x``, extended
attributes in base64 by name; ``to``, the target of a link (for ``h`` a path
from the top); ``r``, a device's ``[major, minor]``.

The form is nested. The entry of a directory enters it, and its ``U`` frame
leaves it, so a name is always one name in the directory at hand and never a
path; the first entry is the top itself, whose name is empty. No reader can
be led out of its tree by ``..`` or an absolute name.

Why not tar: Python's tarfile takes 80 microseconds of CPU to write and 63 to
read a small file's header with a pax record for the nanoseconds, these
frames 5 and 4; tar has no holes that tarfile would write, and its paths must
be distrusted one by one.
"""

from collections.abc import Callable, Mapping
import json
import struct
from typing import Any, Protocol

FORMAT = 'karbor-filetree'
VERSION = 1

HEADER, NAME, ENTRY, DATA, ZEROS, FILE_END, UP, END = (
    b'H', b'N', b'E', b'D', b'Z', b'F', b'U', b'X')
_KINDS = frozenset((HEADER, NAME, ENTRY, DATA, ZEROS, FILE_END, UP, END))

BLOCK = 1 << 20
_GATHER = 1 << 17
_META_MOST = 1 << 24
_frame = struct.Struct('>cI')
_length = struct.Struct('>Q')
_encode = json.JSONEncoder(separators=(',', ':')).encode


class Damaged(Exception):
    """The bytes are no archive of this form."""


class Readable(Protocol):
    def read(self, size: int = -1) -> bytes:
        """Up to ``size`` bytes; nothing at the end."""


class Sink:
    """Writes frames; gathers small ones."""

    def __init__(self, write: Callable[[bytes], Any]) -> None:
        """Write nothing yet.

        :param write: takes all bytes that it is given
        """
        self._write = write
        self._buffer = bytearray()

    def frame(self, kind: bytes, payload: bytes = b'') -> None:
        self._buffer += _frame.pack(kind, len(payload))
        if len(payload) < _GATHER:
            self._buffer += payload
            if len(self._buffer) >= _GATHER:
                self.flush()
        else:
            self.flush()
            self._write(payload)

    def json(self, kind: bytes, value: Any) -> None:
        self.frame(kind, _encode(value).encode('ascii'))

    def zeros(self, length: int) -> None:
        self.frame(ZEROS, _length.pack(length))

    def flush(self) -> None:
        if self._buffer:
            self._write(bytes(self._buffer))
            self._buffer.clear()


class Source:
    """Reads frames out of a stream."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._block: bytes = b''
        self._at = 0

    def next(self) -> tuple[bytes, memoryview]:
        """The next frame; the payload is valid until the next call.

        :raises Damaged: there is none, or it is none
        """
        kind, length = _frame.unpack(self._take(_frame.size))
        if kind not in _KINDS:
            raise Damaged(f'a frame of the unknown kind {kind!r}')
        if length > (BLOCK if kind == DATA else _META_MOST):
            raise Damaged(f'a frame of {length} bytes')
        return kind, self._take(length)

    def header(self) -> Mapping[str, Any]:
        """Read the header.

        :raises Damaged: there is none, or its version is unknown
        """
        kind, payload = self.next()
        value = parse(payload) if kind == HEADER else None
        if not isinstance(value, dict) or value.get('format') != FORMAT:
            raise Damaged('it does not begin as one')
        if value.get('version') != VERSION:
            raise Damaged(f'its version is {value.get("version")}; this '
                          f'release reads {VERSION}')
        return value

    def finish(self) -> None:
        """See that nothing follows.

        :raises Damaged: something does
        """
        if self._at < len(self._block) or self._stream.read(1):
            raise Damaged('bytes follow its end')

    def _take(self, size: int) -> memoryview:
        end = self._at + size
        if end <= len(self._block):
            view = memoryview(self._block)[self._at:end]
            self._at = end
            return view
        parts = [self._block[self._at:]]
        missing = size - len(parts[0])
        while missing > 0:
            block = self._stream.read(BLOCK)
            if not block:
                raise Damaged('it ends too early')
            parts.append(block[:missing])
            self._block, self._at = block, min(missing, len(block))
            missing -= len(parts[-1])
        return memoryview(b''.join(parts))


def parse(payload: memoryview) -> Any:
    """JSON out of a payload.

    :raises Damaged: it is none
    """
    try:
        return json.loads(bytes(payload))
    except (ValueError, RecursionError) as error:
        raise Damaged(f'a frame is not JSON: {error}') from error


def hole(payload: memoryview) -> int:
    """The length of a hole, in bytes.

    :raises Damaged: the payload says none
    """
    if len(payload) != _length.size:
        raise Damaged('a hole without a length')
    (length,) = _length.unpack(payload)
    if length >= 1 << 62:
        raise Damaged('a hole larger than any file')
    return int(length)
