# SPDX-License-Identifier: Apache-2.0
import functools
import os
import re
import subprocess

import pytest

from karbor import plugin
from karbor.plugins.sqldump import postgresql
from karbor.tests.unit.plugins.sqldump import base

SCHEMA = r"""
CREATE SCHEMA shop;
CREATE EXTENSION IF NOT EXISTS plpgsql;
CREATE DOMAIN shop.price AS numeric(10, 2) CHECK (value >= 0);
CREATE TYPE shop.colour AS ENUM ('red', 'gr"e''en');
CREATE TABLE shop.item (
    id bigserial PRIMARY KEY, name text UNIQUE, price shop.price,
    colour shop.colour, at timestamptz, day date, span interval, j jsonb,
    tags text[], raw bytea, ok boolean, ip inet, u uuid, f double precision,
    twice bigint GENERATED ALWAYS AS (id * 2) STORED);
INSERT INTO shop.item (name, price, colour, at, day, span, j, tags, raw, ok,
                       ip, u, f) VALUES
    (E'Zoë \U0001F600\t\n\\', 1.50, 'gr"e''en', '2026-01-02 03:04:05.6+00',
     '0044-03-15 BC', '1 mon 2 days', '{"a": [1, null]}',
     '{"x,y",NULL,"\""}', decode('00ff0a0d5c27', 'hex'), true, '::1/128',
     '11111111-2222-3333-4444-555555555555', 'NaN'),
    (NULL, NULL, NULL, 'infinity', '-infinity', NULL, 'null', '{}', '', NULL,
     NULL, NULL, '-Infinity'),
    ('', 0, 'red', NULL, NULL, '-1 year', '""', NULL, NULL, false,
     '10.0.0.0/8', NULL, 1e-300);
INSERT INTO shop.item (name, raw)
    SELECT 'big', decode(repeat('00010203fdfeff', 500000), 'hex');
CREATE TABLE part (item bigint REFERENCES shop.item ON DELETE CASCADE,
                   n int) PARTITION BY RANGE (n);
CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (10);
INSERT INTO part VALUES (1, 5);
CREATE INDEX ON part (n DESC);
CREATE SEQUENCE own START 7 INCREMENT 3;
SELECT nextval('own'), nextval('own');
CREATE VIEW cheap AS SELECT name FROM shop.item WHERE price < 1;
CREATE MATERIALIZED VIEW counted AS SELECT count(*) FROM part;
CREATE FUNCTION noisy() RETURNS trigger LANGUAGE plpgsql AS
    $$BEGIN new.n = new.n + 1; RETURN new; END$$;
CREATE TRIGGER t BEFORE INSERT ON part FOR EACH ROW EXECUTE FUNCTION noisy();
CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS
    $$BEGIN RAISE EXCEPTION 'nothing is dropped here'; END$$;
SELECT lo_from_bytea(4242, '\x000102');
COMMENT ON TABLE part IS 'it''s';
ALTER TABLE part ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON part USING (n > 0);
GRANT SELECT ON part TO PUBLIC;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE PUBLICATION changes FOR TABLE shop.item;
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC;
CREATE EVENT TRIGGER keep ON sql_drop EXECUTE FUNCTION refuse();
"""

