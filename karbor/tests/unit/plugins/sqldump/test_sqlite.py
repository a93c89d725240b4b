# SPDX-License-Identifier: Apache-2.0
import contextlib
import errno
import functools
import os
import sqlite3

from hypothesis import given
from hypothesis import HealthCheck
from hypothesis import settings
from hypothesis import strategies as st
import pytest

from karbor import plugin
from karbor.plugins.sqldump import sqlite
from karbor.tests.unit.plugins.sqldump import base

SCHEMA = """
CREATE TABLE person (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT, v);
CREATE TABLE pet (person REFERENCES person(id), n INT CHECK (n > 0));
CREATE INDEX by_name ON person (name COLLATE NOCASE);
CREATE VIEW names AS SELECT name FROM person;
CREATE TABLE log (m);
CREATE TRIGGER t AFTER INSERT ON person BEGIN
    INSERT INTO log VALUES ('new ' || new.name); END;
"""


def connect(path):
    return contextlib.closing(sqlite3.connect(path, isolation_level=None))


def make(path, wal=False, page_size=4096):
    with connect(path) as db:
        db.execute(f'PRAGMA page_size = {page_size}')
        if wal:
            db.execute('PRAGMA journal_mode = WAL')
        db.executescript(SCHEMA)
        db.executemany('INSERT INTO person (name, v) VALUES (?, ?)', [
            ('Ada', 1), ('Zoë \U0001f600', None), ('', 2 ** 63 - 1),
            (None, -0.1), ('blob', bytes(range(256)) * 16384)])
        db.execute('INSERT INTO pet VALUES (1, 3)')


def dump(path):
    with connect(path) as db:
        return list(db.iterdump())


def mode(path):
    with connect(path) as db:
        return db.execute('PRAGMA journal_mode').fetchone()[0]


@pytest.fixture
def entry(tmp_path):
    return base.database('sqlite', path=str(tmp_path / 'it is?#.db'))


protect = functools.partial(base.protect, sqlite)
restore = functools.partial(base.restore, sqlite)


def nothing_left(tmp_path, limits):
    return not os.listdir(limits.work_dir) and not [
        name for name in os.listdir(tmp_path) if name.startswith('.karbor')]


def damage(path):
    with connect(path) as db:
        db.executescript('DROP TABLE pet; CREATE TABLE extra (x);'
                         "UPDATE person SET name = 'bad'; DROP VIEW names;")


@pytest.mark.parametrize('wal', [False, True])
def test_a_damaged_database_is_as_it_was(tmp_path, entry, limits, wal):
    make(entry.path, wal)
    before = dump(entry.path)
    step = protect(entry, limits)
    assert step.data.content['content'][:15] == b'SQLite format 3'
    assert step.data.info['bytes'] == len(step.data.content['content'])
    damage(entry.path)
    restored = restore(step, entry, limits)
    assert dump(entry.path) == before
    assert mode(entry.path) == ('wal' if wal else 'delete')
    for told in (step.fractions, restored.fractions):
        assert told == sorted(told)
        assert told[-1] == 1
    assert nothing_left(tmp_path, limits)


@pytest.mark.parametrize('source_wal', [False, True])
@pytest.mark.parametrize('target_wal', [False, True])
@pytest.mark.parametrize('page_size', [1024, 4096])
def test_any_database_may_be_the_target(tmp_path, entry, limits, source_wal,
                                        target_wal, page_size):
    make(entry.path, source_wal)
    step = protect(entry, limits)
    other = base.database('sqlite', path=str(tmp_path / 'other.db'))
    with connect(other.path) as db:
        db.execute(f'PRAGMA page_size = {page_size}')
        db.execute(f'PRAGMA journal_mode = {"wal" if target_wal else "off"}')
        db.execute('CREATE TABLE x (y)')
    restore(step, other, limits)
    assert dump(other.path) == dump(entry.path)
    assert mode(other.path) == (
        'wal' if source_wal or target_wal else 'delete')


def test_open_connections_see_the_restored_state(entry, limits):
    make(entry.path, wal=True)
    step = protect(entry, limits)
    damage(entry.path)
    with connect(entry.path) as db:
        db.execute('BEGIN')
        old = db.execute('SELECT name FROM person').fetchall()
        restore(step, entry, limits)
        assert db.execute('SELECT name FROM person').fetchall() == old
        db.execute('ROLLBACK')
        assert db.execute('SELECT name FROM person WHERE id = 1'
                          ).fetchone() == ('Ada',)


