# SPDX-License-Identifier: Apache-2.0
"""A fenced view of a bank: what is outside of it does not exist."""

import builtins
from collections.abc import Iterator
import contextlib
import re
from typing import Union

from karbor import exception
from karbor.i18n import _
from karbor.plugin import BankPlugin
from karbor.plugin import Cancelled
from karbor.plugin import Stat

MAX_KEY = 900
MAX_PART = 200
MAX_OBJECT = 64 * 1024 * 1024

_PART = re.compile(r'[A-Za-z0-9._:@=+~-]+')


def check_key(key: str) -> str:
    """Return ``key`` if it is one.

    Nothing is ever normalised: two spellings are two keys, or an error.

    :raises exception.BankKeyInvalid: it is not a key
    """
    if not isinstance(key, str):
        raise exception.BankKeyInvalid(key=key, reason=_('it is not text'))
    if not key:
        raise exception.BankKeyInvalid(key=key, reason=_('it is empty'))
    _check_text(key)
    if key.endswith('/'):
        raise exception.BankKeyInvalid(
            key=key, reason=_('it ends with a slash'))
    return key


def _check_text(text: str) -> None:
    """A key or the beginning of one."""
    if not isinstance(text, str):
        raise exception.BankKeyInvalid(key=text, reason=_('it is not text'))
    if len(text) > MAX_KEY:
        raise exception.BankKeyInvalid(
            key=text, reason=_('it is longer than %d characters') % MAX_KEY)
    parts = text.split('/')
    for number, part in enumerate(parts):
        if not part:
            if number and number == len(parts) - 1 or not text:
                continue
            raise exception.BankKeyInvalid(
                key=text, reason=_('it has an empty part'))
        if part in ('.', '..'):
            raise exception.BankKeyInvalid(
                key=text, reason=_('a part must not be "." or ".."'))
        if not _PART.fullmatch(part):
            raise exception.BankKeyInvalid(
                key=text, reason=_('a part is made of letters and digits of '
                                   'ASCII and of . _ : @ = + ~ -'))
        if len(part) > MAX_PART:
            raise exception.BankKeyInvalid(
                key=text, reason=_('a part is longer than %d characters')
                % MAX_PART)


@contextlib.contextmanager
def _named(key: str) -> Iterator[None]:
    """Turn whatever leaves a plugin into a `BankError`."""
    try:
        yield
    except (exception.BankError, Cancelled):
        raise
    except Exception as error:
        # a fault of a plugin is a failure of its bank, not of its caller
        raise exception.BankError(
            key=key, reason=f'{type(error).__name__}: {error}') from error


