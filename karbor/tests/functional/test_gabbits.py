# SPDX-License-Identifier: Apache-2.0
"""What HTTP answers, told by gabbits/*.yaml and asked of real daemons.

One file is one noun; it has a project of its own, so that no file sees what
another one made. Each request is a test, and those before it in its file are
sent first if it is run alone.
"""

import functools
from pathlib import Path
import re
import unittest

from gabbi import handlers
from gabbi import reporter
from gabbi import suitemaker
from gabbi import utils
import pytest

from karbor.api import microversion
from karbor.api import root
from karbor.tests.functional import daemons

GABBITS = sorted(Path(__file__).with_name('gabbits').glob('*.yaml'))
SECOND = '7b0c1f0e-4f70-4d0f-9a5e-0d1f6f3a1c12'
# what is put in when a request is sent
_TEMPLATE = re.compile(r"(?:\$HISTORY\['[^']+'\]\.)?\$[A-Z_]+(?:\['[^']+'\])?")


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
        for name in ('one', 'two', 'three', 'slow', 'hopeless'):
            deployed.box(name)
        deployed.order('restore.on_main.Box.hopeless', 'fail')
        # until it is cancelled
        deployed.order('protect.on_main.Box.slow', 'hang')
        (deployed.root / 'providers.d/second.conf').write_text(f"""\
[provider]
name = Second
id = {SECOND}
description = for copies
bank = karbor-fs-bank-plugin
plugin = karbor-noop-protection-plugin
[file_system_bank_plugin]
file_system_bank_path = {deployed.root}/second
""")
        deployed.start()
        patch.setenv('PROVIDER', daemons.PROVIDER)
        patch.setenv('SECOND', SECOND)

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


def told():
    """Method, path, version and status of each success that is expected."""
    for path in GABBITS:
        defaults = content(path).get('defaults', {}).get('request_headers', {})
        urls = {}
        for test in content(path)['tests']:
            how = next((key for key in test if key.isupper()), 'GET')
            url = test[how]
            # what stands in for the URL of another request of the file
            for name, known in urls.items():
                url = url.replace(f"$HISTORY['{name}'].$URL", known)
            if urls:
                last = list(urls.values())[-1]
                url = url.replace('$LAST_URL', last).replace(
                    '$LOCATION', last.partition('?')[0] + '/x')
            urls[test['name']] = url
            status = int(test.get('status', 200))
            segments = _TEMPLATE.sub('x', url).partition('?')[0].split('/')[1:]
            found = root.match(how, segments)
            if found and status < 300:
                version = microversion.wanted(
                    {**defaults, **test.get('request_headers', {})})
                yield found[0].method, found[0].path, str(version), status


def test_every_success_of_every_route_has_a_gabbit():
    wanted = {(route.method, route.path, str(form.since), form.status)
              for route in root.ROUTES for form in route.does.forms
              # no file can sign a call; see test_events
              if not route.does.public}
    assert sorted(wanted - set(told())) == []
