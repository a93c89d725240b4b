# SPDX-License-Identifier: Apache-2.0
"""Protects file sets: trees of files that the operator has registered."""

import os
from typing import Any, cast

from oslo_config import cfg

from karbor import plugin
from karbor.plugins.filetree import ahead
from karbor.plugins.filetree import names
from karbor.plugins.filetree import pack
from karbor.plugins.filetree import patterns
from karbor.plugins.filetree import registry
from karbor.plugins.filetree import removal
from karbor.plugins.filetree import target
from karbor.plugins.filetree import unpack
from karbor.plugins.filetree.archive import Damaged
from karbor.plugins.filetree.archive import Sink
from karbor.plugins.filetree.archive import Source
from karbor.plugins.filetree.place import Restored

_COUNTS = {
    'files': 'Files',
    'directories': 'Directories',
    'symlinks': 'Symbolic links',
    'hard_links': 'Further names of files that are counted already',
    'special_files': 'Fifos and device nodes',
    'bytes': 'Bytes of content, holes not counted',
    'vanished': 'Files that went away while the tree was read',
    'changed': 'Files that changed while they were read',
    'sockets': 'Sockets, which are not saved',
}


def _object(title: str, properties: dict[str, Any]) -> dict[str, Any]:
    return {'title': title, 'type': 'object', 'additionalProperties': False,
            'properties': properties}


SCHEMAS = plugin.Schemas(
    options=_object('File Set Protection Options', {
        'exclude': {
            'type': 'string', 'default': '',
            'description': 'Patterns of what to leave out, in the manner of '
                           'gitignore, separated by commas or line ends; '
                           "they add to the operator's."},
        'one_file_system': {
            'type': 'boolean', 'default': False,
            'description': 'Do not look into mounted file systems.'},
    }),
    restore=_object('File Set Restore', {
        'restore_path': {
            'type': 'string',
            'description': 'Restore into this directory instead of in '
                           'place. It must lie below the file set or one of '
                           'its restore roots.'},
        'conflict': {
            'type': 'string', 'default': unpack.OVERWRITE,
            'enum': [unpack.OVERWRITE, unpack.SKIP, unpack.FAIL],
            'description': 'What to do with files that exist: replace '
                           'them, leave them alone, or restore nothing.'},
        'delete_extra': {
            'type': 'boolean', 'default': False,
            'description': 'Remove what the checkpoint does not have, so '
                           'that the tree is as it was. Only in place.'},
    }),
    saved_info=_object('File Set Saved Info', {
        **{key: {'type': 'integer', 'description': text}
           for key, text in _COUNTS.items()},
        'remarks': {
            'type': 'string',
            'description': 'The first names of what vanished or changed.'},
    }))


class _FileSetOperation(plugin.Operation):
    def fileset(self, step: plugin.Step) -> registry.FileSet:
        return cast('FileSetProtection', self.plugin).filesets.of_step(step)


class Protect(_FileSetOperation):
    """One archive of the tree, in the stream ``content``."""

    def on_main(self, step: plugin.Step) -> None:
        fileset = self.fileset(step)
        exclude = self._exclude(step, fileset)
        one = bool(step.parameters.get('one_file_system', False))
        root = target.open_source(fileset)
        try:
            step.progress(bytes_total=pack.measure(
                root, exclude, one_file_system=one, check=step.check))
            with step.data.writer() as writer:
                packed = pack.pack(root, Sink(writer.write), exclude,
                                   one_file_system=one, check=step.check)
                # A tree that was removed meanwhile looks like an empty one.
                if not target.same(fileset, root):
                    raise plugin.PluginError(
                        reason=f'The directory of file set {fileset.name} '
                               'vanished while it was read.')
        finally:
            os.close(root)
        remarks = names.sentence((
            (packed.vanished, 'vanished while the tree was read'),
            (packed.changed, 'changed while being read'),
            (packed.sockets, 'left out, as sockets are')))
        counts = {key: getattr(packed, key) for key in _COUNTS}
        step.data.save({
            **{key: value.count if isinstance(value, names.Found) else value
               for key, value in counts.items()},
            'remarks': remarks})
        if remarks:
            step.note(remarks)

    @staticmethod
    def _exclude(step: plugin.Step,
                 fileset: registry.FileSet) -> patterns.Exclude:
        more = patterns.split(step.parameters.get('exclude', ''))
        try:
            return patterns.Exclude((*fileset.exclude.patterns, *more))
        except ValueError as error:
            raise plugin.PluginError(reason=f'exclude: {error}') from error


