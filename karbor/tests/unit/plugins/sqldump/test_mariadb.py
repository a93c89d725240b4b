# SPDX-License-Identifier: Apache-2.0
import functools
import re
import subprocess

import pytest

from karbor import plugin
from karbor.plugins.sqldump import mariadb
from karbor.plugins.sqldump import mariadb_sql
from karbor.tests.unit.plugins.sqldump import base

SCHEMA = r"""
CREATE TABLE person (
    id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(99), big BIGINT UNSIGNED,
    price DECIMAL(20, 4), f DOUBLE, day DATE, at DATETIME(6), ts TIMESTAMP
    NULL, span TIME, y YEAR, colour ENUM('red', 'gr''een'), tags SET('a',
    'b'), bits BIT(9), raw LONGBLOB, j JSON, u UUID, ip INET6, g POINT,
    twice INT GENERATED ALWAYS AS (price * 2) STORED, hidden INT INVISIBLE,
    UNIQUE (name), CHECK (price >= 0));
INSERT INTO person (name, big, price, f, day, at, ts, span, y, colour, tags,
                    bits, raw, j, u, ip, g) VALUES
    ('Zoë 😀\t\n\\', 18446744073709551615, 1.5, 1e-300, '0001-01-01',
     '2026-01-02 03:04:05.678901', '2026-01-02 03:04:05', '-838:59:59', 1999,
     'gr''een', 'a,b', b'101010101', x'00ff0a0d5c271a', '{"a": [1, null]}',
     '11111111-2222-3333-4444-555555555555', '::1', POINT(1, 2)),
    (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
     NULL, NULL, NULL, NULL, NULL),
    ('', 0, 0, -0.1, '9999-12-31', NULL, NULL, '00:00:01', 2000, 'red', '',
     b'0', '', 'null', NULL, NULL, NULL);
SET SESSION sql_mode = CONCAT(@@sql_mode, ',NO_AUTO_VALUE_ON_ZERO');
INSERT INTO person (id, name) VALUES (0, 'zero');
CREATE TABLE pet (person INT, n INT, CONSTRAINT owner FOREIGN KEY (person)
    REFERENCES person (id) ON DELETE CASCADE, KEY (n DESC)) COMMENT 'it''s';
INSERT INTO pet VALUES (1, 3);
CREATE TABLE me (id INT PRIMARY KEY, up INT REFERENCES me (id));
INSERT INTO me VALUES (1, NULL), (2, 1), (3, 3);
CREATE TABLE parts (a INT) PARTITION BY HASH (a) PARTITIONS 3;
INSERT INTO parts SELECT seq FROM seq_1_to_100;
CREATE TABLE `odd ``name` (`select` TEXT, FULLTEXT (`select`));
INSERT INTO `odd ``name` VALUES ('x');
CREATE SEQUENCE own START 7 INCREMENT 3 NOCACHE;
SELECT NEXTVAL(own), NEXTVAL(own);
CREATE FUNCTION plus(x INT) RETURNS INT DETERMINISTIC RETURN x + 1;
CREATE VIEW z_base AS SELECT id, plus(id) AS p FROM person;
CREATE VIEW a_view AS SELECT * FROM z_base;
CREATE TABLE log (m TEXT);
DELIMITER //
CREATE TRIGGER told AFTER INSERT ON pet FOR EACH ROW BEGIN
    INSERT INTO log VALUES ('x;y'); END//
CREATE PROCEDURE twice(INOUT x INT) BEGIN SET x = x * 2; END//
CREATE EVENT sweep ON SCHEDULE EVERY 1 YEAR STARTS '2037-01-01 00:00:00'
    DO BEGIN DELETE FROM log; END//
DELIMITER ;
"""

DAMAGE = r"""
SET foreign_key_checks = 0;
DROP TABLE person, parts;
UPDATE me SET up = 2;
CREATE TABLE extra (x INT);
CREATE TABLE child (x INT REFERENCES me (id));
CREATE TRIGGER late BEFORE INSERT ON log FOR EACH ROW SET new.m = 'late';
DROP TRIGGER told;
DROP VIEW a_view;
CREATE TABLE a_view (x INT);
DROP TABLE log;
CREATE VIEW log AS SELECT 1 AS m;
DROP FUNCTION plus;
CREATE PROCEDURE later() SELECT 1;
ALTER PROCEDURE twice COMMENT 'changed';
DROP EVENT sweep;
CREATE EVENT later ON SCHEDULE EVERY 1 YEAR STARTS '2037-01-01' DO SELECT 1;
DROP SEQUENCE own;
"""


def drop(name):
    base.mysql('SET foreign_key_checks = 0; '
               f'DROP DATABASE IF EXISTS {mariadb_sql.name(name)};')


