# SPDX-License-Identifier: Apache-2.0
"""A third party's plugin, installed beside Karbor and knowing only its SDK.

``Test::Box`` is a file of the directory that its option names; it depends on
one ``Test::Thing``, another file. Every hook writes a line to the file
``trace``, and does what a file in ``orders`` tells it: ``TYPE.hook.ID.how``,
where how is ``kill`` (SIGKILL to all processes of the daemon, once), ``fail``,
or ``hang`` (until the file is removed).
"""

import contextlib
import os
import signal
import uuid

from oslo_config import cfg

from karbor import plugin

BOX = 'Test::Box'
THING = 'Test::Thing'
GROUP = 'test_stranger'
OPTIONS = [cfg.StrOpt('directory', required=True)]


class _Protectable(plugin.ProtectablePlugin):
    option_group = GROUP
    options = OPTIONS

    def _names(self):
        return sorted(os.listdir(os.path.join(self.config.directory,
                                              self.resource_type[6:])))

    def list(self, context, parameters):
        return [plugin.Resource(self.resource_type, name, name)
                for name in self._names()]

    def show(self, context, resource_id, parameters):
        if resource_id not in self._names():
            raise plugin.InstanceNotFound(type=self.resource_type,
                                          id=resource_id)
        return plugin.Resource(self.resource_type, resource_id, resource_id)


class BoxProtectable(_Protectable):
    resource_type = BOX


class ThingProtectable(_Protectable):
    resource_type = THING
    parent_types = frozenset({BOX})

    def dependents(self, context, parents):
        there = self._names()
        return {parent.key: [plugin.Resource(THING, parent.id, parent.id)]
                if parent.id in there else [] for parent in parents}


class _Operation(plugin.Operation):
    name = ''

    def _do(self, hook, step, work=None):
        directory = self.plugin.config.directory
        place = f'{self.name}.{hook}.{step.resource.type[6:]}.' \
                f'{step.resource.id}'
        self._trace(directory, f'begin {place}')
        # made once for each resource and operation, whatever is killed
        step.remember('mark', lambda: self._make(directory, place))
        if work is not None:
            work(step, os.path.join(directory, step.resource.type[6:],
                                    step.resource.id))
        self._obey(directory, place, step)
        self._trace(directory, f'end {place}')

    def _make(self, directory, place):
        self._trace(directory, f'made {place}')
        return place

    def _trace(self, directory, line):
        with open(os.path.join(directory, 'trace'), 'ab', 0) as file:
            file.write(line.encode() + b'\n')

    def _obey(self, directory, place, step):
        order = os.path.join(directory, 'orders', place)
        if os.path.exists(f'{order}.kill'):
            os.unlink(f'{order}.kill')
            os.killpg(0, signal.SIGKILL)
        if os.path.exists(f'{order}.fail'):
            raise plugin.PluginError(reason=f'told to fail in {place}')
        while os.path.exists(f'{order}.hang'):
            step.sleep(0.05)

    # a crate is what a checkpoint has outside, one for each resource

    def _directory(self):
        return os.path.join(self.plugin.config.directory, 'crates')

    def _mark(self, step):
        return f'{step.checkpoint_id}.{step.resource.type}.' \
               f'{step.resource.id}.'

    def _crates(self, step):
        os.makedirs(self._directory(), exist_ok=True)
        return [name for name in os.listdir(self._directory())
                if name.startswith(self._mark(step))]

    def _crate(self, step):
        def make():
            found = self._crates(step)
            if found:
                return found[0]
            name = self._mark(step) + uuid.uuid4().hex
            with open(os.path.join(self._directory(), name), 'xb'):
                return name

        step.remember('crate', make)

    def on_prepare_begin(self, step):
        self._do('on_prepare_begin', step)

    def on_prepare_finish(self, step):
        self._do('on_prepare_finish', step)

    def on_complete(self, step):
        self._do('on_complete', step)


class Protect(_Operation):
    name = 'protect'

    def on_main(self, step):
        self._do('on_main', step, self._save)

    def _save(self, step, path):
        self._crate(step)
        with open(path, 'rb') as file, step.data.writer() as writer:
            writer.write(file.read())
        step.data.save({'length': os.path.getsize(path)})


class Restore(_Operation):
    name = 'restore'

    def on_main(self, step):
        self._do('on_main', step, self._load)

    def _load(self, step, path):
        if not any(step.records()):
            (step.overwrites if os.path.exists(path) else step.will_make)(
                'file', step.resource.id)
        with open(path, 'wb') as file:
            file.write(step.data.reader().read())


class Delete(_Operation):
    name = 'delete'

    def on_main(self, step):
        self._do('on_main', step, self._remove)

    def _remove(self, step, path):
        for name in self._crates(step):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(self._directory(), name))


class Verify(_Operation):
    name = 'verify'

    def on_main(self, step):
        self._do('on_main', step, self._look)

    def _look(self, step, path):
        if not self._crates(step):
            raise plugin.PluginError(reason='its crate is gone')


class Copy(_Operation):
    name = 'copy'

    def on_main(self, step):
        self._do('on_main', step, self._copy)

    def _copy(self, step, path):
        self._crate(step)
        plugin.CopyData(self.plugin).on_main(step)


class Undo(_Operation):
    name = 'undo'

    def on_main(self, step):
        self._do('on_main', step, self._remove)

    def _remove(self, step, path):
        for _record in step.made():
            if os.path.exists(path):
                os.unlink(path)


class StrangerProtection(plugin.ProtectionPlugin):
    option_group = GROUP
    options = OPTIONS
    resource_types = frozenset({BOX, THING})
    operations = {'protect': Protect, 'restore': Restore, 'delete': Delete,
                  'verify': Verify, 'copy': Copy, 'undo': Undo}
