# SPDX-License-Identifier: Apache-2.0
"""Proof that what a checkpoint names is there, undamaged."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from karbor import exception
from karbor.bank import codec
from karbor.bank import document
from karbor.bank import layout
from karbor.bank.manifest import ResourceEntry
from karbor.bank.section import Section
from karbor.i18n import _
from karbor.model.resource import Resource


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a bank that is not what was written.

    :ivar key: of the object
    :ivar reason: a sentence for the user
    :ivar resource: to which it belongs; None if to the manifest
    """

    key: str
    reason: str
    resource: Resource | None = None

    def __str__(self) -> str:
        return self.reason

    @classmethod
    def of(cls, error: exception.BankError,
           resource: Resource | None = None) -> 'Problem':
        return cls(str(error.facts.get('key', '')), str(error), resource)


def verify_resource(section: Section, checkpoint_id: str,
                    entry: ResourceEntry, check: Callable[[], None],
                    on_bytes: Callable[[int], None]) -> Iterator[Problem]:
    """Read all that an entry names, and give what is damaged or gone.

    :raises exception.BankError: the bank could not be read
    """
    try:
        found = document.read_document(section, checkpoint_id, entry)
    except exception.BankCorrupt as error:
        yield Problem.of(error, entry.resource)
        return
    for name, stream in found.streams.items():
        place = layout.StreamPlace(checkpoint_id, entry.resource,
                                   stream.attempt, name, stream.token)
        for damage in _verify_stream(section, place, stream, check,
                                          on_bytes):
            yield Problem.of(damage, entry.resource)


def _verify_stream(section: Section, place: layout.StreamPlace,
                   stream: document.Stream, check: Callable[[], None],
                   on_bytes: Callable[[int], None],
                   ) -> Iterator[exception.BankCorrupt]:
    damaged = False
    total = 0
    for page in range(len(stream.pages)):
        check()
        try:
            chunks = document.read_page(section, place, stream, page)
        except exception.BankCorrupt as error:
            damaged = True
            yield error
            continue
        for number, chunk in enumerate(chunks, page * stream.page_size):
            check()
            key = place.chunk(page, number)
            try:
                codec.decode(chunk, document.get_named(section, key), key)
            except exception.BankCorrupt as error:
                damaged = True
                yield error
            total += chunk.bytes
            on_bytes(chunk.bytes)
    if not damaged and total != stream.bytes:
        yield exception.BankCorrupt(key=place.folder, reason=_(
            'the stream has %(found)d bytes instead of %(size)d') % {
                'found': total, 'size': stream.bytes})