@pytest.fixture
def make():
    base.need(base.mysql)
    entries = []

    def database(**fields):
        name = base.unique() + '-x`y'
        base.mysql(f'CREATE DATABASE {mariadb_sql.name(name)} '
                   'CHARACTER SET utf8mb4 COLLATE utf8mb4_czech_ci;')
        entries.append(base.database(
            'mariadb', host=base.HOST, port=base.MY_PORT, user=base.MY_USER,
            database=name, **fields))
        return entries[-1]

    yield database
    for entry in entries:
        scratch = mariadb._scratch(entry)
        for name in (entry.database, scratch, scratch + '_old'):
            drop(name)


def sql(entry, text):
    return base.mysql(text, entry.database)


def state(entry):
    """All that mariadb-dump knows of it, views that are broken too."""
    return subprocess.run(
        ['mariadb-dump', '-h', base.HOST, '-P', str(base.MY_PORT), '-u',
         base.MY_USER, '--routines', '--events', '--hex-blob',
         '--skip-dump-date', '--force', '--', entry.database],
        capture_output=True).stdout.decode().replace(
            entry.database.replace('`', '``'), 'NAME').replace(
            entry.database, 'NAME')


protect = functools.partial(base.protect, mariadb)
restore = functools.partial(base.restore, mariadb)


def scratch_left(entry):
    return base.mysql(
        "SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name "
        f"LIKE '{mariadb._scratch(entry)}%';") != '0'


def test_a_damaged_database_is_as_it_was(entry, limits):
    sql(entry, SCHEMA)
    before = state(entry)
    step = protect(entry, limits)
    assert step.data.info['bytes'] == sum(step.data.streams().values())
    assert step.data.info['collation'] == 'utf8mb4_czech_ci'
    sql(entry, DAMAGE)
    assert state(entry) != before
    restored = restore(step, entry, limits)
    assert state(entry) == before
    assert not scratch_left(entry)
    assert step.notes == []
    for told in (step.fractions, restored.fractions):
        assert told[-1] == 1
    sql(entry, 'INSERT INTO pet VALUES (2, 4);')
    assert sql(entry, 'SELECT m FROM log; SELECT NEXTVAL(own);') == 'x;y\n13'
    restore(step, entry, limits)
    assert state(entry) == before


def test_a_foreign_key_holds_after_the_restore(entry, limits):
    sql(entry, SCHEMA)
    restore(protect(entry, limits), entry, limits)
    assert sql(entry, 'INSERT IGNORE INTO pet VALUES (99, 1); '
                      'SELECT COUNT(*) FROM pet;') == '1'
    sql(entry, 'DELETE FROM person WHERE id = 1;')
    assert sql(entry, 'SELECT COUNT(*) FROM pet;') == '0'


def test_an_empty_database(entry, limits):
    before = state(entry)
    step = protect(entry, limits)
    sql(entry, 'CREATE TABLE t (x INT); CREATE VIEW v AS SELECT 1;')
    restore(step, entry, limits)
    assert state(entry) == before


def test_a_missing_database_is_made_again(entry, limits):
    sql(entry, SCHEMA)
    before = state(entry)
    step = protect(entry, limits)
    drop(entry.database)
    restore(step, entry, limits)
    assert state(entry) == before
    assert sql(entry, 'SELECT @@collation_database;') == 'utf8mb4_czech_ci'


def test_another_database_may_be_the_target(make, limits):
    source, target = make(), make()
    sql(source, SCHEMA)
    sql(target, 'CREATE TABLE mine (x INT);')
    restore(protect(source, limits), target, limits)
    assert state(target) == state(source)


def test_rows_of_megabytes(entry, limits):
    sql(entry, 'CREATE TABLE t (i INT, b LONGBLOB); INSERT INTO t SELECT seq,'
               " REPEAT(UNHEX('00ff0a27'), 1000000) FROM seq_1_to_4;")
    check = 'SELECT i, SHA1(b) FROM t ORDER BY i;'
    before = sql(entry, check)
    step = protect(entry, limits)
    sql(entry, 'DELETE FROM t;')
    restore(step, entry, limits)
    assert sql(entry, check) == before


def test_tables_that_have_no_transactions_are_told(entry, limits):
    sql(entry, 'CREATE TABLE t (x INT) ENGINE = Aria; '
               'INSERT INTO t VALUES (1);')
    before = state(entry)
    step = protect(entry, limits)
    assert '1 tables are not of engine InnoDB' in step.notes[0]
    sql(entry, 'DELETE FROM t;')
    restore(step, entry, limits)
    assert state(entry) == before


