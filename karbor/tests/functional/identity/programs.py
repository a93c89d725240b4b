# SPDX-License-Identifier: Apache-2.0
"""The command line tools of users, each run as a process of its own.

Loading all that ``openstack`` is made of takes seconds, what it then does a
fraction of one. So a server has loaded it already, and each run is a fork of
that server.
"""

from dataclasses import dataclass
import importlib.metadata
import json
import multiprocessing
import os
import sys

# of the client, and of ourselves
GROUP = 'openstack.data_protection.v1'
OWN_GROUP = 'openstack.karbor.v1'
# what the two programs load, or load in the end
_MODULES = ('karborclient.shell', 'karborclient.v1.shell',
            'karborclient.v1.client', 'openstackclient.shell',
            'openstackclient.common.clientmanager',
            'openstackclient.identity.client', 'openstack.connection')


@dataclass(frozen=True)
class Result:
    """How a program ended.

    :ivar status: 0 when it could do what it was told
    """

    status: int
    output: str
    error: str

    def json(self):
        """What ``openstack -f json`` says."""
        assert self.status == 0, self.error
        return json.loads(self.output)

    def rows(self):
        """Lines of the tables of ``karbor``, as dictionaries by column.

        A cell may have several lines; those after the first have nothing in
        the first column.
        """
        assert self.status == 0, self.error
        header, *lines = [
            [cell.strip() for cell in line.split('|')[1:-1]]
            for line in self.output.splitlines() if line.startswith('|')]
        rows = []
        for cells in lines:
            if cells[0]:
                rows.append(cells)
            else:
                rows[-1] = [f'{cell}\n{more}' if more else cell
                            for cell, more in zip(rows[-1], cells,
                                                  strict=True)]
        return [dict(zip(header, row, strict=True)) for row in rows]

    def properties(self):
        """The two columns of a table about one thing."""
        return {row['Property']: row['Value'] for row in self.rows()}


class Programs:
    """Runs ``karbor`` and ``openstack``.

    :param directory: for what they write
    """

    def __init__(self, directory):
        self._directory = directory
        self._context = multiprocessing.get_context('forkserver')
        self._context.set_forkserver_preload(['__main__', __name__, *_MODULES,
                                              *_plugin_modules()])

    def run(self, program, environment, *arguments):
        """Run one to its end."""
        output = self._directory / 'output'
        error = self._directory / 'error'
        process = self._context.Process(
            target=_main, args=(program, arguments, environment, str(output),
                                str(error)))
        process.start()
        process.join()
        return Result(process.exitcode, output.read_text(),
                      error.read_text())


def _plugin_modules():
    return sorted({point.module for group in (GROUP, OWN_GROUP) for point in
                   importlib.metadata.entry_points(group=group)})


def _main(program, arguments, environment, output, error):
    """What the installed script does."""
    for name in [name for name in os.environ if name.startswith('OS_')]:
        del os.environ[name]
    os.environ.update(environment)
    for stream, path in ((1, output), (2, error)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)
    point, = importlib.metadata.entry_points(group='console_scripts',
                                             name=program)
    sys.argv = [program, *arguments]
    sys.exit(point.load()(list(arguments)))


def verbs(*names):
    """Mark a test with the verbs that it runs; its fixture looks after it."""
    def mark(test):
        test.verbs = names
        return test
    return mark


def verbs_of(module):
    """All verbs that the tests of a module run."""
    return {verb for name, test in vars(module).items()
            if name.startswith('test_')
            for verb in getattr(test, 'verbs', ())}