DAMAGE = r"""
DROP EVENT TRIGGER keep;
DROP TABLE part CASCADE;
UPDATE shop.item SET name = 'bad' || id;
CREATE TABLE extra (x int);
CREATE SCHEMA later CREATE TABLE more (x int);
CREATE TYPE public.mood AS ENUM ('ok');
CREATE FOREIGN DATA WRAPPER fw;
CREATE SERVER far FOREIGN DATA WRAPPER fw;
CREATE USER MAPPING FOR PUBLIC SERVER far;
CREATE CAST (public.mood AS int) WITH INOUT;
CREATE ACCESS METHOD heap2 TYPE TABLE HANDLER heap_tableam_handler;
SELECT lo_unlink(4242), lo_from_bytea(4243, '\x00');
ALTER DEFAULT PRIVILEGES GRANT INSERT ON TABLES TO PUBLIC;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES GRANT USAGE ON SEQUENCES TO PUBLIC;
ALTER DEFAULT PRIVILEGES GRANT USAGE ON TYPES TO PUBLIC;
ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO PUBLIC;
GRANT ALL ON SCHEMA public TO PUBLIC;
COMMENT ON SCHEMA public IS 'other';
CREATE PUBLICATION later_changes;
CREATE EVENT TRIGGER keep2 ON sql_drop EXECUTE FUNCTION refuse();
"""

FAKE = """case "$1" in --version) echo "pg_dump (PostgreSQL) 15.1";; *)
{}
;; esac"""


@pytest.fixture
def make():
    base.need(base.psql)
    names = []

    def database(**fields):
        name = base.unique() + ' "x=\'1'
        quoted = '"' + name.replace('"', '""') + '"'
        base.psql(f'CREATE DATABASE {quoted} TEMPLATE template0 '
                  "ENCODING 'UTF8';")
        names.append(quoted)
        return base.database('postgresql', host=base.HOST, port=base.PG_PORT,
                             user=base.PG_USER, database=name, **fields)

    yield database
    for name in names:
        base.psql(f'DROP DATABASE {name} WITH (FORCE);')


def sql(entry, text):
    return base.psql(text, entry.database)


def state(entry):
    """All that pg_dump knows of it."""
    text = subprocess.run(
        ['pg_dump', '-h', base.HOST, '-p', str(base.PG_PORT), '-U',
         base.PG_USER], env=os.environ | {'PGDATABASE': entry.database},
        check=True, capture_output=True).stdout.decode()
    return re.sub(r'(?m)^\\(un)?restrict .*$', '', text)


protect = functools.partial(base.protect, postgresql)
restore = functools.partial(base.restore, postgresql)


def test_a_damaged_database_is_as_it_was(entry, limits):
    sql(entry, SCHEMA)
    before = state(entry)
    step = protect(entry, limits)
    assert step.data.info['bytes'] == len(step.data.content['content'])
    assert step.data.info['public_schema'] is True
    sql(entry, DAMAGE)
    assert state(entry) != before
    restored = restore(step, entry, limits)
    assert state(entry) == before
    assert sql(entry, "SELECT nextval('own');") == '13'
    assert step.fractions[-1] == 1
    assert restored.fractions == sorted(restored.fractions)
    restore(step, entry, limits)
    assert sql(entry, "SELECT nextval('own');") == '13'


def test_an_empty_database(entry, limits):
    before = state(entry)
    step = protect(entry, limits)
    sql(entry, 'CREATE TABLE t (x int);')
    restore(step, entry, limits)
    assert state(entry) == before


def test_a_database_without_a_public_schema(entry, limits):
    sql(entry, 'DROP SCHEMA public; CREATE SCHEMA s CREATE TABLE t (x int);')
    before = state(entry)
    step = protect(entry, limits)
    sql(entry, 'CREATE SCHEMA public CREATE TABLE t (x int);')
    restore(step, entry, limits)
    assert state(entry) == before
    assert sql(entry, "SELECT to_regnamespace('public') IS NULL;") == 't'


def test_another_database_may_be_the_target(make, limits):
    source, target = make(), make()
    sql(source, SCHEMA)
    sql(target, 'CREATE TABLE mine (x int);')
    restore(protect(source, limits), target, limits)
    assert state(target) == state(source)