def test_a_missing_database_comes_back_with_its_mode(tmp_path, entry, limits):
    make(entry.path, wal=True)
    os.chmod(entry.path, 0o640)
    before = dump(entry.path)
    step = protect(entry, limits)
    os.unlink(entry.path)
    # a log of the lost file must not be played into the new one
    (tmp_path / (entry.path + '-wal')).write_bytes(b'x' * 5000)
    (tmp_path / (entry.path + '-journal')).write_bytes(b'x' * 5000)
    restore(step, entry, limits)
    assert os.stat(entry.path).st_mode & 0o7777 == 0o640
    assert os.stat(entry.path).st_uid == step.data.info['uid']
    assert dump(entry.path) == before
    assert nothing_left(tmp_path, limits)


def test_a_file_that_is_no_database_is_replaced(tmp_path, entry, limits):
    make(entry.path)
    before = dump(entry.path)
    step = protect(entry, limits)
    with open(entry.path, 'wb') as out:
        out.write(b'garbage ' * 1000)
    restore(step, entry, limits)
    assert dump(entry.path) == before
    assert nothing_left(tmp_path, limits)


def test_a_symbolic_link_stays_one(tmp_path, entry, limits):
    real = str(tmp_path / 'real.db')
    os.symlink(real, entry.path)
    make(real)
    step = protect(entry, limits)
    os.unlink(real)
    restore(step, entry, limits)
    assert os.path.islink(entry.path)
    assert dump(real)[-1] == 'COMMIT;'


def test_an_empty_database(entry, limits):
    with connect(entry.path) as db:
        db.execute('VACUUM')
    step = protect(entry, limits)
    damage_free = dump(entry.path)
    make(entry.path)
    restore(step, entry, limits)
    assert dump(entry.path) == damage_free


@pytest.mark.parametrize('wal', [False, True])
def test_a_transfer_keeps_the_sum(entry, limits, wal, monkeypatch):
    """While somebody moves money between accounts none is lost."""
    monkeypatch.setattr(sqlite, '_PAGES', 4)
    with connect(entry.path) as db:
        db.execute(f'PRAGMA journal_mode = {"wal" if wal else "delete"}')
        db.execute('CREATE TABLE account (id INTEGER PRIMARY KEY, n, pad)')
        db.executemany('INSERT INTO account VALUES (?, 100, ?)',
                       [(i, b'x' * 3000) for i in range(500)])

    def write():
        with connect(entry.path) as db:
            db.execute('PRAGMA busy_timeout = 20000')
            db.execute('PRAGMA synchronous = OFF')
            for i in range(50):
                db.execute('BEGIN IMMEDIATE')
                db.execute('UPDATE account SET n = n - 1 WHERE id = ?', (i,))
                db.execute('UPDATE account SET n = n + 1 WHERE id = ?',
                           (499 - i,))
                db.execute('COMMIT')

    with base.written_meanwhile(write):
        step = protect(entry, limits)
    copy = entry.path + '.copy'
    with open(copy, 'wb') as out:
        out.write(step.data.content['content'])
    with connect(copy) as db:
        assert db.execute('SELECT sum(n), count(*) FROM account'
                          ).fetchone() == (50_000, 500)


def test_a_copy_that_begins_anew_begins_with_nothing(
        entry, limits, monkeypatch):
    """What the first one left, without a journal, is no database."""
    make(entry.path)
    copy = sqlite._copy

    def broken_off(step, limits, source, target, restarts, *share):
        if restarts is None:
            return copy(step, limits, source, target, restarts, *share)
        path = target.execute('PRAGMA database_list').fetchone()[2]
        with open(path, 'wb') as file:
            file.write(b'half a page of something' * 500)
        raise sqlite._Restarted()

    monkeypatch.setattr(sqlite, '_copy', broken_off)
    step = protect(entry, limits)
    assert step.data.content['content'].startswith(b'SQLite format 3')


def test_who_writes_all_the_time_is_held_off(entry, limits, monkeypatch):
    make(entry.path)
    monkeypatch.setattr(sqlite, '_PAGES', 10)
    step = base.step(entry)
    with connect(entry.path) as db:
        db.execute('PRAGMA busy_timeout = 0')
        tried = []

        def busy(*args, **kwargs):
            with contextlib.suppress(sqlite3.OperationalError):
                db.execute("INSERT INTO log VALUES ('again')")
                tried.append(1)

        step.progress = busy
        info = sqlite.protect(step, entry, limits)
    assert len(tried) >= sqlite._RESTARTS
    assert len(step.notes) == 1
    assert info['bytes'] == len(step.data.content['content'])


