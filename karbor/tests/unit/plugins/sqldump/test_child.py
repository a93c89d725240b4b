# SPDX-License-Identifier: Apache-2.0
import os
import threading

import pytest

from karbor import plugin
from karbor.plugins.sqldump import child
from karbor.tests.unit.plugins.sqldump import base


def nothing():
    """Nobody wants it to stop."""


def run(script, check=nothing, stall=20.0, **more):
    return child.Child(check, ['sh', '-c', script],
                       env=child.environment({}), stall=stall, **more)


def read_all(program):
    parts = []
    while data := program.read():
        parts.append(data)
    return b''.join(parts)


def use(program, how):
    if how == 'write':
        while True:
            program.write(bytes(1 << 20))
    return getattr(program, how)()


def test_output_and_a_good_end():
    with run('head -c 3000000 /dev/zero') as program:
        assert read_all(program) == bytes(3_000_000)
        program.finish()


def test_input_reaches_it_whole(tmp_path):
    data = os.urandom(3_000_000)
    with run(f'cat > {tmp_path}/out', feed=True) as program:
        program.write(data)
        program.finish()
    assert (tmp_path / 'out').read_bytes() == data


def test_the_reason_holds_its_messages_but_no_secret():
    with run('echo bad secret, >&2; echo really >&2; exit 3',
             secrets=['secret', None]) as program:
        assert read_all(program) == b''
        with pytest.raises(plugin.PluginError) as caught:
            program.finish()
    assert str(caught.value) == (
        'sh failed with exit status 3. It said: bad ***,; really')


def test_a_secret_is_hidden_where_messages_are_cut():
    for before in range(4085, 4100):
        with run(f'head -c {before} /dev/zero | tr "\\0" x >&2; '
                 'echo topsecret-and-more >&2; exit 1',
                 secrets=['topsecret']) as program:
            assert read_all(program) == b''
            with pytest.raises(plugin.PluginError) as caught:
                program.finish()
        assert 'to' not in str(caught.value).partition('said')[2]


def test_messages_are_bounded_and_never_block_it():
    with run('head -c 1000000 /dev/zero | tr "\\0" x >&2; exit 1') as program:
        assert read_all(program) == b''
        with pytest.raises(plugin.PluginError) as caught:
            program.finish()
    assert len(str(caught.value)) < 5000


def test_a_killed_program_names_the_signal():
    with run('kill -9 $$') as program:
        read_all(program)
        with pytest.raises(plugin.PluginError, match='killed by SIGKILL'):
            program.finish()


def test_a_missing_program_names_its_package(tmp_path, monkeypatch):
    monkeypatch.setenv('PATH', str(tmp_path))
    for name, package in child._PACKAGES.items():
        with pytest.raises(plugin.PluginError) as caught:
            child.Child(nothing, [name], env=child.environment({}), stall=1)
        assert f'program {name} was not found' in str(caught.value)
        assert f'Debian package {package}.' in str(caught.value)
    (tmp_path / 'psql').write_text('')
    with pytest.raises(plugin.PluginError, match='Permission denied'):
        child.Child(nothing, ['psql'], env=child.environment({}), stall=1)


@pytest.mark.parametrize('how', ['read', 'write', 'finish'])
def test_a_program_that_hangs_is_killed_with_its_children(tmp_path, how):
    script = f'sleep 600 & echo $! > {tmp_path}/pid; echo hm >&2; wait'
    with run(script, stall=0.6, feed=True) as program, \
            pytest.raises(plugin.PluginError) as caught:
        use(program, how)
    assert 'moved no byte for 0.6 seconds' in str(caught.value)
    assert 'hm' in str(caught.value)
    assert base.gone(int((tmp_path / 'pid').read_text()))


def test_one_that_writes_now_and_then_does_not_hang():
    with run('for i in 1 2 3 4; do sleep 0.3; echo $i; done',
             stall=1) as program:
        assert read_all(program) == b'1\n2\n3\n4\n'
        program.finish()


def test_life_shows_in_an_output_that_nobody_wants():
    with run('for i in 1 2 3 4; do sleep 0.3; echo $i; done', stall=1,
             feed=True) as program:
        program.discard_output()
        program.finish()


@pytest.mark.parametrize('how', ['read', 'finish'])
def test_whoever_stops_leaves_none_behind(tmp_path, how):
    os.mkfifo(tmp_path / 'started')
    stop = threading.Event()

    def check():
        if stop.is_set():
            raise plugin.Cancelled()

    with run(f'sleep 600 & echo $! > {tmp_path}/started; wait',
             check) as program:
        pid = int((tmp_path / 'started').read_text())
        threading.Timer(0.3, stop.set).start()
        with pytest.raises(plugin.Cancelled):
            use(program, how)
    assert base.gone(pid)


def test_an_input_that_nobody_reads():
    with run('exec 0<&-; echo no >&2; exit 4', feed=True) as program, \
            pytest.raises(plugin.PluginError, match='status 4.* no'):
        use(program, 'write')
    with run('exit 0', feed=True) as program, \
            pytest.raises(plugin.PluginError, match='before it had read'):
        use(program, 'write')


def test_two_programs_in_a_row(tmp_path):
    data = os.urandom(2_000_000)
    with run(f'cat > {tmp_path}/out', feed=True) as second:
        second.write(b'begin')
        with run('cat', feed=True, stdout=second.input_for()) as first:
            first.write(data)
            first.finish()
        second.write(b'end')
        second.finish()
    assert (tmp_path / 'out').read_bytes() == b'begin' + data + b'end'


def test_why_it_failed(monkeypatch):
    monkeypatch.setattr(child, '_GRACE', 0.3)
    with run('cat; exit 5', feed=True) as program:
        assert 'status 5' in program.failure()
    with run('cat', feed=True) as program:
        assert program.failure() is None
    with run('sleep 600') as program:
        assert program.failure() is None


def test_it_gets_nothing_of_the_environment(monkeypatch):
    monkeypatch.setenv('PGPASSWORD', 'other')
    monkeypatch.setenv('OS_PASSWORD', 'cloud')
    given = child.environment({'PGUSER': 'me'})
    assert set(given) <= {'PATH', 'HOME', 'LC_ALL', 'PGUSER'}
    with pytest.raises(ValueError, match='no such pipe'), \
            run('exit 0') as program:
        program.write(b'x')