def test_owners_may_be_left_out(entry, limits):
    role = base.unique()
    base.psql(f'CREATE ROLE {role};')
    try:
        sql(entry, f'CREATE TABLE t (x int); ALTER TABLE t OWNER TO {role};')
        step = protect(entry, limits)
        sql(entry, 'DROP TABLE t; CREATE TABLE kept (x int);')
    finally:
        base.psql(f'DROP ROLE {role};')
    with pytest.raises(plugin.PluginError,
                       match=f'role "{role}" does not exist'):
        restore(step, entry, limits)
    assert sql(entry, "SELECT to_regclass('kept');") == 'kept'
    restore(step, entry, limits, parameters={'owners': False})
    assert sql(entry, "SELECT to_regclass('kept'), tableowner FROM pg_tables "
                      "WHERE tablename = 't';") == f'|{base.PG_USER}'


def test_an_owner_who_is_no_superuser_can_restore(entry, limits):
    role = base.unique()
    quoted = '"' + entry.database.replace('"', '""') + '"'
    base.psql(f'CREATE ROLE {role} LOGIN; '
              f'ALTER DATABASE {quoted} OWNER TO {role};')
    try:
        mine = base.database('postgresql', host=base.HOST, user=role,
                             port=base.PG_PORT, database=entry.database)
        sql(entry, f'SET ROLE {role}; CREATE TABLE t (x int);'
                   'INSERT INTO t VALUES (5); CREATE VIEW v AS TABLE t;')
        before = state(entry)
        step = protect(mine, limits)
        sql(entry, f'SET ROLE {role}; DROP TABLE t CASCADE;'
                   'CREATE TABLE u (x int);')
        restore(step, mine, limits)
        assert state(entry) == before
    finally:
        base.psql(f'ALTER DATABASE {quoted} OWNER TO {base.PG_USER};')
        sql(entry, f'DROP OWNED BY {role}; DROP ROLE {role};')


def test_a_transfer_keeps_the_sum(entry, limits):
    sql(entry, 'CREATE TABLE a (id int, n int); CREATE TABLE b (id int, '
               'n int); INSERT INTO a SELECT i, 100 FROM generate_series'
               '(1, 300) i; INSERT INTO b SELECT * FROM a;')
    with base.written_meanwhile(
            base.transfer(functools.partial(sql, entry))):
        step = protect(entry, limits)
    restore(step, entry, limits)
    assert sql(entry, 'SELECT (SELECT sum(n) FROM a) + sum(n) FROM b;'
               ) == '60000'


@pytest.mark.parametrize('cut', [0.0, 0.3, 0.999])
def test_damaged_saved_data_changes_nothing(entry, limits, cut):
    sql(entry, SCHEMA)
    step = protect(entry, limits)
    content = step.data.content['content']
    step.data.content['content'] = content[:int(len(content) * cut)]
    sql(entry, DAMAGE)
    before = state(entry)
    with pytest.raises(plugin.PluginError, match='pg_restore failed'):
        restore(step, entry, limits)
    assert state(entry) == before


