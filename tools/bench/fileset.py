# SPDX-License-Identifier: Apache-2.0
"""How fast a tree of files is protected and restored, in how much memory.

``python tools/bench/fileset.py [SIZE_MB] [DIRECTORY]`` makes a tree of mixed
data (random, text, thousands of small files, sparse files), protects and
restores it with the real plugin and the real bank on a directory, and
compares. Beside it stand restic and borg on the same tree, if installed.
Each step is a process of its own, so that its memory can be told.
"""

import os
from pathlib import Path
import random
import shutil
import subprocess
import sys
import tempfile
import time

MB = 10 ** 6
FILESET = '6ba7b810-9dad-11d1-80b4-00c04fd430c8'
CHECKPOINT = '6ba7b811-9dad-11d1-80b4-00c04fd430c8'


# -- the tree ----------------------------------------------------------------

class Maker:
    """Makes the tree: always the same one for a size."""

    def __init__(self, top):
        self.top = Path(top)
        self.random = random.Random(1)  # noqa: S311 - no secret
        words = [self.random.randbytes(self.random.randrange(1, 6)).hex()
                 for _number in range(3000)]
        self.phrases = [' '.join(self.random.choices(words, k=8)).encode()
                        for _number in range(5000)]

    def noise(self, size):
        return self.random.randbytes(size)

    def text(self, size):
        """Lines that share phrases, but are all different."""
        count = size // 70 + 1
        numbers = self.random.randbytes(12 * count).hex().encode()
        lines = [phrase + numbers[at * 24:at * 24 + 24] + b'\n'
                 for at, phrase in enumerate(
                     self.random.choices(self.phrases, k=count))]
        return b''.join(lines)[:size]

    def file(self, name, size, content):
        path = self.top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, 'wb') as out:
            while size > 0:
                out.write(content(min(size, MB)))
                size -= MB
        path.chmod(self.random.choice((0o644, 0o600, 0o755)))
        stamp = self.random.randrange(10 ** 9, 17 * 10 ** 8) * 10 ** 9 + 789
        os.utime(path, ns=(stamp, stamp))

    def sparse(self, name, islands):
        path = self.top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, 'wb') as out:
            for _number in range(islands):
                out.seek(31 * MB, os.SEEK_CUR)
                out.write(self.noise(MB))
            out.truncate(out.tell() + 50 * MB)

    def make(self, size_mb):
        """Of the bytes: 45 % random, 45 % text, 8 % small, 2 % sparse."""
        size = size_mb * MB
        for kind, content in (('random', self.noise), ('text', self.text)):
            left, number = size * 45 // 100, 0
            while left > 0:
                piece = min(left, self.random.randrange(MB // 2, 96 * MB))
                self.file(f'{kind}/{number % 7}/{number}', piece, content)
                left, number = left - piece, number + 1
        left, number = size * 8 // 100, 0
        while left > 0:
            piece = int(self.random.expovariate(1 / 8000))
            content = self.random.choice((self.text, self.text, self.noise))
            name = f'small/{number // 1000}/{number // 50}/{number}.txt'
            self.file(name, piece, content)
            if not number % 50:
                os.symlink(f'{number}.txt', self.top / f'{name}.link')
            left, number = left - piece, number + 1
        islands = max(1, size_mb * 2 // 100 // 4)
        for number in range(4):
            self.sparse(f'sparse/{number}', islands)


def compare(left, right):
    """The first difference between two trees, or nothing."""
    count = 0
    for base, directories, files in os.walk(left):
        other = os.path.join(right, os.path.relpath(base, left))
        if sorted(os.listdir(base)) != sorted(os.listdir(other)):
            return f'{base}: other names'
        for name in directories + files:
            count += 1
            one, two = os.path.join(base, name), os.path.join(other, name)
            if not same(one, two):
                return f'{one} differs'
    print(f'compared: {count} entries are equal')
    return None


def same(one, two):
    found, again = os.lstat(one), os.lstat(two)
    if os.path.islink(one):
        return os.path.islink(two) and os.readlink(one) == os.readlink(two)
    if (found.st_mode, found.st_mtime_ns) != (again.st_mode,
                                              again.st_mtime_ns):
        return False
    if os.path.isdir(one):
        return True
    if found.st_size != again.st_size:
        return False
    with open(one, 'rb') as first, open(two, 'rb') as second:
        while block := first.read(MB):
            if second.read(MB) != block:
                return False
    return True


# -- Karbor, in a process of its own -----------------------------------------

def karbor(operation, work):
    """Run one operation of the real plugin on the real bank."""
    from oslo_config import cfg

    from karbor.bank.manifest import ResourceEntry
    from karbor.bank.store import Store
    from karbor.plugin import Resource
    from karbor.plugin.testing import MemoryStep
    from karbor.plugins.bank.filesystem import FileSystemBank
    from karbor.plugins.protection.fileset import FileSetProtection

    config = cfg.ConfigOpts()
    for kind in (FileSystemBank, FileSetProtection):
        config.register_opts(kind.options, kind.option_group)
    config.set_override('file_system_bank_path', str(work / 'bank'),
                        FileSystemBank.option_group)
    config.set_override('registry', str(work / 'filesets.toml'),
                        FileSetProtection.option_group)
    store = Store(FileSystemBank(config))
    plugin = FileSetProtection(config)
    resource = Resource('Karbor::FileSet', FILESET, 'bench')
    note = work / 'entry.json'
    if operation == 'protect':
        step = MemoryStep(resource, data=store.data(CHECKPOINT, resource, 1))
    else:
        import json
        entry = ResourceEntry.from_dict(json.loads(note.read_text()))
        step = MemoryStep(
            resource, data=store.read(CHECKPOINT, entry),
            parameters={'restore_path': str(work / 'back' / 'tree')})
    plugin.operations[operation](plugin).on_main(step)
    for remark in step.notes:
        print(f'note: {remark}')
    if operation == 'protect':
        import json
        note.write_text(json.dumps(step.data.commit().to_dict()))


# -- measuring ---------------------------------------------------------------

def used(path):
    """Bytes that a tree takes, holes not counted."""
    return sum(os.lstat(os.path.join(base, name)).st_blocks * 512
               for base, _directories, files in os.walk(path)
               for name in files)


class Table:
    def __init__(self, size):
        self.size = size
        self.rows = [('', 'MB', 'seconds', 'CPU s', 'MB/CPU s', 'peak MB',
                      'ratio')]

    def run(self, name, argv, stored=None, **more):
        """Run a program and keep what it took; others are asked to wait."""
        os.sync()
        begin = time.perf_counter()
        # run by hand, for the usage of this one process
        process = subprocess.Popen(argv, **more)
        _pid, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        took = time.perf_counter() - begin
        if process.returncode:
            raise SystemExit(f'{name} failed: {process.returncode}')
        cpu = usage.ru_utime + usage.ru_stime
        self.rows.append((
            name, f'{self.size / MB:.0f}', f'{took:.1f}', f'{cpu:.1f}',
            f'{self.size / MB / cpu:.0f}', f'{usage.ru_maxrss / 1024:.0f}',
            f'{self.size / used(stored):.2f}' if stored else ''))

    def __str__(self):
        widths = [max(map(len, column)) for column in zip(*self.rows,
                                                          strict=True)]
        return '\n'.join('  '.join(
            cell.rjust(width) if at else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True)))
            for row in self.rows)


def measure_karbor(table, work):
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, 'PYTHONPATH': str(root)}
    me = [sys.executable, '-W', 'ignore', __file__]
    (work / 'back').mkdir()
    (work / 'filesets.toml').write_text(
        f"[[fileset]]\nid = '{FILESET}'\nname = 'bench'\nprojects = ['*']\n"
        f"path = '{work}/tree'\nrestore_roots = ['{work}/back']\n")
    table.run('karbor protect', [*me, '--protect', work], work / 'bank',
              env=environment)
    table.run('karbor restore', [*me, '--restore', work], env=environment)
    subprocess.run([*me, '--compare', work], check=True)
    for name in ('bank', 'back'):
        shutil.rmtree(work / name)


