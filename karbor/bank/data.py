# SPDX-License-Identifier: Apache-2.0
"""What a checkpoint holds of one resource, as a plugin sees it."""

from collections.abc import Mapping
import json
import threading
from typing import Any, NoReturn

from karbor import exception
from karbor.bank import codec
from karbor.bank import document
from karbor.bank import layout
from karbor.bank.manifest import ResourceEntry
from karbor.bank.section import Section
from karbor.bank.stream import Check
from karbor.bank.stream import ChunkReader
from karbor.bank.stream import ChunkWriter
from karbor.bank.stream import OnBytes
from karbor.i18n import _
from karbor.model.resource import Resource
from karbor.plugin import Data
from karbor.plugin import Reader
from karbor.plugin import Writer


class ReadableData(Data):
    """Data of a checkpoint that is not to be changed."""

    def __init__(self, section: Section, checkpoint_id: str,
                 entry: ResourceEntry, *, on_bytes: OnBytes,
                 check: Check) -> None:
        self._section = section
        self._checkpoint_id = checkpoint_id
        self._entry = entry
        self._on_bytes = on_bytes
        self._check = check
        self._lock = threading.RLock()
        self._document: document.Document | None = None

    @property
    def document(self) -> document.Document:
        """Read once, when something asks for it.

        :raises exception.BankCorrupt: it is damaged or gone
        """
        with self._lock:
            if self._document is None:
                self._document = document.read_document(
                    self._section, self._checkpoint_id, self._entry)
            return self._document

    def save(self, info: Mapping[str, Any]) -> None:
        self._refuse()

    def load(self) -> dict[str, Any]:
        return _copy(self.document.info)

    def writer(self, stream: str = 'content') -> Writer:
        self._refuse()

    def reader(self, stream: str = 'content') -> Reader:
        layout.check_stream(stream)
        found = self.document.streams.get(stream)
        if found is None:
            raise exception.BankKeyNotFound(
                _('The checkpoint holds no stream %(stream)s of '
                  '%(resource)s.') % {'stream': stream,
                                      'resource': self._entry.resource},
                key=stream)
        place = layout.StreamPlace(self._checkpoint_id, self._entry.resource,
                                   found.attempt, stream, found.token)
        return ChunkReader(self._section, place, found,
                           on_bytes=self._on_bytes, check=self._check)

    def streams(self) -> dict[str, int]:
        return {name: stream.bytes
                for name, stream in self.document.streams.items()}

    def _refuse(self) -> NoReturn:
        raise exception.BankReadOnly(key=str(self._entry.resource))


class WritableData(ReadableData):
    """Data of a checkpoint that is being made, by one attempt.

    Streams and what is saved become part of the checkpoint with `commit`.
    Its methods may be called, and its streams written, by many threads.
    """

    def __init__(self, section: Section, checkpoint_id: str,
                 resource: Resource, attempt: int, *,
                 previous: ResourceEntry | None, chunk_size: int,
                 page_size: int, level: int, on_bytes: OnBytes,
                 check: Check) -> None:
        super().__init__(
            section, checkpoint_id,
            previous or ResourceEntry(resource.type, resource.id,
                                      resource.name, attempt),
            on_bytes=on_bytes, check=check)
        self._resource = resource
        self._attempt = attempt
        self._chunk_size = chunk_size
        self._page_size = page_size
        self._level = level
        self._dirty = False

    @property
    def dirty(self) -> bool:
        """Something was saved or streamed since the last commit."""
        return self._dirty

    def save(self, info: Mapping[str, Any]) -> None:
        """Keep small plain data.

        :raises exception.Invalid: it is not plain data
        """
        try:
            fresh = _copy(info)
        except (TypeError, ValueError) as error:
            raise exception.Invalid(field='info', reason=_(
                'what is saved has to be plain data (JSON): %s')
                % error) from error
        with self._lock:
            self._replace({**self.document.info, **fresh},
                          self.document.streams)

    def writer(self, stream: str = 'content') -> Writer:
        place = layout.StreamPlace(
            self._checkpoint_id, self._resource, self._attempt,
            layout.check_stream(stream), layout.new_token())
        return ChunkWriter(
            self._section, place, chunk_size=self._chunk_size,
            page_size=self._page_size, level=self._level,
            done=self._add, on_bytes=self._on_bytes, check=self._check)

    def commit(self) -> ResourceEntry:
        """Make what was written durable; returns what to put on record.

        Chunks and index pages are in the bank already; the document that
        names them follows now, if there is anything new. May repeat.
        """
        with self._lock:
            if self._dirty:
                self._entry = self._put_document()
                self._dirty = False
            return self._entry

    def _put_document(self) -> ResourceEntry:
        data = self.document.to_bytes()
        own = codec.digest(data)
        self._section.put(layout.document(
            self._checkpoint_id, self._resource, self._attempt, own), data)
        held = self.document.streams.values()
        return ResourceEntry(
            self._resource.type, self._resource.id, self._resource.name,
            self._attempt, own, len(data),
            sum(stream.bytes for stream in held),
            sum(stream.stored_bytes for stream in held),
            tuple(sorted({self._attempt, *(s.attempt for s in held)})))

    def _add(self, name: str, stream: document.Stream) -> None:
        with self._lock:
            self._replace(self.document.info,
                          {**self.document.streams, name: stream})

    def _replace(self, info: Mapping[str, Any],
                 held: Mapping[str, document.Stream]) -> None:
        self._document = document.Document(
            self._checkpoint_id, self._resource, self._attempt, info, held)
        self._dirty = True


def _copy(info: Mapping[str, Any]) -> dict[str, Any]:
    """Plain data as it will be read again."""
    plain: dict[str, Any] = json.loads(codec.dumps(dict(info)))
    return plain
