# SPDX-License-Identifier: Apache-2.0
"""karbor-manage orphans, on a real bank."""

import datetime
import json
import os
import uuid

import pytest

from karbor.bank.manifest import Manifest
from karbor.cmd import manage
from karbor.model.resource import Resource

NOON = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)
FIELDS = ['where', 'kind', 'checkpoint_id', 'resource', 'attempt', 'objects',
          'bytes', 'written_at', 'reason']


def leave(host, store, old=True, damaged=False):
    """Something under an id that nobody knows; the id."""
    checkpoint_id = str(uuid.uuid4())
    data = store.data(checkpoint_id, Resource('T', 'a'), 1)
    with data.writer() as writer:
        writer.write(b'content')
    if damaged:
        store.write_manifest(Manifest(
            checkpoint_id, 'p', 'x', {}, 'available', NOON))
        [file] = [path for path in files(host, checkpoint_id)
                  if 'manifests' in str(path)]
        file.write_bytes(b'damaged')
    if old:
        for path in files(host, checkpoint_id):
            os.utime(path, (1e9, 1e9))
    return checkpoint_id


def files(host, checkpoint_id):
    return [path for path in host.bank.rglob('*')
            if path.is_file() and checkpoint_id in str(path)]


def listed(run, capsys, *args, status=0):
    assert run(manage.main, 'orphans', *args, '-f', 'json') == status
    return json.loads(capsys.readouterr().out)


def test_a_bank_without_orphans(run, store, capsys):
    assert listed(run, capsys, 'list') == []
    assert run(manage.main, 'orphans', 'list') == 0
    assert capsys.readouterr().out == (
        'Where  Kind  Checkpoint  Resource  Attempt  Objects  Bytes  Last '
        'written  Reason\n')
    assert listed(run, capsys, 'remove', '--yes') == []


def test_what_is_old_is_listed(run, host, store, capsys):
    young, old = leave(host, store, old=False), leave(host, store)
    [found] = listed(run, capsys, 'list')
    assert list(found) == FIELDS
    assert found['checkpoint_id'] == old
    assert (found['where'], found['kind'], found['resource'],
            found['attempt']) == ('local', 'checkpoint', None, None)
    assert found['objects'] == len(files(host, old))
    assert found['bytes'] == sum(path.stat().st_size
                                 for path in files(host, old))
    assert found['written_at'] == '2001-09-09T01:46:40+00:00'
    assert {one['checkpoint_id'] for one in listed(
        run, capsys, 'list', '--older-than', '0')} == {young, old}
    assert run(manage.main, 'orphans', 'list') == 0
    head, line = capsys.readouterr().out.splitlines()
    for name, text in (('Where', 'local'), ('Checkpoint', old),
                       ('Last written', '2001-09-09 01:46:40+00:00'),
                       ('Reason', 'The checkpoint is neither')):
        assert line[head.index(name):].startswith(text)


def test_nothing_is_removed_unless_it_is_said(run, host, store, capsys):
    young, old = leave(host, store, old=False), leave(host, store)
    assert run(manage.main, 'orphans', 'remove', '-f', 'json') == 1
    said = capsys.readouterr()
    assert [one['removed'] for one in json.loads(said.out)] == [False]
    assert said.err == 'Nothing was removed; say --yes to remove it.\n'
    assert files(host, old)
    [gone] = listed(run, capsys, 'remove', '--yes')
    assert (gone['checkpoint_id'], gone['removed']) == (old, True)
    assert not files(host, old)
    assert files(host, young)
    assert listed(run, capsys, 'remove', '--yes') == []


def test_what_a_damaged_manifest_may_own_needs_a_second_word(
        run, host, store, capsys):
    id_ = leave(host, store, damaged=True)
    [found] = listed(run, capsys, 'list')
    assert found['kind'] == 'damaged'
    [found] = listed(run, capsys, 'remove', '--yes')
    assert found['removed'] is False
    assert files(host, id_)
    [found] = listed(run, capsys, 'remove', '--damaged', '--yes')
    assert found['removed'] is True
    assert not files(host, id_)


def test_one_provider_or_all(run, host, store, capsys):
    id_ = leave(host, store)
    first, host.id = host.id, str(uuid.uuid4())
    bank, host.bank = host.bank, host.path / 'other'
    host.provider('other')
    host.bank = bank
    for wanted, found in ((first, [id_]), ('local', [id_]), ('other', [])):
        assert [one['checkpoint_id'] for one in listed(
            run, capsys, 'list', '--provider', wanted)] == found
    assert len(listed(run, capsys, 'list')) == 1
    assert run(manage.main, 'orphans', 'list', '--provider', 'nobody') == 1
    assert capsys.readouterr().err == 'Provider nobody could not be found.\n'


def test_a_bank_that_cannot_be_read_hides_no_other(run, host, store, capsys):
    id_ = leave(host, store)
    host.conf.write_text(host.conf.read_text() + 'bank_patience = 0\n')
    bank, host.bank = host.bank, host.path / 'file'
    host.bank.write_text('x')
    host.id = str(uuid.uuid4())
    host.provider('broken')
    host.bank = bank
    assert run(manage.main, 'orphans', 'list', '-f', 'json') == 1
    said = capsys.readouterr()
    assert [one['checkpoint_id'] for one in json.loads(said.out)] == [id_]
    assert said.err.startswith('Provider broken: ')
    assert 'not a directory' in said.err


def test_a_provider_with_a_mistake_is_no_success(run, host, store, capsys):
    host.provider('wrong', id='no uuid')
    assert run(manage.main, 'orphans', 'list') == 1
    assert 'must be a UUID' in capsys.readouterr().err


def test_what_vanishes_meanwhile_is_not_said_to_be_removed(
        run, host, store, capsys, monkeypatch):
    """Somebody brings it back between the two."""
    leave(host, store)
    monkeypatch.setattr('karbor.protection.orphans.remove',
                        lambda *args: False)
    [found] = listed(run, capsys, 'remove', '--yes')
    assert found['removed'] is False


@pytest.mark.parametrize('args', [
    (), ('list', '--older-than', '-1'), ('list', '--older-than', 'week'),
    ('list', '-f', 'xml'), ('list', '--yes')])
def test_what_makes_no_sense_is_refused(run, capsys, args):
    with pytest.raises(SystemExit) as caught:
        run(manage.main, 'orphans', *args)
    assert caught.value.code == 2
    assert 'usage:' in capsys.readouterr().err
