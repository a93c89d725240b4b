# SPDX-License-Identifier: Apache-2.0
"""What there is in a bank, told by its keys, whoever owns it.

Keys are listed page by page, and what is known already is jumped over, so a
question costs at most one request for each thing that is found, fewer if the
things are small, and one page of memory.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
import datetime
import heapq
import itertools
from typing import NamedTuple

from karbor import exception
from karbor.bank import layout
from karbor.bank.section import Section

_PAGE = 1000


class Attempt(NamedTuple):
    """Something that an attempt has left of a resource.

    :ivar resource: as it is named in keys, see `layout.resource_key`
    """

    checkpoint_id: str
    resource: str
    number: int

    @property
    def folders(self) -> tuple[str, ...]:
        return tuple(
            f'{folder}/{self.resource}/{layout.attempt_folder(self.number)}'
            for folder in layout.resource_folders(self.checkpoint_id))


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is.

    :ivar bytes: in the bank
    :ivar written_at: the latest of all; None if there is nothing
    """

    objects: int = 0
    bytes: int = 0
    written_at: datetime.datetime | None = None


class Census:
    """Asks a bank what it holds; changes nothing."""

    def __init__(self, section: Section) -> None:
        self._section = Section(section, read_only=True)

    def checkpoint_ids(self) -> Iterator[list[str]]:
        """Ids of which there is anything, in order, in pages."""
        ids = (id_ for id_, _all in itertools.groupby(heapq.merge(
            self._manifests(), self._below(layout.DATA),
            self._below(layout.RESOURCES))))
        while page := list(itertools.islice(ids, _PAGE)):
            yield page

    def attempts(self, checkpoint_id: str) -> Iterator[Attempt]:
        """Attempts that have left something in a checkpoint, in order."""
        for (resource, number), _all in itertools.groupby(heapq.merge(*(
                self._pairs(folder) for folder
                in layout.resource_folders(checkpoint_id)))):
            yield Attempt(checkpoint_id, resource, number)

    def size(self, folders: Sequence[str], keys: Sequence[str],
             before: datetime.datetime) -> Size | None:
        """How much there is; None if something is younger than allowed.

        :param folders: all below these
        :param keys: and these, if they are there
        :param before: whatever was written later is young
        """
        found = Size()
        for key in itertools.chain(*map(self._keys, folders), keys):
            try:
                one = self._section.stat(key)
            except exception.BankKeyNotFound:
                continue            # somebody has removed it just now
            if one.written_at > before:
                return None
            found = Size(found.objects + 1, found.bytes + one.size, max(
                found.written_at or one.written_at, one.written_at))
        return found

    def _keys(self, folder: str) -> Iterator[str]:
        last = ''
        while page := self._section.list(f'{folder}/', last, _PAGE):
            yield from page
            last = page[-1]

    def _manifests(self) -> Iterator[str]:
        return filter(None, map(layout.manifest_id,
                                self._keys(layout.MANIFESTS)))

    def _below(self, folder: str) -> Iterator[str]:
        """Ids of the checkpoints that have something below a folder."""
        last = ''
        while page := self._section.list(f'{folder}/', last, _PAGE):
            found: dict[str, None] = {}
            for key in page:
                name, last = layout.step(folder, key)
                if name is not None and layout.is_checkpoint_id(name):
                    found[name] = None
            yield from found

    def _pairs(self, folder: str) -> Iterator[tuple[str, int]]:
        """Resources and attempts that have something below a checkpoint's."""
        last = ''
        while page := self._section.list(f'{folder}/', last, _PAGE):
            found: dict[tuple[str, int], None] = {}
            for key in page:
                name, last = layout.step(folder, key)
                if name is None or not layout.is_resource_key(name):
                    continue
                below, last = layout.step(f'{folder}/{name}', key)
                number = layout.attempt_number(below or '')
                if number is not None:
                    found[name, number] = None
            yield from found
