#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Rules of the tree that no linter knows.

Prints one line for each breach and exits 1 if there is any. Every rule is a
function from the root of a checkout to such lines; the test of this module
breaks each of them. Needs nothing but Python.
"""

import ast
from collections.abc import Callable, Iterator
import fnmatch
from pathlib import Path
import re
import subprocess  # nosec B404
import sys

SPDX = '# SPDX-License-Identifier: Apache-2.0'
LARGEST = 20_000

# Modules without a unit test module of their own, and why that is right.
UNTESTED = {
    'karbor/i18n.py': 'four lines of oslo.i18n',
    'karbor/version.py': 'two lines of pbr',
    'karbor/api/schemas/*.py': 'data; the tests of the API use it',
    'karbor/bank/audit.py': 'store.verify; see test_store',
    'karbor/bank/document.py': 'what data writes; see test_data',
    'karbor/bank/stream.py': 'what data is made of; see test_data',
    'karbor/cmd/*.py': 'functional tests start each program',
    'karbor/model/trust.py': 'declarations; see test_trusts and test_owners',
    'karbor/conf/*.py': 'data; every daemon and genconfig read it',
    'karbor/osc/common.py': 'every command uses it',
    'karbor/plugin/base.py': 'declarations; every plugin is one',
    'karbor/plugin/bank.py': 'declarations; see tests/conformance',
    'karbor/plugin/eventsource.py': 'declarations; see tests/conformance',
    'karbor/plugin/operationtype.py': 'declarations; see tests/conformance',
    'karbor/plugin/protectable.py': 'declarations; see tests/conformance',
    'karbor/plugin/errors.py': 'names of exception.py',
    'karbor/plugin/testing/memory_bank.py': 'see test_bank_suite',
    'karbor/plugin/testing/undoing.py': 'see test_protection_suite',
    'karbor/plugin/testing/step.py': 'all tests of plugins are made with it',
    'karbor/plugins/filetree/entry.py': 'see test_pack and test_unpack',
    'karbor/plugins/filetree/place.py': 'see test_unpack',
    'karbor/plugins/filetree/target.py': 'see test_unpack',
    'karbor/plugins/filetree/walk.py': 'see test_pack',
    'karbor/plugins/sqldump/*_sql.py': 'texts; see test_mariadb and so on',
    'karbor/policies/*.py': 'data; the tests of policy.py ask every rule',
}

# The names are put together so that this file keeps its own rule.
FORBIDDEN = [
    re.compile(text) for text in (
        # which registry packages come from is a matter of the machine
        'pypi' r'\.org', 'python' 'hosted', 'npm' r'js\.org',
        # a path of the machine on which something was written
        r'(?<![\w.{}$<-])/(?:' 'work|root|home' r')/[\w.-]+',
    )]


def files(root: Path) -> list[Path]:
    """All files that are, or would be, committed; sorted."""
    if (root / '.git').exists():
        listed = subprocess.run(  # nosec B603 B607
            ['git', 'ls-files', '-z', '--cached', '--others',
             '--exclude-standard'], cwd=root, check=True,
            capture_output=True).stdout.decode()
        found = {root / name for name in listed.split('\0') if name}
    else:
        found = set(root.rglob('*'))
    return sorted(path for path in found
                  if path.is_file() and not path.is_symlink())


def python_files(root: Path) -> list[Path]:
    return [path for path in files(root) if path.suffix == '.py']


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding='utf-8')
    except UnicodeDecodeError:
        return ''                                   # a picture


def licence(root: Path) -> Iterator[str]:
    """Every file of code says its licence in its first lines."""
    for path in files(root):
        if (path.suffix in ('.py', '.sh') or path.name == 'run') \
                and SPDX not in _text(path).splitlines()[:2]:
            yield f'{path.relative_to(root)}:1: begins without {SPDX!r}'


def size(root: Path) -> Iterator[str]:
    """A file that is too long to read is two files."""
    for path in files(root):
        if path.suffix in ('.py', '.sh', '.rst', '.inc') \
                and path.stat().st_size > LARGEST:
            yield (f'{path.relative_to(root)}:1: has {path.stat().st_size} '
                   f'bytes, {LARGEST} are enough')


def _tests_of(root: Path, name: str) -> list[Path]:
    """Unit tests of a module: test_NAME.py, and test_NAME_*.py beside it."""
    inside = Path(name).relative_to('karbor')
    stem = inside.stem
    found = list((root / 'karbor/tests/unit' / inside.parent)
                 .glob(f'test_{stem}.py'))
    found += (root / 'karbor/tests/unit' / inside.parent).glob(
        f'test_{stem}_*.py')
    if name.startswith('karbor/plugin/testing/'):
        # a suite is tested by broken plugins that it refuses
        found += (root / 'karbor/tests/conformance').glob(
            f'test_{stem}_suite*.py')
    if name.startswith('karbor/plugins/'):
        # a small plugin has all its tests in the suite of its kind
        found += (root / 'karbor/tests/conformance').glob(f'test_{stem}.py')
    return found


def mirror(root: Path) -> Iterator[str]:
    """The unit tests are laid out as the package is."""
    modules = [name for name in (path.relative_to(root).as_posix()
                                 for path in python_files(root))
               if name.startswith('karbor/')
               and not name.endswith('__init__.py')
               and not name.startswith(('karbor/tests/',
                                        'karbor/db/migrations/'))]
    for name in modules:
        listed = [pattern for pattern in UNTESTED
                  if fnmatch.fnmatch(name, pattern)]
        if not listed and not _tests_of(root, name):
            inside = Path(name).relative_to('karbor')
            test = Path('karbor/tests/unit', inside.parent,
                        f'test_{inside.name}')
            yield f'{name}:1: has no {test}'
        elif name in UNTESTED and _tests_of(root, name):
            yield f'{name}:1: has a test and is listed as untested'
    for pattern in UNTESTED:
        if modules and not fnmatch.filter(modules, pattern):
            yield f'{pattern}:1: is listed as untested and does not exist'


def green(root: Path) -> Iterator[str]:
    """Threads are threads: nothing patches the standard library."""
    for path in python_files(root):
        for node in ast.walk(ast.parse(_text(path))):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or '']
                names += [alias.name for alias in node.names]
            elif isinstance(node, ast.Attribute):
                names = [node.attr]
            for name in names:
                if name.split('.')[0] in ('eventlet', 'greenlet', 'gevent') \
                        or name in ('monkey_patch', 'patch_all'):
                    yield (f'{path.relative_to(root)}:{node.lineno}: uses '
                           f'{name}; there are no green threads here')


def swallow(root: Path) -> Iterator[str]:
    """A broad except raises again, or a comment says why it may not."""
    for path in python_files(root):
        text = _text(path)
        lines = text.splitlines()
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, ast.ExceptHandler):
                continue
            names = {name.id for name in ast.walk(node.type)
                     if isinstance(name, ast.Name)} if node.type else {''}
            if not names & {'', 'Exception', 'BaseException'}:
                continue
            raises = any(isinstance(inner, ast.Raise)
                         for inner in ast.walk(node))
            # a test hands what a thread raised to its own thread
            raises |= 'tests' in path.parts and any(
                isinstance(inner, ast.Name) and inner.id == node.name
                for inner in ast.walk(node))
            about = lines[node.lineno - 2:node.body[0].end_lineno]
            if not raises and not any(re.search(r'#\s*(?!noqa)\w', line)
                                      or re.search(r'noqa[^#]* - ', line)
                                      for line in about):
                yield (f'{path.relative_to(root)}:{node.lineno}: a broad '
                       'except neither raises nor says why')


def assigned(root: Path) -> Iterator[str]:
    """No row gets a status without a look at karbor/model/states.py."""
    for path in python_files(root):
        name = path.relative_to(root).as_posix()
        if not name.startswith(('karbor/db/', 'karbor/actions/')):
            continue
        for node in ast.walk(ast.parse(_text(path))):
            targets = (node.targets if isinstance(node, ast.Assign)
                       else [node.target] if isinstance(
                           node, (ast.AugAssign, ast.AnnAssign)) else [])
            asked = (isinstance(node, ast.Assign)
                     and isinstance(node.value, ast.Call)
                     and isinstance(node.value.func, ast.Attribute)
                     and node.value.func.attr == 'check')
            for target in targets:
                if isinstance(target, ast.Attribute) \
                        and target.attr == 'status' and not asked:
                    yield (f'{name}:{node.lineno}: assigns a status without '
                           'a check against its table')


def words(root: Path) -> Iterator[str]:
    """Nothing tells of the machine on which it was written, or is undone."""
    later = re.compile(r'\b(?:' 'TO' 'DO|FIX' 'ME|XX' 'X)' r'\b')
    for path in files(root):
        for number, line in enumerate(_text(path).splitlines(), 1):
            where = f'{path.relative_to(root)}:{number}'
            for pattern in FORBIDDEN:
                if found := pattern.search(line):
                    yield f'{where}: names {found.group()!r}'
            if later.search(line):
                yield f'{where}: leaves something for later'


RULES: tuple[Callable[[Path], Iterator[str]], ...] = (
    licence, size, mirror, green, swallow, assigned, words)


def main() -> int:
    root = Path(__file__).resolve().parent.parent
    breaches = [breach for rule in RULES for breach in rule(root)]
    for breach in breaches:
        print(breach)
    return 1 if breaches else 0


if __name__ == '__main__':
    sys.exit(main())