def test_a_transfer_keeps_the_sum(entry, limits):
    sql(entry, 'CREATE TABLE a (id INT PRIMARY KEY, n INT); INSERT INTO a '
               'SELECT seq, 100 FROM seq_1_to_300; CREATE TABLE b LIKE a; '
               'INSERT INTO b SELECT * FROM a;')
    with base.written_meanwhile(
            base.transfer(functools.partial(sql, entry))):
        step = protect(entry, limits)
    restore(step, entry, limits)
    assert sql(entry, 'SELECT (SELECT SUM(n) FROM a) + SUM(n) FROM b;'
               ) == '60000'


@pytest.mark.parametrize('stream', ['tables', 'code'])
def test_data_that_cannot_be_loaded_changes_nothing(entry, limits, stream):
    sql(entry, SCHEMA)
    step = protect(entry, limits)
    step.data.content[stream] += b'\nCREATE NONSENSE;\n'
    sql(entry, DAMAGE)
    before = state(entry)
    with pytest.raises(plugin.PluginError, match='NONSENSE'):
        restore(step, entry, limits)
    assert state(entry) == before
    assert not scratch_left(entry)


def test_after_a_late_failure_a_rerun_makes_it_whole(entry, limits):
    sql(entry, SCHEMA)
    before = state(entry)
    step = protect(entry, limits)
    good = step.data.content['events']
    step.data.content['events'] += b'\nCREATE NONSENSE;\n'
    sql(entry, DAMAGE)
    with pytest.raises(plugin.PluginError, match='NONSENSE'):
        restore(step, entry, limits)
    assert sql(entry, 'SELECT COUNT(*) FROM person;') == '4'
    step.data.content['events'] = good
    restore(step, entry, limits)
    assert state(entry) == before


def test_what_a_killed_restore_left_is_removed(entry, limits):
    sql(entry, SCHEMA)
    step = protect(entry, limits)
    for name in ('', '_old'):
        left = mariadb_sql.name(mariadb._scratch(entry) + name)
        base.mysql(f'CREATE DATABASE {left}; CREATE TABLE {left}.t (x INT);')
    restore(step, entry, limits)
    assert not scratch_left(entry)


def test_foreign_keys_of_another_database_are_no_victims(make, limits):
    entry, other = make(), make()
    sql(entry, SCHEMA)
    step = protect(entry, limits)
    before = state(entry)
    sql(other, 'CREATE TABLE t (x INT, FOREIGN KEY (x) REFERENCES '
               f'{mariadb_sql.name(entry.database)}.person (id));')
    with pytest.raises(plugin.PluginError, match='Foreign keys of another'):
        restore(step, entry, limits)
    assert state(entry) == before


