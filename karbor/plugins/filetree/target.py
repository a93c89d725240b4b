# SPDX-License-Identifier: Apache-2.0
"""Which directory a file set is read from or restored into."""

from dataclasses import dataclass
import os

from oslo_log import log

from karbor import plugin
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


def open_target(fileset: FileSet, restore_path: str | None) -> Target:
    """Open the directory to restore into; what is missing of it is made.

    A path is resolved before it is judged, and then opened below the allowed
    root without following a link, so that nobody can swap one in between.

    :param restore_path: None restores in place
    :raises PluginError: the path is not allowed, or cannot be opened
    """
    if restore_path is None:
        return Target(_own(fileset), in_place=True, shared=False)
    if not restore_path.startswith('/') or '\0' in restore_path:
        raise plugin.PluginError(
            reason='restore_path: expected an absolute path')
    wanted = os.path.realpath(restore_path)
    for root in (fileset.path, *fileset.restore_roots):
        real = os.path.realpath(root)
        if wanted != real and not wanted.startswith(real.rstrip('/') + '/'):
            continue
        own = root == fileset.path
        top = wanted == real
        base = _own(fileset) if own else _open(
            fileset, root, f'A restore root of file set {fileset.name}')
        try:
            fd = descend(base, [part for part in
                                wanted[len(real):].split('/') if part],
                         make=True)
        except OSError as error:
            raise plugin.PluginError(
                reason='restore_path cannot be opened: '
                       f'{error.strerror}') from error
        finally:
            os.close(base)
        return Target(fd, in_place=own and top, shared=top and not own)
    raise plugin.PluginError(
        reason='restore_path: expected a path below the directory of the '
               'file set or below one of its restore roots')


def _own(fileset: FileSet) -> int:
    try:
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
