# SPDX-License-Identifier: Apache-2.0
"""An entry of an archive, checked: nothing in it is believed unseen."""

import base64
import binascii
from dataclasses import dataclass
import os
import stat

from karbor.plugins.filetree.archive import Damaged
from karbor.plugins.filetree.archive import parse
from karbor.plugins.filetree.names import from_archive
from karbor.plugins.filetree.names import valid

DIRECTORY, FILE, SYMLINK, LINK, FIFO = 'd', 'f', 'l', 'h', 'p'
_DEVICE = {'c': stat.S_IFCHR, 'b': stat.S_IFBLK}
_KINDS = tuple('dflhpcb')
_NUMBERS = (('m', 0, 0o7777), ('u', 0, (1 << 32) - 2),
            ('g', 0, (1 << 32) - 2), ('t', -(1 << 63), (1 << 63) - 1))


@dataclass(slots=True)
class Entry:
    """One entry.

    :ivar name: one name; of the top, empty
    :ivar mode: the twelve bits
    :ivar mtime: nanoseconds since 1970
    :ivar xattrs: values by name
    :ivar target: of a symbolic link, any text; of a hard link, a path from
        the top, made of valid names
    :ivar node: type and number for `os.mknod`
    """

    kind: str
    name: str
    mode: int = 0
    uid: int = 0
    gid: int = 0
    mtime: int = 0
    xattrs: dict[str, bytes] | None = None
    target: str = ''
    node: tuple[int, int] = (0, 0)


def decode(payload: memoryview, is_top: bool = False) -> Entry:
    """An entry out of its frame.

    :raises Damaged: it is none, or its name is not one name
    """
    value = parse(payload)
    if not isinstance(value, dict) or value.get('k') not in _KINDS:
        raise Damaged('an entry of no known kind')
    kind, name = value['k'], value.get('n')
    if is_top and not (kind == DIRECTORY and name == ''):
        raise Damaged('its first entry is not the top')
    if not isinstance(name, str) or not (is_top or valid(name)):
        raise Damaged(f'{name!a} is not the name of a file')
    entry = Entry(kind, from_archive(name))
    if kind == LINK:
        entry.target = _path(value.get('to'))
        return entry
    for key, least, most in _NUMBERS:
        number = value.get(key)
        if type(number) is not int or not least <= number <= most:
            raise Damaged(f'{key} of {name!a} is {number!a}')
    entry.mode, entry.uid = value['m'], value['u']
    entry.gid, entry.mtime = value['g'], value['t']
    if kind == SYMLINK:
        entry.target = _text(value.get('to'))
    elif kind == FIFO:
        entry.node = stat.S_IFIFO, 0
    elif kind in _DEVICE:
        entry.node = _DEVICE[kind], _device(value.get('r'))
    if 'x' in value:
        entry.xattrs = _xattrs(value['x'])
    return entry


def _text(value: object) -> str:
    if not isinstance(value, str) or not value or '\0' in value:
        raise Damaged(f'a link to {value!a}')
    try:
        value.encode('utf-8', 'surrogateescape')
    except UnicodeEncodeError:
        raise Damaged(f'a link to {value!a}') from None
    return from_archive(value)


def _path(value: object) -> str:
    path = _text(value)
    if not all(valid(part) for part in path.split('/')):
        raise Damaged(f'a hard link to {value!a}')
    return path


def _device(value: object) -> int:
    if (not isinstance(value, list) or len(value) != 2
            or not all(type(part) is int and 0 <= part < 1 << 20
                       for part in value)):
        raise Damaged(f'a device of the number {value!a}')
    return os.makedev(value[0], value[1])


def _xattrs(value: object) -> dict[str, bytes]:
    if not isinstance(value, dict):
        raise Damaged('extended attributes that are none')
    try:
        return {_text(name): base64.b64decode(text, validate=True)
                for name, text in value.items()}
    except (TypeError, ValueError, binascii.Error):
        raise Damaged('extended attributes that are none') from None
