# SPDX-License-Identifier: Apache-2.0
"""The rules of the tree: ours keeps them, and each one can be broken."""

import importlib.util
from pathlib import Path
import subprocess
import sys
import tomllib

import pytest

ROOT = Path(__file__).parents[3]
LINTER = """
import sys
from importlinter import cli
sys.exit(cli.lint_imports('pyproject.toml', no_cache=True))
"""


def load(name):
    spec = importlib.util.spec_from_file_location(
        name, ROOT / 'tools' / f'{name}.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


rules = load('check_structure')


@pytest.mark.parametrize('rule', rules.RULES,
                         ids=lambda rule: rule.__name__)
def test_our_tree_keeps_the_rule(rule):
    assert list(rule(ROOT)) == []


# A tree in which everything is right, and one change that is wrong for each
# rule, with a part of what has to be said about it.
GOOD = {
    'karbor/i18n.py': f'{rules.SPDX}\n',
    'karbor/noun.py': f'{rules.SPDX}\n"""A noun."""\n',
    'karbor/tests/unit/test_noun.py': f'{rules.SPDX}\n',
    'tools/run.sh': f'#!/bin/sh\n{rules.SPDX}\n',
}
HEAD = f'{rules.SPDX}\n'
SWALLOW = HEAD + 'try:\n    x = 1\nexcept {}:\n    pass\n'
BAD = [
    ('licence', {'karbor/noun.py': '"""A noun."""\n'}, 'noun.py:1: begins'),
    ('licence', {'tools/run.sh': '#!/bin/sh\n'}, 'run.sh:1: begins'),
    ('size', {'karbor/noun.py': HEAD + '#' * 20_000}, 'noun.py:1: has 20'),
    ('mirror', {'karbor/db/rows.py': HEAD},
     'has no karbor/tests/unit/db/test_rows.py'),
    ('mirror', {'karbor/tests/unit/test_i18n.py': HEAD},
     'i18n.py:1: has a test and is listed'),
    ('green', {'karbor/noun.py': HEAD + 'import eventlet.green'}, ':2: uses'),
    ('green', {'karbor/noun.py': HEAD + 'from greenlet import x'}, ':2: uses'),
    ('green', {'karbor/noun.py': HEAD + 'import a\na.monkey_patch()'},
     ':3: uses monkey_patch'),
    ('swallow', {'karbor/noun.py': SWALLOW.format('Exception')}, ':4: a bro'),
    ('swallow', {'karbor/noun.py': SWALLOW.format('(OSError, Exception)')},
     ':4: a broad'),
    ('swallow', {'karbor/noun.py': HEAD + 'try:\n    x = 1\nexcept Exception:'
                 '  # noqa: B902\n    pass\n'}, ':4: a broad'),
    ('assigned', {'karbor/db/rows.py': HEAD + 'row.status = "error"'},
     'rows.py:2: assigns'),
    ('assigned', {'karbor/actions/rows.py': HEAD + 'row.status += table.x()'},
     'rows.py:2: assigns'),
    ('words', {'README.rst': 'see https://' + 'pypi' + '.org/x'}, ':1: names'),
    ('words', {'README.rst': 'cd /wo' + 'rk/karbor'}, ':1: names'),
    ('words', {'karbor/noun.py': HEAD + '# TO' + 'DO: later'}, ':2: leaves'),
]


def plant(root, files):
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


@pytest.mark.parametrize(('rule', 'files', 'said'), BAD)
def test_a_breach_is_found(tmp_path, monkeypatch, rule, files, said):
    monkeypatch.setattr(rules, 'UNTESTED', {'karbor/i18n.py': 'why'})
    check = getattr(rules, rule)
    plant(tmp_path, GOOD)
    assert list(check(tmp_path)) == []
    plant(tmp_path, files)
    [found] = check(tmp_path)
    assert said in found


def test_an_exemption_needs_its_module(tmp_path, monkeypatch):
    monkeypatch.setattr(rules, 'UNTESTED', {'karbor/gone.py': 'why',
                                            'karbor/i18n.py': 'why'})
    plant(tmp_path, GOOD)
    [found] = rules.mirror(tmp_path)
    assert 'does not exist' in found


@pytest.mark.parametrize('text', [
    SWALLOW.format('ValueError'),
    HEAD + 'try:\n    x = 1\nexcept Exception:\n    raise\n',
    HEAD + 'try:\n    x = 1\nexcept Exception:\n    # it may not matter\n'
           '    pass\n',
    HEAD + 'try:\n    x = 1\nexcept Exception:  # noqa: S110 - it may\n'
           '    pass\n',
])
def test_an_honest_except_passes(tmp_path, text):
    plant(tmp_path, {'karbor/noun.py': text})
    assert list(rules.swallow(tmp_path)) == []


def test_an_error_that_a_test_hands_on_is_not_swallowed(tmp_path):
    text = HEAD + ('try:\n    x = 1\nexcept Exception as error:\n'
                   '    errors.append(error)\n')
    plant(tmp_path, {'karbor/tests/unit/test_noun.py': text,
                     'karbor/noun.py': text})
    [found] = rules.swallow(tmp_path)
    assert found.startswith('karbor/noun.py:4:')


def test_a_checked_status_may_be_assigned(tmp_path):
    plant(tmp_path, {'karbor/db/rows.py': HEAD + (
        'row.status = states.PLAN.check(row.status, new)\n')})
    assert list(rules.assigned(tmp_path)) == []


@pytest.mark.parametrize(('module', 'test'), [
    ('karbor/db/rows.py', 'karbor/tests/unit/db/test_rows_claims.py'),
    ('karbor/plugin/testing/bank.py',
     'karbor/tests/conformance/test_bank_suite.py'),
    ('karbor/conf/api.py', None),
])
def test_other_places_for_tests(tmp_path, monkeypatch, module, test):
    monkeypatch.setattr(rules, 'UNTESTED', {'karbor/i18n.py': 'why',
                                            'karbor/conf/*.py': 'why'})
    plant(tmp_path, GOOD | {'karbor/conf/base.py': HEAD, module: HEAD})
    if test is not None:
        assert len(list(rules.mirror(tmp_path))) == 1
        plant(tmp_path, {test: HEAD})
    assert list(rules.mirror(tmp_path)) == []


# -- the layers ---------------------------------------------------------------

def contracts():
    with open(ROOT / 'pyproject.toml', 'rb') as file:
        return {contract['id']: contract for contract
                in tomllib.load(file)['tool']['importlinter']['contracts']}


def lint(root):
    """Run import-linter on a tree; it imports nothing of it."""
    return subprocess.run([sys.executable, '-c', LINTER], cwd=root,
                          env={'PYTHONPATH': str(root)}, text=True,
                          capture_output=True, timeout=120)


@pytest.fixture
def skeleton(tmp_path):
    """Our contracts over a tree of empty packages."""
    text = (ROOT / 'pyproject.toml').read_text()
    (tmp_path / 'pyproject.toml').write_text(
        text[text.index('[tool.importlinter]'):])
    names = {name for contract in contracts().values() for name in
             contract.get('forbidden_modules', []) if '.' in name}
    names |= {'karbor.plugin', 'karbor.plugins', 'karbor.tests'}
    plant(tmp_path, {name.replace('.', '/') + '/__init__.py': ''
                     for name in names | {'karbor'}})
    return tmp_path


def test_our_tree_keeps_the_layers():
    result = lint(ROOT)
    assert result.returncode == 0, result.stdout


def test_an_innocent_tree_passes(skeleton):
    plant(skeleton, {
        'karbor/plugins/bank/fs.py': 'from karbor import plugin\n',
        'karbor/api/plans.py': 'import karbor.actions\nimport karbor.model\n',
        'karbor/cmd/manage.py': 'import karbor.bank\n',
    })
    result = lint(skeleton)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(('name', 'wrong', 'contract'), [
    ('db/plans', 'from karbor import actions', 'layers'),
    ('api/plans', 'from karbor import protection', 'layers'),
    ('model/plan', 'from karbor import conf', 'layers'),
    ('rpc/wire', 'from karbor.db import models', 'layers'),
    ('newpackage/__init__', '', 'layers'),
    ('plugins/bank/fs', 'from karbor import exception', 'plugins'),
    ('plugins/bank/fs', 'from karbor.model import plan', 'plugins'),
    ('protection/providers', 'from karbor.plugins import x', 'strangers'),
    ('plugin/step', 'from karbor import conf', 'sdk'),
    ('actions/plans', 'from karbor import bank', 'bank'),
    ('model/plan', 'import sqlalchemy', 'model'),
    ('api/app', 'import eventlet', 'threads'),
    ('osc/runs', 'from karbor.model import plan', 'osc'),
    ('api/app', 'from karbor import osc', 'layers'),
])
def test_a_wrong_import_is_refused(skeleton, name, wrong, contract):
    plant(skeleton, {'karbor/plugins/x.py': '', 'karbor/db/models.py': '',
                     'karbor/model/plan.py': '',
                     f'karbor/{name}.py': wrong + '\n'})
    for package in ('karbor/plugins/bank', f'karbor/{name}'.rsplit('/', 1)[0]):
        (skeleton / package).mkdir(exist_ok=True)
        (skeleton / package / '__init__.py').touch()
    result = lint(skeleton)
    assert result.returncode == 1, result.stdout + result.stderr
    assert f'{contracts()[contract]["name"]} BROKEN' in result.stdout


@pytest.mark.parametrize(('contract', 'may'), [
    ('plugins', {'karbor.plugin', 'karbor.plugins'}),
    ('osc', {'karbor.osc'})])
def test_no_package_is_missing_in_the_contract(contract, may):
    ours = {f'karbor.{path.stem}' for path in (ROOT / 'karbor').iterdir()
            if path.suffix == '.py' or (path / '__init__.py').exists()}
    assert set(contracts()[contract]['forbidden_modules']) == (
        ours - {'karbor.__init__', 'karbor.tests', *may})


def test_the_strangers_contract_binds_every_package():
    packages = {f'karbor.{path.name}' for path in (ROOT / 'karbor').iterdir()
                if (path / '__init__.py').exists()}
    assert set(contracts()['strangers']['source_modules']) == (
        packages - {'karbor.plugins', 'karbor.tests'})
