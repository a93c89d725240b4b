# SPDX-License-Identifier: Apache-2.0
"""Streams: chunks into a bank and out of it again."""

from collections.abc import Callable, Iterator
import io

from karbor import exception
from karbor.bank import codec
from karbor.bank import document
from karbor.bank import layout
from karbor.bank.section import Section
from karbor.i18n import _
from karbor.plugin import Reader
from karbor.plugin import Writer

OnBytes = Callable[[int], None]
Check = Callable[[], None]
Done = Callable[[str, document.Stream], None]


class ChunkWriter(Writer):
    """Cut a stream into chunks and put them; one thread at a time.

    It holds one chunk and one index page, however long the stream is, and
    the digests of the pages that are full.
    """

    def __init__(self, section: Section, place: layout.StreamPlace, *,
                 chunk_size: int, page_size: int, level: int, done: Done,
                 on_bytes: OnBytes, check: Check) -> None:
        """Begin a stream.

        :param chunk_size: bytes before compression
        :param page_size: chunks on an index page
        :param done: called once, when all of the stream is in the bank
        :param on_bytes: called with the raw size of each chunk put
        :param check: called before each chunk; what it raises ends the stream
        """
        self._section = section
        self._place = place
        self._chunk_size = chunk_size
        self._page_size = page_size
        self._level = level
        self._done = done
        self._on_bytes = on_bytes
        self._check = check
        self._buffer = bytearray()
        self._page: list[codec.Chunk] = []
        self._pages: list[str] = []
        self._chunks = 0
        self._bytes = 0
        self._stored_bytes = 0
        self._state = 'open'

    def write(self, data: bytes | bytearray | memoryview) -> int:
        self._check_open()
        view = memoryview(data).cast('B')
        size, start = self._chunk_size, 0
        if self._buffer:
            start = min(size - len(self._buffer), len(view))
            self._buffer += view[:start]
            if len(self._buffer) == size:
                self._flush()
        # whole chunks go as they are, without a copy
        while len(view) - start >= size:
            self._put(view[start:start + size])
            start += size
        self._buffer += view[start:]
        return len(view)

    def close(self) -> None:
        """Put what is left; the stream exists now. May repeat."""
        if self._state == 'closed':
            return
        self._check_open()
        if self._buffer:
            self._flush()
        if self._page:
            self._put_page()
        # closed only when somebody knows the stream
        self._state = 'lost'
        self._done(self._place.stream, document.Stream(
            self._place.attempt, self._place.token, self._bytes,
            self._stored_bytes, self._chunks, self._page_size,
            tuple(self._pages)))
        self._state = 'closed'

    def abort(self) -> None:
        # Chunks that are in the bank stay there, named by nothing, until the
        # checkpoint goes: a bank that has just failed is not asked again.
        if self._state == 'open':
            self._state = 'aborted'
        self._buffer = bytearray()
        self._page = []

    def _check_open(self) -> None:
        if self._state == 'lost':
            raise exception.BankError(key=self._place.folder, reason=_(
                'the stream %s was lost by an earlier error')
                % self._place.stream)
        if self._state != 'open':
            raise ValueError(_('the stream %(stream)s is %(state)s') % {
                'stream': self._place.stream, 'state': self._state})

    def _flush(self) -> None:
        with memoryview(self._buffer) as view:
            self._put(view)
        self._buffer.clear()

    def _put(self, raw: memoryview) -> None:
        # until it has succeeded: a chunk that failed leaves a hole
        self._state = 'lost'
        self._check()
        chunk, stored = codec.encode(raw, self._level)
        page = self._chunks // self._page_size
        self._section.put(self._place.chunk(page, self._chunks), stored)
        self._page.append(chunk)
        self._chunks += 1
        self._bytes += chunk.bytes
        self._stored_bytes += chunk.stored_bytes
        if len(self._page) == self._page_size:
            self._put_page()
        self._on_bytes(chunk.bytes)
        self._state = 'open'

    def _put_page(self) -> None:
        self._state = 'lost'
        data = document.page_to_bytes(self._page)
        self._section.put(self._place.index(len(self._pages)), data)
        self._pages.append(codec.digest(data))
        self._page = []
        self._state = 'open'


class ChunkReader(Reader):
    """Read a stream; every byte it returns has been proved.

    It holds one chunk and one index page.

    :ivar size: bytes of the stream
    """

    def __init__(self, section: Section, place: layout.StreamPlace,
                 stream: document.Stream, *, on_bytes: OnBytes,
                 check: Check) -> None:
        self.size = stream.bytes
        self._chunks = read_chunks(section, place, stream, check)
        self._on_bytes = on_bytes
        self._chunk = b''
        self._offset = 0
        self._error: BaseException | None = None

    def read(self, size: int = -1) -> bytes:
        """Just ``size`` bytes, fewer only at the end of the stream."""
        if size < 0:
            # one copy in all, not one for each chunk
            rest = io.BytesIO()
            while self._fill():
                rest.write(self._take(len(self._chunk)))
            return rest.getvalue()
        if not size or not self._fill():
            return b''
        part = self._take(size)
        if len(part) == size:
            return part
        parts, left = [part], size - len(part)
        while left and self._fill():
            part = self._take(left)
            parts.append(part)
            left -= len(part)
        return b''.join(parts)

    def close(self) -> None:
        self._chunk, self._offset = b'', 0
        self._error = ValueError(_('the stream is closed'))

    def _fill(self) -> bool:
        """Have a byte to return, unless the stream is at its end."""
        if self._error is not None:
            # a second try must not look like the end of the stream
            raise self._error
        if self._offset < len(self._chunk):
            return True
        # let go of the old one first, so that there are never two
        self._chunk, self._offset = b'', 0
        try:
            self._chunk = next(self._chunks, b'')
            if self._chunk:
                self._on_bytes(len(self._chunk))
        except BaseException as error:
            self._error = error
            raise
        return bool(self._chunk)

    def _take(self, most: int) -> bytes:
        start, end = self._offset, self._offset + most
        self._offset = min(end, len(self._chunk))
        # a slice of all of it is the very same object
        return self._chunk[start:end]


def read_chunks(section: Section, place: layout.StreamPlace,
                stream: document.Stream, check: Check) -> Iterator[bytes]:
    """The chunks of a stream, proved, one after another.

    :param check: called before each chunk
    :raises exception.BankCorrupt: something is damaged or gone
    """
    total = 0
    for page in range(len(stream.pages)):
        chunks = document.read_page(section, place, stream, page)
        first = page * stream.page_size
        for number, chunk in enumerate(chunks, first):
            check()
            key = place.chunk(page, number)
            yield codec.decode(chunk, document.get_named(section, key), key)
            total += chunk.bytes
    if total != stream.bytes:
        raise exception.BankCorrupt(key=place.folder, reason=_(
            'the stream has %(found)d bytes instead of %(size)d') % {
                'found': total, 'size': stream.bytes})
