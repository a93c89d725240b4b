# SPDX-License-Identifier: Apache-2.0
"""A directory whose file system fails, or that is not there."""

import datetime
import errno
import os
import shutil
import stat

import pytest

from karbor import plugin
from karbor.plugins.bank import filesystem
from karbor.tests.unit.plugins.bank.common import calls
from karbor.tests.unit.plugins.bank.common import make_bank

TEMP = '#incoming'
MARK = '#bank'

REASONS = [(errno.ENOSPC, 'the disk is full'),
           (errno.EDQUOT, 'quota is used up'),
           (errno.EACCES, 'permission denied'),
           (errno.EROFS, 'read-only'), (errno.EIO, 'EIO'),
           (errno.EMFILE, 'EMFILE'), (99999, '99999')]
STEPS = ['mkdir', 'open', 'write', 'fsync', 'rename', 'fstat']


@pytest.mark.parametrize(('number', 'reason'), REASONS)
@pytest.mark.parametrize('step', STEPS)
def test_a_put_that_fails_leaves_the_old_object(bank, root, monkeypatch, step,
                                                number, reason):
    """At the first and at every later call of each step."""
    bank.put('a/b', b'old')
    real = getattr(os, step)
    at = 0
    while True:
        at += 1
        count = 0

        def fail(*args, at=at, **kwargs):
            nonlocal count
            count += 1
            if count == at:
                raise OSError(number, 'the words of the system')
            return real(*args, **kwargs)

        with monkeypatch.context() as patch:
            patch.setattr(os, step, fail)
            other = make_bank(root)
            try:
                other.put('a/b', b'new')
            except plugin.BankError as error:
                failed = error
            else:
                failed = None
        if failed is None:
            assert count < at
            break
        assert reason in str(failed)
        # the last sync comes after the rename: the new one is there as well
        assert bank.get('a/b') in (b'old', b'new')
        assert list((root / TEMP).iterdir()) == []
        bank.put('a/b', b'old')
    assert at > 1
    assert bank.get('a/b') == b'new'


@pytest.mark.parametrize(('step', 'call'), [
    ('open', lambda bank: bank.get('a/b')),
    ('open', lambda bank: bank.list()),
    ('scandir', lambda bank: bank.list()),
    ('unlink', lambda bank: bank.delete('a/b')),
    ('stat', lambda bank: bank.delete('a/b')),
    ('rmdir', lambda bank: bank.delete('a/b')),
    ('open', lambda bank: bank.delete('a/b'))])
def test_every_other_failure_has_a_reason(bank, monkeypatch, step, call):
    bank.put('a/b', b'x')

    def fail(*args, **kwargs):
        raise OSError(errno.EACCES, 'no')

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(plugin.BankError, match='permission denied .EACCES'):
        call(bank)


def test_a_sector_that_cannot_be_read_is_damage(bank, monkeypatch):
    bank.put('a/b', b'x')

    monkeypatch.setattr(os, 'fstat', failing_files(errno.EIO, 2))
    with pytest.raises(plugin.BankCorrupt, match='EIO'):
        bank.get('a/b')
    assert bank.get('a/b') == b'x'


def failing_files(number, times):
    """A `fstat` that fails for files, so often."""
    real = os.fstat
    left = [times]

    def fail(fd):
        info = real(fd)
        if left[0] and stat.S_ISREG(info.st_mode):
            left[0] -= 1
            raise OSError(number, 'no')
        return info

    return fail


def test_a_server_that_did_not_answer_is_no_damage(bank, monkeypatch):
    """It says what a bad sector says, but of everything."""
    bank.put('a/b', b'x')
    real = os.fstatvfs

    def silent(fd):
        raise OSError(errno.EIO, 'no')

    with monkeypatch.context() as patch:
        patch.setattr(os, 'fstat', failing_files(errno.EIO, 1))
        assert bank.get('a/b') == b'x', 'it is back at once'
    for answers in (0, 1):
        asked = []

        def answer(fd, answers=answers, asked=asked):
            asked.append(fd)
            return (real if len(asked) <= answers else silent)(fd)

        with monkeypatch.context() as patch:
            patch.setattr(os, 'fstat', failing_files(errno.EIO, 2))
            patch.setattr(os, 'fstatvfs', answer)
            with pytest.raises(plugin.BankUnavailable, match='EIO'):
                bank.get('a/b')


@pytest.mark.parametrize('number', [
    errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.ETIMEDOUT, errno.EMFILE])
