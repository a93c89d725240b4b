# SPDX-License-Identifier: Apache-2.0
"""The resource document and the index pages: from an entry to its chunks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
import json
from typing import Any

from karbor import exception
from karbor.bank import codec
from karbor.bank import layout
from karbor.bank.manifest import FORMAT
from karbor.bank.manifest import ResourceEntry
from karbor.bank.section import Section
from karbor.i18n import _
from karbor.model.resource import Resource


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream of a resource, wherever an attempt has put it.

    :ivar attempt: beneath which it is
    :ivar token: beneath which it is, within the attempt
    :ivar bytes: its size
    :ivar stored_bytes: what its chunks take in the bank
    :ivar chunks: how many there are
    :ivar page_size: chunks on each index page but the last
    :ivar pages: digests of the index pages, in order
    """

    attempt: int
    token: str
    bytes: int
    stored_bytes: int
    chunks: int
    page_size: int
    pages: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        return {'attempt': self.attempt, 'token': self.token,
                'bytes': self.bytes, 'stored_bytes': self.stored_bytes,
                'chunks': self.chunks, 'page_size': self.page_size,
                'pages': list(self.pages)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> 'Stream':
        stream = cls(attempt=data['attempt'], token=data['token'],
                     bytes=data['bytes'], stored_bytes=data['stored_bytes'],
                     chunks=data['chunks'], page_size=data['page_size'],
                     pages=tuple(data['pages']))
        if -(-stream.chunks // stream.page_size) != len(stream.pages):
            raise ValueError(_('the number of chunks and of index pages do '
                               'not agree'))
        return stream

    def chunks_on(self, page: int) -> int:
        """How many chunks an index page names."""
        return min(self.page_size, self.chunks - page * self.page_size)


@dataclass(frozen=True, slots=True)
class Document:
    """All that a checkpoint holds of one resource.

    :ivar info: what the plugin saved, plain data
    :ivar streams: by name
    """

    checkpoint_id: str
    resource: Resource
    attempt: int
    info: Mapping[str, Any] = field(default_factory=dict)
    streams: Mapping[str, Stream] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        return codec.dumps({
            'format': FORMAT, 'checkpoint_id': self.checkpoint_id,
            'type': self.resource.type, 'id': self.resource.id,
            'name': self.resource.name, 'attempt': self.attempt,
            'info': dict(self.info),
            'streams': {name: stream.to_dict()
                        for name, stream in self.streams.items()}})

    @classmethod
    def _from_bytes(cls, data: bytes, key: str) -> 'Document':
        try:
            found = json.loads(data)
            if found['format'] != FORMAT:
                raise exception.FormatUnknown(
                    key=key, found=found['format'], known=FORMAT)
            return cls(found['checkpoint_id'],
                       Resource(found['type'], found['id'], found['name']),
                       found['attempt'], found['info'],
                       {name: Stream.from_dict(stream)
                        for name, stream in found['streams'].items()})
        except (KeyError, TypeError, ValueError, AttributeError,
                ZeroDivisionError) as error:
            raise exception.BankCorrupt(key=key, reason=_(
                'it does not have the form of a resource document: %s')
                % error) from error


def get_object(section: Section, key: str, expected: str) -> bytes:
    """Read an object that something else names by its digest.

    :raises exception.BankCorrupt: it is damaged or gone
    """
    data = get_named(section, key)
    codec.check(data, expected, key)
    return data


def get_named(section: Section, key: str) -> bytes:
    """Read an object that has to be there.

    :raises exception.BankCorrupt: it is gone
    """
    try:
        return section.get(key)
    except exception.BankKeyNotFound as error:
        raise exception.BankCorrupt(
            key=key, reason=_('it is missing')) from error


def read_document(section: Section, checkpoint_id: str,
                  entry: ResourceEntry) -> Document:
    """Read what an entry names; an empty document if it names none.

    :raises exception.BankCorrupt: the document is damaged, gone, or that of
        something else
    """
    if entry.document is None:
        return Document(checkpoint_id, entry.resource, entry.attempt)
    key = layout.document(checkpoint_id, entry.resource, entry.attempt,
                          entry.document)
    data = get_object(section, key, entry.document)
    document = Document._from_bytes(data, key)
    if (document.checkpoint_id != checkpoint_id
            or document.resource != entry.resource):
        raise exception.BankCorrupt(key=key, reason=_(
            'it is the document of %(resource)s in checkpoint '
            '%(checkpoint)s') % {'resource': document.resource,
                                 'checkpoint': document.checkpoint_id})
    total = sum(stream.bytes for stream in document.streams.values())
    if total != entry.bytes or len(data) != entry.document_size:
        raise exception.BankCorrupt(key=key, reason=_(
            'its sizes are not those that the manifest names'))
    return document


def page_to_bytes(chunks: list[codec.Chunk]) -> bytes:
    """An index page; at most `Stream.page_size` chunks."""
    return codec.dumps({'format': FORMAT,
                        'chunks': [chunk.to_list() for chunk in chunks]})


def read_page(section: Section, place: layout.StreamPlace, stream: Stream,
              page: int) -> list[codec.Chunk]:
    """Read an index page.

    :raises exception.BankCorrupt: it is damaged or gone
    """
    key = place.index(page)
    data = get_object(section, key, stream.pages[page])
    try:
        chunks = [codec.Chunk.from_list(fields)
                  for fields in json.loads(data)['chunks']]
    except (KeyError, TypeError, ValueError) as error:
        raise exception.BankCorrupt(key=key, reason=_(
            'it does not have the form of an index page: %s')
            % error) from error
    if len(chunks) != stream.chunks_on(page):
        raise exception.BankCorrupt(key=key, reason=_(
            'it names %(found)d chunks instead of %(count)d') % {
                'found': len(chunks), 'count': stream.chunks_on(page)})
    return chunks