def measure_others(table, work):
    missing = [name for name in ('restic', 'borg') if not shutil.which(name)]
    for name in missing:
        print(f'{name} is not installed')
    quiet = {'stdout': subprocess.DEVNULL}
    if 'restic' not in missing:
        environment = {**os.environ, 'RESTIC_PASSWORD': 'bench',
                       'RESTIC_REPOSITORY': str(work / 'restic'),
                       'RESTIC_CACHE_DIR': str(work / 'cache')}
        more = {'env': environment, 'cwd': work, **quiet}
        subprocess.run(['restic', 'init'], check=True, **more)
        table.run('restic backup', ['restic', 'backup', 'tree'],
                  work / 'restic', **more)
        table.run('restic restore', ['restic', 'restore', 'latest',
                                     '--target', 'back'], **more)
        for name in ('restic', 'cache', 'back'):
            shutil.rmtree(work / name)
    if 'borg' not in missing:
        repository = work / 'borg'
        environment = {**os.environ, 'BORG_BASE_DIR': str(work / 'base'),
                       'BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK': 'yes'}
        more = {'env': environment, **quiet}
        (work / 'back').mkdir()
        subprocess.run(['borg', 'init', '-e', 'none', repository], check=True,
                       **more)
        table.run('borg create', ['borg', 'create', f'{repository}::one',
                                  'tree'], repository, cwd=work, **more)
        table.run('borg extract', ['borg', 'extract', '--sparse',
                                   f'{repository}::one'],
                  cwd=work / 'back', **more)


def main(size_mb=2048, directory=None):
    with tempfile.TemporaryDirectory(dir=directory) as path:
        work = Path(path)
        me = [sys.executable, '-W', 'ignore', __file__]
        subprocess.run([*me, '--make', work, str(size_mb)], check=True)
        table = Table(used(work / 'tree'))
        measure_karbor(table, work)
        measure_others(table, work)
        print(table)


if __name__ == '__main__':
    match sys.argv[1:]:
        case ['--make', where, size]:
            Maker(Path(where) / 'tree').make(int(size))
        case ['--compare', where]:
            found = compare(f'{where}/tree', f'{where}/back/tree')
            sys.exit(found)
        case [('--protect' | '--restore') as what, where]:
            karbor(what[2:], Path(where))
        case [*arguments]:
            main(*(int(argument) if not at else argument
                   for at, argument in enumerate(arguments)))
