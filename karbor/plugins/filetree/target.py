# SPDX-License-Identifier: Apache-2.0
"""Which directory a file set is read from or restored into."""

from collections.abc import Callable
from dataclasses import dataclass
import os

from oslo_log import log

from karbor import plugin
from karbor.plugins.filetree import removal
from karbor.plugins.filetree.registry import FileSet
from karbor.plugins.filetree.trail import descend

LOG = log.getLogger(__name__)

_FLAGS = os.O_RDONLY | os.O_DIRECTORY


@dataclass(frozen=True)
class Target:
    """An open directory to restore into.

    :ivar fd: its descriptor; the caller closes it
    :ivar in_place: it is the directory of the file set
    :ivar shared: it is a restore root: it belongs to the operator, not to
        the restored tree, and keeps its owner, mode and times
    """

    fd: int
    in_place: bool
    shared: bool


def open_source(fileset: FileSet) -> int:
    """Open the directory of a file set to read it.

    :raises PluginError: it is not there, or is no directory
    """
    return _open(fileset, fileset.path,
                 f'The directory of file set {fileset.name}')


def same(fileset: FileSet, fd: int) -> bool:
    """Whether the path of a file set still leads to an open directory."""
    try:
        return os.path.samestat(os.stat(fileset.path), os.fstat(fd))
    except OSError:
        return False


def open_target(fileset: FileSet, restore_path: str | None,
                will_make: Callable[[str], None]) -> Target:
    """Open the directory to restore into; what is missing of it is made.

    A path is resolved before it is judged, and then opened below the allowed
    root without following a link, so that nobody can swap one in between.

    :param restore_path: None restores in place
    :param will_make: told of the path of each directory before it is made
    :raises PluginError: the path is not allowed, or cannot be opened
    """
    if restore_path is None:
        return Target(_own(fileset, will_make), in_place=True, shared=False)
    root, way = _below(fileset, restore_path)
    own = root == fileset.path
    base = _own(fileset, will_make) if own else _open(
        fileset, root, f'A restore root of file set {fileset.name}')
    try:
        real = os.path.realpath(root)
        _announce(os.path.join(real, *way), will_make)
        fd = descend(base, way, make=True)
    except OSError as error:
        raise plugin.PluginError(
            reason='restore_path cannot be opened: '
                   f'{error.strerror}') from error
    finally:
        os.close(base)
    return Target(fd, in_place=own and not way, shared=not own and not way)


def find_target(fileset: FileSet, restore_path: str | None) -> int | None:
    """Open the directory that `open_target` has opened; make nothing.

    :return: None if it is gone
    :raises PluginError: the path is not allowed any more, or cannot be opened
    """
    root, way = (_below(fileset, restore_path) if restore_path is not None
                 else (fileset.path, []))
    try:
        base = os.open(root, _FLAGS)
        try:
            return descend(base, way)
        finally:
            os.close(base)
    except FileNotFoundError:
        return None
    except OSError as error:
        # the path may be the operator's
        LOG.error('File set %s: %s cannot be opened: %s', fileset.id, root,
                  error)
        raise plugin.PluginError(
            reason='What was restored cannot be opened: '
                   f'{error.strerror}') from error


def remove_made(fileset: FileSet, path: str) -> str | None:
    """Remove an empty directory that `open_target` has made.

    :return: why it stays, if it does
    :raises PluginError: the path is not allowed any more
    """
    try:
        if f'{fileset.path}/'.startswith(f'{path}/'):
            # what leads to the directory of the file set is the operator's
            return removal.rmdir(path)
        root, way = _below(fileset, path)
        base = os.open(root, _FLAGS)
        try:
            parent = descend(base, way[:-1])
        finally:
            os.close(base)
        try:
            return removal.rmdir(way[-1], parent) if way else None
        finally:
            os.close(parent)
    except FileNotFoundError:
        return None
    except OSError as error:
        return error.strerror


def _below(fileset: FileSet, restore_path: str) -> tuple[str, list[str]]:
    """The root below which a path is allowed, and the way from there."""
    if not restore_path.startswith('/') or '\0' in restore_path:
        raise plugin.PluginError(
            reason='restore_path: expected an absolute path')
    wanted = os.path.realpath(restore_path)
    for root in (fileset.path, *fileset.restore_roots):
        real = os.path.realpath(root)
        if wanted == real or wanted.startswith(real.rstrip('/') + '/'):
            return root, [part for part in wanted[len(real):].split('/')
                          if part]
    raise plugin.PluginError(
        reason='restore_path: expected a path below the directory of the '
               'file set or below one of its restore roots')


def _announce(path: str, will_make: Callable[[str], None]) -> None:
    missing = []
    while not os.path.lexists(path):
        missing.append(path)
        path = os.path.dirname(path)
    for path in reversed(missing):
        will_make(path)


def _own(fileset: FileSet, will_make: Callable[[str], None]) -> int:
    try:
        _announce(fileset.path, will_make)
        os.makedirs(fileset.path, exist_ok=True)
    except OSError as error:
        LOG.error('File set %s: %s cannot be made: %s', fileset.id,
                  fileset.path, error)
        raise plugin.PluginError(
            reason=f'The directory of file set {fileset.name} cannot be '
                   f'made: {error.strerror}') from error
    return open_source(fileset)


def _open(fileset: FileSet, path: str, what: str) -> int:
    try:
        return os.open(path, _FLAGS)
    except OSError as error:
        # The reason is a tenant's to read; the path is the operator's.
        LOG.error('File set %s: %s cannot be opened: %s', fileset.id, path,
                  error)
        raise plugin.PluginError(
            reason=f'{what} cannot be opened: {error.strerror}') from error