class Restore(_FileSetOperation):
    """The tree out of its archive, in place or beside."""

    def on_main(self, step: plugin.Step) -> None:
        fileset = self.fileset(step)
        delete_extra = bool(step.parameters.get('delete_extra', False))
        where = target.open_target(
            fileset, step.parameters.get('restore_path'),
            lambda path: step.will_make(ahead.DIRECTORY, '.', path=path))
        try:
            if delete_extra and not where.in_place:
                # beside, the directory may hold what is somebody else's
                raise plugin.PluginError(
                    reason='delete_extra: only a restore in place may '
                           'remove files')
            restored = self._restore(step, fileset, where, delete_extra)
        except Damaged as error:
            raise plugin.BankCorrupt(key='content', reason=str(
                error)) from error
        finally:
            os.close(where.fd)
        # Restored means durable; one call for all of it, because one for
        # each file costs more than all the rest.
        os.sync()
        if restored.failed:
            raise plugin.PluginError(reason=names.sentence((
                (restored.failed, 'could not be restored (all else was)'),)))
        remarks = names.sentence((
            (restored.kept, 'found in place and left alone'),
            (restored.removed, 'removed'),
            (restored.owners, 'could not be given their owner'),
            (restored.attributes, 'could not be given all attributes'),
            (restored.nodes, 'device nodes need more privileges')))
        if remarks:
            step.note(remarks)

    def _restore(self, step: plugin.Step, fileset: registry.FileSet,
                 where: target.Target,
                 delete_extra: bool) -> Restored:
        conflict = step.parameters.get('conflict', unpack.OVERWRITE)
        if conflict == unpack.FAIL:
            # After a crash, what exists is what this restore has made.
            step.remember('no_conflict', lambda: self._look(step, where.fd))
        skip = conflict == unpack.SKIP
        with step.data.reader() as reader, ahead.Announcer(
                step, where.fd, skip=skip,
                dress_top=not where.shared) as announcer:
            step.progress(bytes_total=reader.size)
            return unpack.unpack(
                ahead.Ahead(reader, announcer), where.fd,
                temporary=_temporary(step.operation_id),
                skip=skip, delete_extra=delete_extra,
                dress_top=not where.shared, keep=fileset.exclude,
                check=step.check, removing=announcer.removing)

    @staticmethod
    def _look(step: plugin.Step, fd: int) -> bool:
        if os.listdir(fd):
            try:
                with step.data.reader() as reader:
                    found = unpack.conflicts(Source(reader), fd, step.check)
            except OSError as error:
                raise plugin.PluginError(
                    reason='Nothing was restored: what exists cannot be '
                           f'read: {error.strerror}') from error
            if found:
                raise plugin.PluginError(
                    reason='Nothing was restored: ' + names.sentence((
                        (found, 'exist already'),)))
        return True


class Undo(_FileSetOperation):
    """What a restore has made goes; what it replaced stays."""

    def on_main(self, step: plugin.Step) -> None:
        step.check()
        if next(step.records(), None) is None:
            return      # refused before it began, maybe for its path
        fileset = self.fileset(step)
        left = names.Found()
        where = target.find_target(fileset,
                                   step.parameters.get('restore_path'))
        try:
            above = removal.remove(
                where, step.records(), temporary=_temporary(str(step.undoes)),
                check=step.check, left=left)
        finally:
            if where is not None:
                os.close(where)
        for path in above:
            reason = target.remove_made(fileset, path)
            if reason:
                left.add('.', reason)
        # Removed means durable, as restored does.
        os.sync()
        if left:
            raise plugin.PluginError(reason=names.sentence((
                (left, 'made by the restore and not removed'),)))


def _temporary(restore_id: str) -> str:
    """The name under which a restore makes everything first."""
    return f'.karbor-{restore_id}.tmp'


class FileSetProtection(plugin.ProtectionPlugin):
    """Protects ``Karbor::FileSet``.

    There is nothing to delete outside the bank.
    """

    option_group = registry.OPTION_GROUP
    options = registry.OPTIONS
    resource_types = frozenset({registry.RESOURCE_TYPE})
    operations = {'protect': Protect, 'restore': Restore,
                  'copy': plugin.CopyData, 'undo': Undo}
    schemas = SCHEMAS
    restore_places = frozenset({'restore_path'})

    def __init__(self, config: cfg.ConfigOpts) -> None:
        super().__init__(config)
        self.filesets = registry.FileSets(self.config.registry)