def test_a_locked_table_is_waited_for_and_then_named(tmp_path, entry):
    limits = base.limits(tmp_path, busy=1)
    sql(entry, 'CREATE TABLE t (x int);')
    step = protect(entry, limits)
    with subprocess.Popen(
            ['psql', '-X', '-q', '-A', '-t', '-h', base.HOST, '-p',
             str(base.PG_PORT), '-U', base.PG_USER],
            env=os.environ | {'PGDATABASE': entry.database},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        other.stdin.write(b"BEGIN; LOCK TABLE t; SELECT 'held';\n")
        other.stdin.flush()
        assert other.stdout.readline() == b'held\n'
        with pytest.raises(plugin.PluginError, match='lock timeout'):
            restore(step, entry, limits)
        fresh = base.step(entry)
        with pytest.raises(plugin.PluginError, match='LOCK TABLE'):
            postgresql.protect(fresh, entry, limits)
        assert fresh.data.content == {}
        other.stdin.close()
    restore(step, entry, limits)


def test_unknown_databases_and_servers_are_named(make, limits, tmp_path):
    there = make()
    secret = tmp_path / 'secret'
    secret.write_text('hunter2-secret')
    gone = base.database('postgresql', host=base.HOST, port=base.PG_PORT,
                         user=base.PG_USER, database='karbor_no',
                         password_file=str(secret))
    nobody = base.database('postgresql', host=base.HOST, port=1,
                           user='u', database='n', url_password='hunter2')
    step = protect(there, limits)
    for entry, part in ((gone, 'database "karbor_no" does not exist'),
                        (nobody, 'Connection refused')):
        for act in (lambda e=entry: protect(e, limits),
                    lambda e=entry: restore(step, e, limits)):
            with pytest.raises(plugin.PluginError, match=part) as caught:
                act()
            assert 'hunter2' not in str(caught.value)


@pytest.mark.parametrize(('script', 'part'), [
    ('echo partial; echo "pg_dump: error: disk gone" >&2; exit 1',
     'exit status 1. It said: pg_dump: error: disk gone'),
    ('echo partial; kill -9 $$', 'killed by SIGKILL'),
    ('echo partial; sleep 600', 'moved no byte for 0.6 seconds'),
    ('echo "pg_dump: error: aborting because of server version mismatch"'
     ' >&2; exit 1', 'postgresql-client of the server'),
])
def test_a_dump_that_fails_is_no_shorter_dump(tmp_path, entry, monkeypatch,
                                              script, part):
    monkeypatch.setenv('PATH', base.program(tmp_path / 'bin', 'pg_dump',
                                            FAKE.format(script)))
    step = base.step(entry)
    with pytest.raises(plugin.PluginError, match=re.escape(part)):
        postgresql.protect(step, entry, base.limits(tmp_path, stall=0.6))
    assert step.data.content == {}


def test_an_old_client_is_refused(tmp_path, entry, monkeypatch):
    monkeypatch.setenv('PATH', base.program(
        tmp_path / 'bin', 'pg_dump', 'echo "pg_dump (PostgreSQL) 14.9"'))
    for act in (lambda: protect(entry, base.limits(tmp_path)),
                lambda: restore(base.step(entry), entry,
                                base.limits(tmp_path))):
        with pytest.raises(plugin.PluginError, match='version 15 or newer'):
            act()


@pytest.mark.parametrize('error', [plugin.Cancelled(),
                                   plugin.BankError(key='k', reason='full')])
def test_a_stream_that_refuses_is_given_up(tmp_path, entry, limits,
                                           monkeypatch, error):
    monkeypatch.setenv('PATH', base.program(
        tmp_path / 'bin', 'pg_dump', FAKE.format(
            f'echo $$ > {tmp_path}/pid; exec cat /dev/zero')))
    broken = base.Broken(error, after=10_000_000)
    step = base.step(entry)
    step.data.writer = lambda: broken
    with pytest.raises(type(error)):
        postgresql.protect(step, entry, limits)
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
        postgresql.restore(again, entry, limits)
    # waits for the locks that the session may still hold for a moment
    assert state(entry) == before


def test_the_password_is_in_no_argument(tmp_path, entry, monkeypatch):
    secret = tmp_path / 'secret'
    secret.write_text('hunter2\n')
    known = base.database(
        'postgresql', host=base.HOST, port=base.PG_PORT, user=base.PG_USER,
        database=entry.database, password_file=str(secret))
    monkeypatch.setenv('PATH', base.program(
        tmp_path / 'bin', 'pg_dump', FAKE.format(
            f'echo "$@" > {tmp_path}/args; env > {tmp_path}/env; '
            'echo "it was $PGPASSWORD" >&2; exit 1')))
    with pytest.raises(plugin.PluginError) as caught:
        protect(known, base.limits(tmp_path))
    assert 'hunter2' not in (tmp_path / 'args').read_text()
    assert 'PGPASSWORD=hunter2' in (tmp_path / 'env').read_text()
    assert 'it was ***' in str(caught.value)