@pytest.mark.parametrize('act', [sqlite.protect, restore])
def test_a_locked_database_is_waited_for_and_then_named(tmp_path, entry, act):
    limits = base.limits(tmp_path, busy=1)
    make(entry.path)
    step = protect(entry, limits)
    before = dump(entry.path)
    with connect(entry.path) as db:
        db.execute('BEGIN EXCLUSIVE')
        with pytest.raises(plugin.PluginError, match='locked by another'):
            act(step, entry, limits)
    assert dump(entry.path) == before
    assert nothing_left(tmp_path, limits)


def test_a_reader_delays_a_restore_only_so_long(tmp_path, entry):
    limits = base.limits(tmp_path, busy=1)
    make(entry.path)
    step = protect(entry, limits)
    damage(entry.path)
    before = dump(entry.path)
    with connect(entry.path) as db:
        db.execute('BEGIN')
        db.execute('SELECT * FROM person').fetchone()
        with pytest.raises(plugin.PluginError, match='locked'):
            restore(step, entry, limits)
    assert dump(entry.path) == before


@pytest.mark.parametrize('where', [0, 20, 4096, -1])
def test_damaged_saved_data_changes_nothing(tmp_path, entry, limits, where):
    make(entry.path)
    step = protect(entry, limits)
    content = bytearray(step.data.content['content'])
    damage(entry.path)
    before = dump(entry.path)
    if where < 0:
        del content[len(content) // 2:]
    else:
        content[where:where + 200] = b'\xff' * 200
    step.data.content['content'] = bytes(content)
    with pytest.raises(plugin.PluginError, match='saved database is damaged'):
        restore(step, entry, limits)
    assert dump(entry.path) == before
    assert nothing_left(tmp_path, limits)


def test_a_damaged_database_is_no_backup(tmp_path, entry, limits):
    make(entry.path)
    with open(entry.path, 'r+b') as file:
        file.seek(4096)
        file.write(b'\xff' * 4096)
    step = base.step(entry)
    with pytest.raises(plugin.PluginError, match='damaged|malformed'):
        sqlite.protect(step, entry, limits)
    assert step.data.content == {}
    assert nothing_left(tmp_path, limits)


def test_an_order_of_the_application_is_no_damage(entry, limits):
    with connect(entry.path) as db:
        db.create_collation('own', lambda a, b: (a > b) - (a < b))
        db.executescript('CREATE TABLE t (a COLLATE own); CREATE INDEX i ON '
                         "t (a); INSERT INTO t VALUES ('a'), ('b');")
    step = protect(entry, limits)
    restore(step, entry, limits)
    with connect(entry.path) as db:
        assert db.execute('SELECT count(*) FROM t').fetchone() == (2,)


def test_missing_files_and_folders_are_named(tmp_path, limits):
    gone = base.database('sqlite', path=str(tmp_path / 'no' / 'a.db'))
    with pytest.raises(plugin.PluginError, match='shop: unable to open'):
        protect(gone, limits)
    with pytest.raises(plugin.PluginError, match='directory of database'):
        restore(base.step(gone), gone, limits)
    there = base.database('sqlite', path=str(tmp_path / 'a.db'))
    make(there.path)
    os.rmdir(limits.work_dir)
    with pytest.raises(plugin.PluginError, match='No such file'):
        protect(there, limits)


@pytest.mark.parametrize('error', [plugin.Cancelled(),
                                   plugin.BankError(key='k', reason='full')])
def test_a_stream_that_refuses_is_given_up(tmp_path, entry, limits, error):
    make(entry.path)
    step = base.step(entry)
    broken = base.Broken(error, after=1000)
    step.data.writer = lambda: broken
    with pytest.raises(type(error)):
        sqlite.protect(step, entry, limits)
    assert broken.aborted
    assert not broken.closed
    assert nothing_left(tmp_path, limits)


@pytest.mark.parametrize('moment', [0.1, 0.6])
def test_a_cancelled_restore_changes_nothing(tmp_path, entry, limits, moment,
                                             monkeypatch):
    monkeypatch.setattr(sqlite, '_PAGES', 10)
    monkeypatch.setattr(sqlite, 'CHUNK', 4096)
    monkeypatch.setattr(sqlite, '_STEPS', 1)
    make(entry.path)
    step = protect(entry, limits)
    damage(entry.path)
    before = dump(entry.path)
    again = base.step(entry, data=step.data)

    def progress(fraction, **ignored):
        again.stop = again.stop or fraction > moment

    again.progress = progress
    with pytest.raises(plugin.Cancelled):
        sqlite.restore(again, entry, limits)
    assert dump(entry.path) == before
    assert nothing_left(tmp_path, limits)


def test_a_full_disk_is_a_reason(tmp_path, entry, limits, monkeypatch):
    make(entry.path)
    step = protect(entry, limits)
    os.unlink(entry.path)

    def full(*args):
        raise OSError(errno.ENOSPC, 'No space left on device', '/secret')

    monkeypatch.setattr(os, 'fsync', full)
    with pytest.raises(plugin.PluginError, match='No space left') as caught:
        restore(step, entry, limits)
    assert '/secret' not in str(caught.value)
    assert not os.path.exists(entry.path)
    assert nothing_left(tmp_path, limits)


def test_a_rerun_removes_what_a_killed_run_left(entry, limits):
    make(entry.path)
    step = base.step(entry)
    mine = os.path.join(limits.work_dir,
                        f'.karbor-{step.operation_id}-{entry.id}-x.sqlite')
    theirs = os.path.join(limits.work_dir, '.karbor-other.sqlite')
    for path in (mine, theirs):
        with open(path, 'wb'):
            pass
    sqlite.protect(step, entry, limits)
    assert os.listdir(limits.work_dir) == ['.karbor-other.sqlite']


def test_the_copy_is_private(entry, limits, monkeypatch):
    make(entry.path)
    seen = []
    check = sqlite._check

    def look(step, path, what):
        seen.append(os.stat(path).st_mode & 0o777)
        check(step, path, what)

    monkeypatch.setattr(sqlite, '_check', look)
    protect(entry, limits)
    assert seen == [0o600]


@settings(max_examples=25, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(
    st.one_of(st.none(), st.integers(-2 ** 63, 2 ** 63 - 1), st.text(),
              st.binary(), st.floats(allow_nan=False)),
    st.text()), max_size=20))
