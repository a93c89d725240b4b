# SPDX-License-Identifier: Apache-2.0
"""What HTTP answers, told by gabbits/*.yaml and asked of real daemons.

One file is one noun; it has a project of its own, so that no file sees what
another one made. Each request is a test, and those before it in its file are
sent first if it is run alone.
"""

import functools
from pathlib import Path
import unittest

from gabbi import handlers
from gabbi import reporter
from gabbi import suitemaker
from gabbi import utils
import pytest

from karbor.tests.functional import daemons

GABBITS = sorted(Path(__file__).with_name('gabbits').glob('*.yaml'))


@functools.cache
def content(path):
    return utils.load_yaml(yaml_file=str(path))


def pytest_generate_tests(metafunc):
    if 'number' in metafunc.fixturenames:
        metafunc.parametrize(('path', 'number'), [
            pytest.param(path, number, id=f'{path.stem}: {test["name"]}')
            for path in GABBITS
            for number, test in enumerate(content(path)['tests'])])


@pytest.fixture(scope='module')
def requests_of(tmp_path_factory):
    """Gives the requests of a file, in their order; the daemons run."""
    with daemons.deployment(tmp_path_factory.mktemp('karbor'),
                            'standalone') as deployed, \
            pytest.MonkeyPatch.context() as patch:
        for name in ('one', 'two', 'three'):
            deployed.box(name)
        deployed.start()
        patch.setenv('PROVIDER', daemons.PROVIDER)

        @functools.cache
        def make(path):
            told = content(path)
            return list(suitemaker.test_suite_from_dict(
                unittest.TestLoader(), path.stem, told, str(path.parent),
                '127.0.0.1', deployed.port, None, None,
                prefix=told.get('prefix', ''),
                handlers=[make() for make in handlers.RESPONSE_HANDLERS]))
        yield make


def test_gabbit(requests_of, path, number):
    requests_of(path)[number](reporter.PyTestResult())
