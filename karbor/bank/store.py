# SPDX-License-Identifier: Apache-2.0
"""The store: checkpoints in a bank.

What is there is written in an order that makes one promise: a manifest that
says ``available`` names only data that is durably there.
"""

from collections.abc import Callable, Iterator, Set
import dataclasses

from karbor import exception
from karbor.bank import audit
from karbor.bank import layout
from karbor.bank.census import Attempt
from karbor.bank.census import Census
from karbor.bank.data import ReadableData
from karbor.bank.data import WritableData
from karbor.bank.manifest import Manifest
from karbor.bank.manifest import ResourceEntry
from karbor.bank.patience import PatientBank
from karbor.bank.section import MAX_OBJECT
from karbor.bank.section import Section
from karbor.i18n import _
from karbor.model.resource import Resource
from karbor.plugin import BankPlugin

CHUNK_SIZE = 8 * 1024 * 1024
PAGE_SIZE = 1024
_LIST_PAGE = 1000
_SWEEPS = 3


def _nothing(*ignored: object) -> None:
    """What happens at each chunk if nobody wants to know."""


class Store:
    """All checkpoints in one bank; safe to use from many threads."""

    def __init__(self, bank: BankPlugin | Section, *,
                 chunk_size: int = CHUNK_SIZE, level: int = 1,
                 page_size: int = PAGE_SIZE) -> None:
        """Use a bank; nothing is read yet.

        :param chunk_size: bytes of a stream in one object, before
            compression; at most 64 MiB
        :param level: of zstd, for what is written
        :param page_size: chunks on an index page
        """
        if not 0 < chunk_size <= MAX_OBJECT:
            raise ValueError(_('chunk_size is %(size)d; expected 1 to '
                               '%(most)d') % {'size': chunk_size,
                                              'most': MAX_OBJECT})
        self._bank = bank
        self._section = Section(bank)
        self._reading = Section(bank, read_only=True)
        self._chunk_size = chunk_size
        self._page_size = page_size
        self._level = level

    def waiting(self, sleep: Callable[[float], None]) -> 'Store':
        """The same store for somebody who has to stop waiting for the bank.

        :param sleep: pauses between two tries at a bank that is away; what it
            raises ends the call
        """
        if not isinstance(self._bank, PatientBank):
            return self
        return Store(self._bank.waiting(sleep), chunk_size=self._chunk_size,
                     level=self._level, page_size=self._page_size)

    # -- manifests ------------------------------------------------------------

    def write_manifest(self, manifest: Manifest) -> None:
        """Put a manifest, or replace it by that of a later attempt.

        The bank cannot compare and set, so this catches a worker that is
        late, not one that is late by a moment: the claim in the database
        does that.

        :raises exception.LeaseLost: a later attempt has written one
        :raises exception.Conflict: the checkpoint is being deleted
        """
        key = layout.manifest(manifest.checkpoint_id)
        try:
            present = self.read_manifest(manifest.checkpoint_id)
        except exception.CheckpointNotFound:
            present = None
        if present is not None:
            if present.attempt > manifest.attempt:
                raise exception.LeaseLost(_(
                    'Checkpoint %(id)s was written by attempt %(present)d; '
                    'attempt %(attempt)d must not replace it.') % {
                        'id': manifest.checkpoint_id,
                        'present': present.attempt,
                        'attempt': manifest.attempt},
                    id=manifest.checkpoint_id, attempt=manifest.attempt)
            if (present.status == 'deleting'
                    and manifest.status != 'deleting'):
                raise exception.Conflict(reason=_(
                    'checkpoint %s is being deleted from the bank')
                    % manifest.checkpoint_id)
        self._section.put(key, manifest.to_bytes())

    def read_manifest(self, checkpoint_id: str) -> Manifest:
        """Read a manifest and prove it.

        :raises exception.CheckpointNotFound: there is none
        :raises exception.BankCorrupt: it is damaged
        :raises exception.FormatUnknown: a newer release wrote it
        """
        key = layout.manifest(checkpoint_id)
        try:
            data = self._reading.get(key)
        except exception.BankKeyNotFound as error:
            raise exception.CheckpointNotFound(id=checkpoint_id) from error
        manifest = Manifest.from_bytes(data, key)
        if manifest.checkpoint_id != checkpoint_id:
            raise exception.BankCorrupt(key=key, reason=_(
                'it is the manifest of checkpoint %s')
                % manifest.checkpoint_id)
        return manifest

    def manifests(self, after: str = '',
                  limit: int | None = None) -> list[str]:
        """Ids of the checkpoints that have a manifest, in order.

        :param after: only ids that sort after this one
        :param limit: at most so many
        """
        last = layout.manifest(after) if after else ''
        found: list[str] = []
        while limit is None or len(found) < limit:
            keys = self._reading.list(f'{layout.MANIFESTS}/', last,
                                      _LIST_PAGE)
            ids = (layout.manifest_id(key) for key in keys)
            found += [checkpoint_id for checkpoint_id in ids if checkpoint_id]
            if len(keys) < _LIST_PAGE:
                break
            last = keys[-1]
        return found[:limit]

    @property
    def census(self) -> Census:
        """What the bank holds, whatever the manifests say."""
        return Census(self._reading)

    # -- data -----------------------------------------------------------------

    def data(self, checkpoint_id: str, resource: Resource, attempt: int, *,
             previous: ResourceEntry | None = None,
             on_bytes: Callable[[int], None] = _nothing,
             check: Callable[[], None] = _nothing) -> WritableData:
        """What a hook may write of a resource.

        :param attempt: of the operation; all is written beneath it
        :param previous: what an earlier hook has committed, maybe in an
            earlier attempt: its streams stay where they are
        :param on_bytes: called with the uncompressed size of each chunk
        :param check: called before each chunk; may raise `Cancelled`
        """
        layout.check_checkpoint_id(checkpoint_id)
        return WritableData(
            self._section, checkpoint_id, resource, attempt,
            previous=previous, chunk_size=self._chunk_size,
            page_size=self._page_size, level=self._level,
            on_bytes=on_bytes, check=check)

    def read(self, checkpoint_id: str, entry: ResourceEntry, *,
             on_bytes: Callable[[int], None] = _nothing,
             check: Callable[[], None] = _nothing) -> ReadableData:
        """What a checkpoint holds of a resource.

        :param entry: from the manifest
        """
        layout.check_checkpoint_id(checkpoint_id)
        return ReadableData(self._reading, checkpoint_id, entry,
                            on_bytes=on_bytes, check=check)

    def verify(self, checkpoint_id: str, *,
               check: Callable[[], None] = _nothing,
               on_bytes: Callable[[int], None] = _nothing,
               ) -> list[audit.Problem]:
        """Read all of a checkpoint and prove every digest.

        :return: what is damaged or gone; nothing if all is well
        :raises exception.CheckpointNotFound: there is no manifest
        :raises exception.BankError: the bank could not be read
        """
        try:
            manifest = self.read_manifest(checkpoint_id)
        except exception.BankCorrupt as error:
            return [audit.Problem.of(error)]
        problems: list[audit.Problem] = []
        for entry in manifest.resources:
            problems += self.verify_resource(checkpoint_id, entry,
                                             check=check, on_bytes=on_bytes)
        return problems

    def verify_resource(self, checkpoint_id: str, entry: ResourceEntry, *,
                        check: Callable[[], None] = _nothing,
                        on_bytes: Callable[[int], None] = _nothing,
                        ) -> Iterator[audit.Problem]:
        """The part of `verify` that is about one resource.

        :return: what is damaged or gone, while it is read
        :raises exception.BankError: the bank could not be read
        """
        return audit.verify_resource(self._reading, checkpoint_id, entry,
                                     check, on_bytes)

    # -- removal --------------------------------------------------------------

    def delete(self, checkpoint_id: str, *,
               check: Callable[[], None] = _nothing) -> None:
        """Remove a checkpoint; may repeat, and go on where it stopped.

        The manifest says so first; then data, documents and the manifest go.
        A checkpoint without a manifest loses whatever there is of it. In a
        bank that is full there is no room to say so: the manifest goes first,
        for it must not call available what is half gone.

        :param check: called before each object; may raise `Cancelled`
        :raises exception.FormatUnknown: a newer release wrote the
            checkpoint; this one may not know all that belongs to it
        """
        try:
            manifest = self.read_manifest(checkpoint_id)
        except exception.CheckpointNotFound:
            manifest = None
        except exception.BankCorrupt:
            # Damaged, so it promises nothing that deleting could break.
            manifest = None
        if manifest is not None and manifest.status != 'deleting':
            try:
                self.write_manifest(dataclasses.replace(
                    manifest, status='deleting', reason=None))
            except exception.BankFull:
                self._section.delete(layout.manifest(checkpoint_id))
        for folder in layout.resource_folders(checkpoint_id):
            self._delete_folder(folder, check)
        check()
        self._section.delete(layout.manifest(checkpoint_id))

    def drop_attempts(self, checkpoint_id: str, resource: Resource,
                      keep: Set[int]) -> None:
        """Remove what attempts that were given up have left of a resource.

        Attempts later than all of ``keep`` stay too: whoever asks may have
        lost its lease to one of them.

        :param keep: not empty; for what an entry names, its ``attempts``
        """
        if not keep:
            raise ValueError(_('keep names no attempt'))
        for folder in layout.resource_folders(checkpoint_id, resource):
            for attempt in self._attempts(folder):
                if attempt < max(keep) and attempt not in keep:
                    self._delete_folder(
                        f'{folder}/{layout.attempt_folder(attempt)}',
                        _nothing)

    def drop(self, attempt: Attempt) -> None:
        """Remove what an attempt has left; may repeat."""
        for folder in attempt.folders:
            self._delete_folder(folder, _nothing)

    def _attempts(self, folder: str) -> list[int]:
        """Attempts in a folder, by one question for each of them."""
        found: list[int] = []
        after = ''
        while keys := self._section.list(f'{folder}/', after, 1):
            name = keys[0][len(folder) + 1:].partition('/')[0]
            if name.isdigit():
                found.append(int(name))
            # '0' is what follows '/', so all that the attempt holds is past
            after = f'{folder}/{name}0'
        return found

    def _delete_folder(self, folder: str, check: Callable[[], None]) -> None:
        # A worker that lost its lease may still put while this deletes, so it
        # looks again, but not for ever.
        for _sweep in range(_SWEEPS):
            last = ''
            while keys := self._section.list(f'{folder}/', last, _LIST_PAGE):
                for key in keys:
                    check()
                    self._section.delete(key)
                last = keys[-1]
            if not last:
                return
        if self._section.list(f'{folder}/', limit=1):
            raise exception.BankError(key=folder, reason=_(
                'objects are still there after they were deleted'))
