# SPDX-License-Identifier: Apache-2.0
"""Bytes as a bank keeps them: digests, compression and plain JSON."""

from dataclasses import dataclass
import json
import threading
from typing import Any

from blake3 import blake3
import zstandard

from karbor import exception
from karbor.bank.section import MAX_OBJECT
from karbor.i18n import _

RAW = 'raw'
ZSTD = 'zstd'

Buffer = bytes | bytearray | memoryview


class _Contexts(threading.local):
    """A zstd context serves one thread at a time."""

    def __init__(self) -> None:
        self.compressors: dict[int, zstandard.ZstdCompressor] = {}
        self.decompressor = zstandard.ZstdDecompressor()

    def compressor(self, level: int) -> zstandard.ZstdCompressor:
        if level not in self.compressors:
            self.compressors[level] = zstandard.ZstdCompressor(level=level)
        return self.compressors[level]


_contexts = _Contexts()


def digest(data: Buffer) -> str:
    """BLAKE3, 256 bits, in hex."""
    return blake3(data).hexdigest()


def dumps(value: Any) -> bytes:
    """Canonical JSON: sorted keys, ASCII, no spaces.

    :raises ValueError: a number that JSON does not have
    :raises TypeError: not plain data
    """
    return json.dumps(value, sort_keys=True, separators=(',', ':'),
                      allow_nan=False).encode('ascii')


@dataclass(frozen=True, slots=True)
class Chunk:
    """What an index says about one chunk.

    :ivar codec: ``zstd``, or ``raw`` if that did not make it smaller
    :ivar bytes: its size in the stream
    :ivar stored_bytes: its size in the bank
    :ivar digest: of its bytes in the stream
    :ivar stored_digest: of its bytes in the bank
    """

    codec: str
    bytes: int
    stored_bytes: int
    digest: str
    stored_digest: str

    def to_list(self) -> list[Any]:
        return [self.codec, self.bytes, self.stored_bytes, self.digest,
                self.stored_digest]

    @classmethod
    def from_list(cls, fields: Any) -> 'Chunk':
        """The reverse of :meth:`to_list`.

        :raises ValueError: not such a list
        """
        codec, size, stored, own, packed = fields
        if (codec not in (RAW, ZSTD) or type(size) is not int
                or type(stored) is not int or not isinstance(own, str)
                or not isinstance(packed, str)
                or not 0 < size <= MAX_OBJECT
                or not 0 < stored <= MAX_OBJECT):
            raise ValueError(_('%r does not describe a chunk') % (fields,))
        return cls(codec, size, stored, own, packed)


def encode(raw: Buffer, level: int) -> tuple[Chunk, bytes]:
    """Pack a chunk for the bank."""
    own = digest(raw)
    packed = _contexts.compressor(level).compress(raw)
    if len(packed) < len(raw):
        return Chunk(ZSTD, len(raw), len(packed), own, digest(packed)), packed
    stored = bytes(raw)
    return Chunk(RAW, len(raw), len(raw), own, own), stored


def decode(chunk: Chunk, stored: bytes, key: str) -> bytes:
    """Unpack a chunk; what it returns is what was encoded.

    Nothing is unpacked before the bytes in the bank are proved, and never
    more than the size that the index says.

    :param key: for the message of an error
    :raises exception.BankCorrupt: size or digest differ
    """
    if len(stored) != chunk.stored_bytes:
        raise exception.BankCorrupt(key=key, reason=_(
            'it has %(found)d bytes instead of %(size)d') % {
                'found': len(stored), 'size': chunk.stored_bytes})
    check(stored, chunk.stored_digest, key)
    if chunk.codec == RAW:
        raw = stored
    else:
        raw = _decompress(chunk, stored, key)
    if len(raw) != chunk.bytes:
        raise exception.BankCorrupt(key=key, reason=_(
            'its content has %(found)d bytes instead of %(size)d') % {
                'found': len(raw), 'size': chunk.bytes})
    if raw is not stored or chunk.digest != chunk.stored_digest:
        check(raw, chunk.digest, key)
    return raw


def _decompress(chunk: Chunk, stored: bytes, key: str) -> bytes:
    try:
        # zstandard trusts the size in the frame more than the limit it is
        # given, so the frame has to agree before any memory is taken
        if (zstandard.get_frame_parameters(stored).content_size
                != chunk.bytes):
            raise exception.BankCorrupt(key=key, reason=_(
                'its compressed content does not have %d bytes')
                % chunk.bytes)
        return _contexts.decompressor.decompress(
            stored, max_output_size=chunk.bytes, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise exception.BankCorrupt(key=key, reason=_(
            'it cannot be decompressed: %s') % error) from error


def check(data: Buffer, expected: str, key: str) -> None:
    """Compare a digest.

    :raises exception.BankCorrupt: it differs
    """
    if digest(data) != expected:
        raise exception.BankCorrupt(key=key, reason=_(
            'its digest differs from the one that was recorded'))