@pytest.mark.parametrize('call', range(5))
def test_what_passes_is_told_from_what_lasts(bank, monkeypatch, number,
                                             call):
    bank.put('a/b', b'x')
    for code, kind in ((number, plugin.BankUnavailable),
                       (errno.EACCES, plugin.BankError),
                       (errno.ENOSPC, plugin.BankFull),
                       (errno.EDQUOT, plugin.BankFull)):
        def fail(*args, code=code, **kwargs):
            raise OSError(code, 'no')

        with monkeypatch.context() as patch:
            patch.setattr(os, 'open', fail)
            with pytest.raises(plugin.BankError) as caught:
                calls(bank)[call]()
        assert type(caught.value) is kind
        assert errno.errorcode[code] in str(caught.value)


# -- a bank that is not there -------------------------------------------------

def test_a_directory_that_is_gone_is_a_bank_that_is_away(bank, root):
    bank.put('a/b', b'x')
    away = root.with_name('elsewhere')
    root.rename(away)
    # another instance of this process, as after SIGHUP, knows it, too
    for one in (bank, make_bank(root), make_bank(f'{root}/')):
        for call in calls(one):
            with pytest.raises(plugin.BankUnavailable, match='not there'):
                call()
    assert not root.exists()
    away.rename(root)
    assert bank.get('a/b') == b'x'


def test_a_mount_point_is_no_empty_bank(bank, root):
    """What is missing would be damage, and a deletion would be done."""
    bank.put('a/b', b'x')
    away = root.with_name('elsewhere')
    root.rename(away)
    root.mkdir()
    for call in calls(bank):
        with pytest.raises(plugin.BankUnavailable, match='is it mounted'):
            call()
    assert list(root.iterdir()) == []
    root.rmdir()
    away.rename(root)
    assert bank.get('a/b') == b'x'


def test_another_bank_in_its_place_is_not_taken_for_it(bank, root):
    bank.put('a/b', b'x')
    other = make_bank(root.with_name('other'))
    other.put('c', b'y')
    root.rename(root.with_name('elsewhere'))
    root.with_name('other').rename(root)
    for call in calls(bank):
        with pytest.raises(plugin.BankUnavailable, match='another bank'):
            call()
    root.rename(root.with_name('other'))
    root.with_name('elsewhere').rename(root)
    assert bank.get('a/b') == b'x'


@pytest.mark.parametrize('made', [False, True])
def test_nothing_is_made_where_the_operator_says_so(root, made):
    """Also by a process that has never seen the bank."""
    if made:
        root.mkdir()
    for call in calls(make_bank(root, create=False)):
        with pytest.raises(plugin.BankUnavailable,
                           match='is it mounted' if made else 'not there'):
            call()
    assert root.exists() == made
    if made:
        (root / MARK).touch()       # whoever made it has crashed
        bank = make_bank(root, create=False)
        bank.put('a', b'x')
        assert bank.get('a') == b'x'


def test_the_first_mark_stays(bank, root, monkeypatch):
    """Two processes begin at the same moment."""
    real = filesystem._make_mark

    def make(fd):
        assert real(fd)
        return real(fd)

    monkeypatch.setattr(filesystem, '_make_mark', make)
    bank.put('a', b'x')
    mark = (root / MARK).read_text()
    assert len(mark) == 32
    assert filesystem._seen[str(root)].mark == mark
    root.rename(root.with_name('elsewhere'))
    shutil.copytree(root.with_name('elsewhere'), root)
    assert bank.get('a') == b'x', 'a copy of it is the bank as well'
    bank.delete('a')
    assert (root / MARK).read_text() == mark


def test_size_and_age_are_those_of_the_file(bank, root):
    bank.put('a/b', b'four')
    os.utime(root / 'a/b', (1000, 1000))
    assert bank.stat('a/b') == plugin.Stat(4, datetime.datetime.fromtimestamp(
        1000, datetime.UTC))
    for key in ('a', 'a/c', 'c/d'):
        with pytest.raises(plugin.BankKeyNotFound):
            bank.stat(key)


@pytest.mark.skipif(not os.path.exists('/dev/full'),
                    reason='the platform has no device that is always full')
def test_a_full_disk_for_real(bank, monkeypatch):
    bank.put('a', b'old')
    real = os.write
    full = os.open('/dev/full', os.O_WRONLY)
    with monkeypatch.context() as patch:
        patch.setattr(os, 'write', lambda fd, data: real(full, data))
        with pytest.raises(plugin.BankError, match='the disk is full'):
            bank.put('a', b'new')
    os.close(full)
    assert bank.get('a') == b'old'


def test_short_writes_are_completed(bank, monkeypatch):
    real = os.write
    monkeypatch.setattr(os, 'write', lambda fd, data: real(fd, data[:7]))
    bank.put('a', bytes(range(100)))
    assert bank.get('a') == bytes(range(100))