def test_every_row_comes_back(entry, limits, rows):
    with connect(entry.path) as db:
        db.executescript('DROP TABLE IF EXISTS t; CREATE TABLE t (a, b)')
        db.executemany('INSERT INTO t VALUES (?, ?)', rows)
    step = protect(entry, limits)
    with connect(entry.path) as db:
        db.execute('DELETE FROM t')
    restore(step, entry, limits)
    with connect(entry.path) as db:
        assert db.execute('SELECT * FROM t ORDER BY rowid'
                          ).fetchall() == rows


def undo(restored, entry, limits):
    sqlite.undo(base.step(entry, announced=restored.announced,
                          undoes=restored.operation_id), entry, limits)


def test_a_database_that_was_missing_is_missing_again(entry, limits):
    make(entry.path)
    saved = protect(entry, limits)
    os.unlink(entry.path)
    # a log of the lost one goes, and that is said
    with open(entry.path + '-wal', 'wb') as log:
        log.write(b'old')
    restored = base.restore(sqlite, saved, entry, limits)
    assert [(record.kind, record.made) for record in restored.records()] == [
        ('log of a lost database', False), ('database', True),
        ('temporary files', True)]
    with connect(entry.path) as db:
        db.execute('PRAGMA journal_mode = wal')
        db.execute('CREATE TABLE later (x)')
    for _time in range(2):
        undo(restored, entry, limits)
        assert os.listdir(os.path.dirname(entry.path)) == [
            os.path.basename(limits.work_dir)]


def test_a_database_that_somebody_else_made_stays(entry, limits):
    make(entry.path)
    saved = protect(entry, limits)
    os.rename(entry.path, entry.path + '.old')
    restored = base.restore(sqlite, saved, entry, limits)
    os.replace(entry.path + '.old', entry.path)
    undo(restored, entry, limits)
    assert os.path.exists(entry.path)


def test_what_a_first_run_has_put_there_is_still_what_goes(entry, limits):
    make(entry.path)
    saved = protect(entry, limits)
    os.unlink(entry.path)
    first = base.restore(sqlite, saved, entry, limits)
    again = base.restore(sqlite, saved, entry, limits,
                         announced=first.announced,
                         operation_id=first.operation_id)
    assert all(record.made for record in again.records())
    undo(again, entry, limits)
    assert not os.path.exists(entry.path)


def test_a_database_in_use_is_replaced_and_that_is_said(entry, limits):
    make(entry.path)
    saved = protect(entry, limits)
    restored = base.restore(sqlite, saved, entry, limits)
    assert ('database', entry.name, False) in {
        (record.kind, record.name, record.made)
        for record in restored.records()}
    undo(restored, entry, limits)
    assert os.path.exists(entry.path)
