# SPDX-License-Identifier: Apache-2.0
"""What the tests of databases share: servers, databases, programs."""

import contextlib
import functools
import os
import select
import subprocess
import threading
import uuid

import pytest

from karbor import plugin
from karbor.plugin.testing import MemoryStep
from karbor.plugins.sqldump import registry

HOST = '127.0.0.1'
PG_USER = 'postgres'
PG_PORT = 5432
MY_USER = 'root'
MY_PORT = 3306


def limits(tmp_path, busy=10.0, stall=60.0):
    work = tmp_path / 'work'
    work.mkdir(exist_ok=True)
    return registry.Limits(str(work), busy, stall)


def database(engine, **fields):
    entry = str(uuid.uuid4())
    fields = {'id': entry, 'name': 'shop', 'projects': ('*',),
              'restore_targets': (entry,)} | fields
    return registry.Database(engine=engine, **fields)


def step(entry, **fields):
    return MemoryStep(plugin.Resource(registry.RESOURCE_TYPE, entry.id,
                                      entry.name), **fields)


def psql(sql, name='postgres'):
    done = subprocess.run(
        ['psql', '-X', '-A', '-t', '-q', '-h', HOST, '-p', str(PG_PORT), '-U',
         PG_USER, '-v', 'ON_ERROR_STOP=1'], input=sql.encode(),
        env=os.environ | {'PGDATABASE': name}, capture_output=True)
    assert not done.returncode, done.stderr.decode()
    return done.stdout.decode().strip()


def mysql(sql, *name):
    done = subprocess.run(
        ['mariadb', '-h', HOST, '-P', str(MY_PORT), '-u', MY_USER, '-B', '-N',
         '--binary-mode', '--max-allowed-packet=64M',
         '--default-character-set=utf8mb4', '--', *name],
        input=sql.encode(), capture_output=True)
    assert not done.returncode, done.stderr.decode()
    return done.stdout.decode().strip()


@functools.cache
def _answers(ask):
    try:
        ask('SELECT 1;')
    except (AssertionError, FileNotFoundError) as error:
        return str(error)
    return ''


def need(ask):
    """Skip without a server, except where one was promised."""
    reason = _answers(ask)
    if reason and os.environ.get('CI') == 'true':
        pytest.fail(f'no server answers: {reason}')
    if reason:
        pytest.skip(f'no server answers: {reason}')


def protect(engine, entry, limits, **fields):
    made = step(entry, **fields)
    made.data.save(engine.protect(made, entry, limits))
    return made


def restore(engine, saved, entry, limits, **fields):
    again = step(entry, data=saved.data, **fields)
    engine.restore(again, entry, limits)
    return again


@contextlib.contextmanager
def written_meanwhile(write):
    """Call a writer again and again in a thread, at least once before."""
    stop, wrote = threading.Event(), threading.Event()

    def run():
        while not stop.is_set():
            write()
            wrote.set()

    writer = threading.Thread(target=run)
    writer.start()
    try:
        assert wrote.wait(60)
        yield
    finally:
        stop.set()
        writer.join()


def transfer(sql):
    """SQL that moves money between two tables, in many transactions."""
    return lambda: sql(''.join(
        f'BEGIN; UPDATE a SET n = n - 1 WHERE id = {i}; UPDATE b SET '
        f'n = n + 1 WHERE id = {i}; COMMIT;' for i in range(1, 99)))


def unique():
    return f'karbor_test_{uuid.uuid4().hex[:12]}'


def program(folder, name, script):
    """Put a program in front of the others; returns the new PATH."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f'#!/bin/sh\n{script}\n')
    path.chmod(0o755)
    return f'{folder}:{os.environ["PATH"]}'


class Broken(plugin.Writer):
    """A stream that refuses after some bytes."""

    def __init__(self, error, after=0):
        self.error, self.after = error, after
        self.closed = self.aborted = False

    def write(self, data):
        self.after -= len(data)
        if self.after < 0:
            raise self.error
        return len(data)

    def close(self):
        self.closed = True

    def abort(self):
        self.aborted = True


def gone(pid):
    """Whether a process has ended, or does so soon after its killing."""
    try:
        number = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([number], [], [], 20)[0])
    finally:
        os.close(number)