class Section:
    """The part of a bank beneath a prefix.

    A section has the methods of a `BankPlugin`; all keys are relative to it.
    Every error that leaves it is a `BankError`, but for the `Cancelled` of an
    operation that does not wait for its bank any more.
    """

    __slots__ = ('_base', '_plugin', '_read_only')

    _base: str
    _plugin: BankPlugin
    _read_only: bool

    def __init__(self, bank: Union[BankPlugin, 'Section'], prefix: str = '',
                 *, read_only: bool = False) -> None:
        """Fence a bank or narrow a section.

        :param prefix: whole parts, without a slash at the end; empty for all
        :param read_only: refuse changes; what is read-only stays so in all
            sections made of it
        :raises exception.BankKeyInvalid: the prefix cannot begin a key
        """
        if prefix != '':
            check_key(prefix)
        if isinstance(bank, Section):
            base, self._plugin = bank._base, bank._plugin
            read_only = read_only or bank._read_only
        else:
            base, self._plugin = '', bank
        self._base = f'{base}{prefix}/' if prefix else base
        self._read_only = read_only

    def __repr__(self) -> str:
        return (f'<Section {self._base!r}'
                f'{" read-only" if self._read_only else ""}>')

    @property
    def read_only(self) -> bool:
        return self._read_only

    def section(self, prefix: str, *, read_only: bool = False) -> 'Section':
        """A section of this one."""
        check_key(prefix)
        return Section(self, prefix, read_only=read_only)

    def put(self, key: str, data: bytes) -> None:
        """Store an object, durably, as a whole.

        :param data: at most 64 MiB
        :raises exception.BankReadOnly: the section is read-only
        """
        full = self._full(key)
        self._check_writable(full)
        if not isinstance(data, bytes):
            raise exception.BankError(key=full, reason=_(
                'an object is bytes, not %s') % type(data).__name__)
        if len(data) > MAX_OBJECT:
            raise exception.BankError(key=full, reason=_(
                'an object of %(size)d bytes is larger than the %(most)d '
                'that a bank takes') % {'size': len(data),
                                        'most': MAX_OBJECT})
        with _named(full):
            self._plugin.put(full, data)

    def get(self, key: str) -> bytes:
        """Return an object.

        :raises exception.BankKeyNotFound: there is none
        """
        full = self._full(key)
        with _named(full):
            data = self._plugin.get(full)
        if not isinstance(data, bytes):
            raise exception.BankError(key=full, reason=_(
                'the plugin returned %s, not bytes') % type(data).__name__)
        return data

    def list(self, prefix: str = '', after: str = '',
             limit: int | None = None) -> list[str]:
        """Keys in the order of their bytes, relative to the section.

        Objects whose names are no keys are not Karbor's and are left out.

        :param prefix: compared as text: ``a/b`` also finds ``a/bc``
        :param after: only keys that sort after this one
        :param limit: at most so many
        """
        _check_text(prefix)
        _check_text(after)
        start = self._base + prefix
        last = self._base + after if after else ''
        found: builtins.list[str] = []
        while limit is None or len(found) < limit:
            want = None if limit is None else limit - len(found)
            with _named(start):
                page = self._plugin.list(start, last, want)
                self._check_page(page, start, last, want)
            found += [key[len(self._base):] for key in page if _is_key(key)]
            if want is None or len(page) < want:
                break
            last = page[-1]
        return found

    def stat(self, key: str) -> Stat:
        """Size and age of an object.

        :raises exception.BankKeyNotFound: there is none
        """
        full = self._full(key)
        with _named(full):
            found = self._plugin.stat(full)
            if not isinstance(found, Stat) or found.written_at.tzinfo is None:
                raise exception.BankError(key=full, reason=_(
                    'the plugin returned %r, not size and age') % (found,))
        return found

    def delete(self, key: str) -> None:
        """Remove an object if it is there.

        :raises exception.BankReadOnly: the section is read-only
        """
        full = self._full(key)
        self._check_writable(full)
        with _named(full):
            self._plugin.delete(full)

    def _full(self, key: str) -> str:
        check_key(key)
        full = self._base + key
        if len(full) > MAX_KEY:
            raise exception.BankKeyInvalid(key=full, reason=_(
                'it is longer than %d characters') % MAX_KEY)
        return full

    def _check_writable(self, full: str) -> None:
        if self._read_only:
            raise exception.BankReadOnly(key=full)

    @staticmethod
    def _check_page(page: builtins.list[str], start: str, last: str,
                    want: int | None) -> None:
        # A plugin that shows siblings would have them deleted, and one that
        # does not move on would be asked for ever: better to stop.
        if want is not None and len(page) > want:
            raise exception.BankError(key=start, reason=_(
                'the plugin listed more keys than it was asked for'))
        for key in page:
            if not key.startswith(start):
                raise exception.BankError(key=key, reason=_(
                    'the plugin listed it for the prefix "%s"') % start)
            if key <= last:
                raise exception.BankError(key=key, reason=_(
                    'the plugin listed it after "%s", out of order') % last)
            last = key


def _is_key(key: str) -> bool:
    try:
        check_key(key)
    except exception.BankKeyInvalid:
        return False
    return True