def test_a_locked_table_is_waited_for_before_anything_is_lost(tmp_path,
                                                              entry):
    limits = base.limits(tmp_path, busy=1)
    sql(entry, SCHEMA)
    step = protect(entry, limits)
    before = state(entry)
    with subprocess.Popen(
            ['mariadb', '-h', base.HOST, '-P', str(base.MY_PORT), '-u',
             base.MY_USER, '-B', '-N', '-n', '--', entry.database],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        other.stdin.write(b"BEGIN; SELECT 'held' FROM me LIMIT 1;\n")
        other.stdin.flush()
        assert other.stdout.readline() == b'held\n'
        with pytest.raises(plugin.PluginError, match='Lock wait timeout'):
            restore(step, entry, limits)
        assert state(entry) == before
        other.stdin.close()
    restore(step, entry, limits)
    assert state(entry) == before


def test_two_restores_at_once_are_kept_apart(tmp_path, entry):
    limits = base.limits(tmp_path, busy=1)
    step = protect(entry, limits)
    with subprocess.Popen(
            ['mariadb', '-h', base.HOST, '-P', str(base.MY_PORT), '-u',
             base.MY_USER, '-B', '-N', '-n'],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        other.stdin.write(
            f"SELECT GET_LOCK('{mariadb._scratch(entry)}', 5);\n".encode())
        other.stdin.flush()
        assert other.stdout.readline() == b'1\n'
        with pytest.raises(plugin.PluginError, match='Another restore'):
            restore(step, entry, limits)
        other.stdin.close()


def test_wrong_accounts_and_databases_are_named(make, limits, tmp_path):
    there = make()
    secret = tmp_path / 'secret'
    secret.write_text('hun"ter2\\# secret\n')
    where = {'host': base.HOST, 'port': base.MY_PORT, 'user': base.MY_USER}
    wrong = base.database('mariadb', database=there.database,
                          password_file=str(secret), **where)
    gone = base.database('mariadb', database='karbor_no', **where)
    nobody = base.database('mariadb', host=base.HOST, port=1, database='n')
    for entry, part in ((wrong, 'Access denied'),
                        (gone, "Unknown database 'karbor_no'"),
                        (nobody, "Can't connect")):
        with pytest.raises(plugin.PluginError, match=part) as caught:
            protect(entry, limits)
        assert 'ter2' not in str(caught.value)
    step = protect(there, limits)
    for entry, part in ((wrong, 'Access denied'), (nobody, "Can't connect")):
        with pytest.raises(plugin.PluginError, match=part):
            restore(step, entry, limits)


def test_a_strange_password_works(entry, limits):
    user = base.unique()[:30]
    password = 'a"b\\n#\';[x] =é'
    quoted = password.replace('\\', '\\\\').replace("'", "\\'")
    base.mysql(f"CREATE USER '{user}'@'%' IDENTIFIED BY '{quoted}'; GRANT ALL"
               f" ON {mariadb_sql.name(entry.database)}.* TO '{user}'@'%';"
               f"GRANT ALL ON `karbor\\_restore\\_%`.* TO '{user}'@'%';")
    try:
        known = base.database(
            'mariadb', host=base.HOST, port=base.MY_PORT, user=user,
            database=entry.database, url_password=password)
        sql(entry, 'CREATE TABLE t (x INT); INSERT INTO t VALUES (5);')
        step = protect(known, limits)
        sql(entry, 'DROP TABLE t;')
        restore(step, known, limits)
        assert sql(entry, 'SELECT x FROM t;') == '5'
    finally:
        base.mysql(f"DROP USER '{user}'@'%';")


@pytest.mark.parametrize(('script', 'part'), [
    ('echo partial; echo "mariadb-dump: disk gone" >&2; exit 2',
     'exit status 2. It said: mariadb-dump: disk gone'),
    ('echo partial; kill -9 $$', 'killed by SIGKILL'),
    ('echo partial; sleep 600', 'moved no byte for 0.6 seconds'),
])
def test_a_dump_that_fails_is_no_shorter_dump(tmp_path, entry, monkeypatch,
                                              script, part):
    monkeypatch.setenv('PATH', base.program(tmp_path / 'bin', 'mariadb-dump',
                                            script))
    step = base.step(entry)
    with pytest.raises(plugin.PluginError, match=re.escape(part)):
        mariadb.protect(step, entry, base.limits(tmp_path, stall=0.6))
    assert step.data.content == {}


@pytest.mark.parametrize('error', [plugin.Cancelled(),
                                   plugin.BankError(key='k', reason='full')])
def test_a_stream_that_refuses_is_given_up(tmp_path, entry, limits,
                                           monkeypatch, error):
    monkeypatch.setenv('PATH', base.program(
        tmp_path / 'bin', 'mariadb-dump',
        f'echo $$ > {tmp_path}/pid; exec cat /dev/zero'))
    broken = base.Broken(error, after=10_000_000)
    step = base.step(entry)
    step.data.writer = lambda stream: broken
    with pytest.raises(type(error)):
        mariadb.protect(step, entry, limits)
    assert broken.aborted
    assert not broken.closed
    assert base.gone(int((tmp_path / 'pid').read_text()))


def test_a_cancelled_restore_changes_nothing(entry, limits):
    sql(entry, SCHEMA)
    step = protect(entry, limits)
    sql(entry, DAMAGE)
    before = state(entry)
    again = base.step(entry, data=step.data)

    def progress(fraction, **ignored):
        again.stop = fraction > 0.5

    again.progress = progress
    with pytest.raises(plugin.Cancelled):
        mariadb.restore(again, entry, limits)
    assert state(entry) == before
    assert not scratch_left(entry)


def test_the_password_is_in_no_argument(tmp_path, entry, monkeypatch):
    known = base.database('mariadb', host=base.HOST, port=base.MY_PORT,
                          user='u', database='n', url_password='hunter2',
                          query={'ssl_ca': '/ca.pem'})
    monkeypatch.setenv('PATH', base.program(
        tmp_path / 'bin', 'mariadb',
        f'echo "$@" > {tmp_path}/args; env > {tmp_path}/env; '
        'cat "${1#--defaults-file=}" >&2; '
        'stat -L -c "mode %a" "${1#--defaults-file=}" >&2; exit 1'))
    with pytest.raises(plugin.PluginError) as caught:
        protect(known, base.limits(tmp_path))
    assert 'hunter2' not in (tmp_path / 'args').read_text()
    assert 'hunter2' not in (tmp_path / 'env').read_text()
    for part in ('password="***"', 'mode 600', 'protocol=tcp',
                 'ssl-ca="/ca.pem"; ssl-verify-server-cert'):
        assert part in str(caught.value)
