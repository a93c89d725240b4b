# SPDX-License-Identifier: Apache-2.0
"""Threads are threads: nothing patches the standard library.

Libraries import eventlet when it is installed, which is harmless. Each daemon
is looked at in a process of its own, because pytest has imported much more.
"""

import json
import os
import subprocess
import sys

import pytest

LOOK = """
import importlib, json, sys
importlib.import_module(sys.argv[1])
from oslo_service import backend
patched = {}
if 'eventlet' in sys.modules:
    from eventlet import patcher
    patched = {name: bool(patcher.is_monkey_patched(name)) for name in (
        'os', 'select', 'socket', 'subprocess', 'thread', 'time')}
import _thread, threading
print(json.dumps([
    backend.get_backend_type().name, patched,
    type(threading.Lock()) is _thread.LockType,
    sorted(name for name in sys.modules if name.startswith('gevent'))]))
"""


@pytest.mark.parametrize('module', [
    'karbor.cmd.api', 'karbor.cmd.protection', 'karbor.cmd.operationengine',
    'karbor.cmd.standalone', 'karbor.wsgi.api'])
def test_a_daemon_has_real_threads(module):
    done = subprocess.run([sys.executable, '-W', 'ignore', '-c', LOOK, module],
                          capture_output=True, text=True, check=True)
    backend, patched, real, gevent = json.loads(
        done.stdout.splitlines()[-1])
    assert backend == 'THREADING'
    assert not any(patched.values()), patched
    assert real
    assert gevent == []


@pytest.mark.parametrize('module', ['standalone', 'manage', 'status'])
def test_a_command_begins_without_a_word_of_its_libraries(module):
    environ = {name: value for name, value in os.environ.items()
               if name != 'PYTHONWARNINGS'}
    done = subprocess.run(
        [sys.executable, '-c', f'import karbor.cmd.{module}'],
        capture_output=True, text=True, check=True, env=environ)
    assert (done.stdout, done.stderr) == ('', '')
