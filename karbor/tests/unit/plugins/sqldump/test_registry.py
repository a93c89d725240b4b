# SPDX-License-Identifier: Apache-2.0
import types
import uuid

import pytest

from karbor import plugin
from karbor.plugins.sqldump import registry

ID = str(uuid.UUID(int=1))
OTHER = str(uuid.UUID(int=2))


def table(number=1, url='sqlite:////srv/a.db', more=''):
    return (f'[[database]]\nid = "{uuid.UUID(int=number)}"\n'
            f'name = "db{number}"\nurl = "{url}"\nprojects = ["*"]\n{more}\n')


def load(tmp_path, text):
    file = tmp_path / 'databases.toml'
    file.write_text(text)
    return registry.Databases(str(file)).entries()


def refused(tmp_path, text):
    with pytest.raises(plugin.ConfigError) as caught:
        load(tmp_path, text)
    return str(caught.value)


@pytest.mark.parametrize(('url', 'expected'), [
    ('sqlite:////srv/a%20b.db', {'engine': 'sqlite', 'path': '/srv/a b.db'}),
    ('postgresql://u@h:5433/n', {'engine': 'postgresql', 'user': 'u',
                                 'host': 'h', 'port': 5433,
                                 'database': 'n'}),
    ('postgresql+psycopg:///n?host=/run/pg&sslmode=require',
     {'engine': 'postgresql', 'host': None, 'database': 'n',
      'query': {'host': '/run/pg', 'sslmode': 'require'}}),
    ('mysql+pymysql://u:p%40w@h/n', {'engine': 'mariadb', 'user': 'u',
                                     'url_password': 'p@w'}),
    ('mariadb://u@h/n%2Fm?unix_socket=/run/m.sock',
     {'engine': 'mariadb', 'database': 'n/m',
      'query': {'unix_socket': '/run/m.sock'}}),
])
def test_a_url_is_taken_apart(tmp_path, url, expected):
    found = load(tmp_path, table(url=url))[ID]
    assert {key: getattr(found, key) for key in expected} == expected
    assert found.restore_targets == (ID,)


@pytest.mark.parametrize(('url', 'part'), [
    ('oracle://u@h/n', 'expected it to start with'),
    ('sqlite:///a.db', 'four slashes'),
    ('sqlite://host/a.db', 'four slashes'),
    ('sqlite:////a.db?mode=ro',
     'unknown setting after "?"; expected one of none'),
    ('postgresql://u:secret@h:port/n', 'expected a URL like'),
    ('postgresql://u:secret@h:99999/n', 'expected a URL like'),
    ('postgresql://u:secret@h', 'name of the database is missing'),
    ('postgresql://u:secret@h/n?x', 'expected a URL like'),
    ('postgresql://u:secret@h/n?x=1', 'expected one of host, sslmode'),
    ('mariadb://u:secret#1@h/n', '%23'),
    ('mariadb://u:secret@h/n%0A', 'control character'),
    ('mariadb://u:secret%00@h/n', 'control character'),
])
def test_a_wrong_url_is_refused_without_showing_it(tmp_path, url, part):
    message = refused(tmp_path, table(url=url))
    assert 'database 1 (db1): url: ' in message
    assert part in message
    assert 'secret' not in message
    assert '@' not in message.replace('user@host', '')


@pytest.mark.parametrize(('more', 'url', 'part'), [
    ('password_file = "x"', 'mariadb://h/n', 'absolute path'),
    ('password_file = "/x"', 'mariadb://u:p@h/n', 'has a password already'),
    ('password_file = "/x"', 'sqlite:////a', 'SQLite has no passwords'),
    ('password = "x"', 'mariadb://h/n', 'unknown key'),
    ('dump_timeout = -1', 'mariadb://h/n', 'dump_timeout: expected'),
    ('restore_targets = ["x"]', 'mariadb://h/n', 'is no UUID'),
    (f'restore_targets = ["{OTHER}"]', 'mariadb://h/n', 'not registered'),
])
def test_other_mistakes(tmp_path, more, url, part):
    assert part in refused(tmp_path, table(url=url, more=more))


def test_a_target_must_be_of_the_same_engine(tmp_path):
    text = table(more=f'restore_targets = ["{OTHER}"]')
    load(tmp_path, text + table(2))
    message = refused(tmp_path, text + table(2, 'mariadb://h/n'))
    assert 'is of engine mariadb; expected sqlite' in message


def test_no_secret_is_shown(tmp_path):
    found = load(tmp_path, table(url='mariadb://u:secret@h/n'))[ID]
    assert 'secret' not in repr(found)
    assert found.password() == 'secret'


def test_a_password_file_is_read_when_it_is_needed(tmp_path):
    secret = tmp_path / 'secret'
    found = load(tmp_path, table(url='mariadb://u@h/n',
                                 more=f'password_file = "{secret}"'))[ID]
    with pytest.raises(plugin.PluginError, match='No such file'):
        found.password()
    secret.write_text('first\n')
    assert found.password() == 'first'
    secret.write_text('second, with spaces ')
    assert found.password() == 'second, with spaces '
    for wrong in (b'', b'\n', b'a\nb', b'\xff'):
        secret.write_bytes(wrong)
        with pytest.raises(plugin.PluginError, match='password file of'):
            found.password()


def test_limits(tmp_path):
    config = types.SimpleNamespace(work_dir=None, busy_timeout=1,
                                   dump_timeout=2)
    limits = registry.Limits.of(config)
    assert limits.work_dir.startswith('/')
    found = load(tmp_path, table(1) + table(2, more='dump_timeout = 7'))
    assert found[ID].stall(limits) == 2
    assert found[OTHER].stall(limits) == 7
    config.work_dir = 'relative'
    with pytest.raises(plugin.ConfigError, match='work_dir'):
        registry.Limits.of(config)
