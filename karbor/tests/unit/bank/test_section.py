# SPDX-License-Identifier: Apache-2.0

from hypothesis import given
from hypothesis import strategies as st
import pytest

from karbor import exception
from karbor.bank.section import MAX_OBJECT
from karbor.bank.section import Section
from karbor.plugin.testing import MemoryBank

BAD = ['', '.', '..', '/', '/a', 'a/', 'a//b', 'a/./b', 'a/..', '../a',
       'a/../../b', 'a b', 'a\\b', 'a\0', 'a\n', 'é', 'a*', 'a' * 201,
       '/'.join(['a' * 100] * 9), b'a', None, 7]


@pytest.mark.parametrize('key', BAD)
def test_what_is_no_key_is_refused(key):
    bank = MemoryBank()
    section = Section(bank, 'here')
    for call in (lambda: section.put(key, b''), lambda: section.get(key),
                 lambda: section.delete(key), lambda: section.section(key)):
        with pytest.raises(exception.BankKeyInvalid):
            call()
    assert bank.objects == {}


@pytest.mark.parametrize('key', [k for k in BAD if k != ''])
def test_what_is_no_prefix_of_a_section_is_refused(key):
    with pytest.raises(exception.BankKeyInvalid):
        Section(MemoryBank(), key)


@pytest.mark.parametrize('text', ['.', '..', 'a/..', '/', '//', 'a//', '../',
                                  'a/../b', 'a b', 'x' * 901, 3])
def test_what_begins_no_key_is_not_listed(text):
    section = Section(MemoryBank(), 'here')
    with pytest.raises(exception.BankKeyInvalid):
        section.list(text)
    with pytest.raises(exception.BankKeyInvalid):
        section.list(after=text)


def test_the_whole_key_has_a_limit():
    section = Section(MemoryBank(), '/'.join(['p' * 150] * 5))
    key = '/'.join(['a' * 72] * 2)
    section.put(key, b'')
    with pytest.raises(exception.BankKeyInvalid, match='900'):
        section.put(key + 'a', b'')


def test_a_section_sees_only_itself():
    bank = MemoryBank()
    for key in ('a/b', 'a/c/d', 'a', 'ab', 'a-b/c', 'a0', 'b/a/b'):
        bank.put(key, key.encode())
    section = Section(bank, 'a')
    assert section.list() == ['b', 'c/d']
    assert section.list('c') == ['c/d']
    assert section.list(after='b') == ['c/d']
    assert section.list(limit=1) == ['b']
    assert section.get('b') == b'a/b'
    assert section.section('c').list() == ['d']
    section.delete('b')
    assert Section(bank).list() == ['a', 'a-b/c', 'a/c/d', 'a0', 'ab',
                                    'b/a/b']
    section.section('c').put('e', b'new')
    assert bank.objects['a/c/e'] == b'new'
    assert repr(section) == "<Section 'a/'>"


def test_flags_only_narrow():
    bank = MemoryBank()
    bank.put('a/b/c', b'x')
    fenced = Section(bank, 'a', read_only=True)
    for section in (fenced, fenced.section('b'),
                    fenced.section('b', read_only=False),
                    Section(fenced), Section(fenced, 'b', read_only=False),
                    Section(bank).section('a', read_only=True)):
        assert section.read_only
        assert 'read-only' in repr(section)
        with pytest.raises(exception.BankReadOnly):
            section.put('c', b'y')
        with pytest.raises(exception.BankReadOnly):
            section.delete('c')
        with pytest.raises(AttributeError):
            section.read_only = False
    assert fenced.get('b/c') == b'x'
    assert not Section(bank).section('a').read_only


def test_objects_are_bytes_of_limited_size():
    section = Section(MemoryBank())
    for data in ('text', bytearray(b'x'), memoryview(b'x'), None):
        with pytest.raises(exception.BankError, match='bytes'):
            section.put('a', data)
    with pytest.raises(exception.BankError, match='larger'):
        section.put('a', bytes(MAX_OBJECT + 1))


def test_a_fault_of_a_plugin_becomes_an_error_of_its_bank():
    class Buggy(MemoryBank):
        def _boom(self, *args):
            raise RuntimeError('boom')
        put = get = list = delete = _boom

    section = Section(Buggy(), 'a')
    for call in (lambda: section.put('b', b''), lambda: section.get('b'),
                 lambda: section.list('b'), lambda: section.delete('b')):
        with pytest.raises(exception.BankError,
                           match='RuntimeError: boom') as caught:
            call()
        assert isinstance(caught.value.__cause__, RuntimeError)
        assert caught.value.facts['key'] == 'a/b'


def test_errors_of_the_bank_stay_what_they_are():
    with pytest.raises(exception.BankKeyNotFound):
        Section(MemoryBank()).get('a')


@pytest.mark.parametrize('answer', [None, 'text', bytearray(b'x'), 1])
def test_an_answer_that_is_not_bytes_is_refused(answer):
    class Odd(MemoryBank):
        def get(self, key):
            return answer

    with pytest.raises(exception.BankError, match='not bytes'):
        Section(Odd()).get('a')


@pytest.mark.parametrize(('answer', 'limit'), [
    (['s/b', 's/a'], None), (['s/a', 's/a'], None), (['t/a'], None),
    (['s/a', 's/b'], 1), (['s'], None), (None, None), ([7], None),
    (['s/9'], None)])
def test_a_list_that_breaks_the_contract_is_refused(answer, limit):
    class Odd(MemoryBank):
        def list(self, prefix='', after='', limit=None):
            return answer

    with pytest.raises(exception.BankError):
        Section(Odd(), 's').list(after='9', limit=limit)


def test_strangers_are_left_out_but_do_not_end_a_page():
    bank = MemoryBank()
    bank.objects = {'a/b': b'', 'a/ b': b'', 'a/!': b'', 'a/c': b'',
                    'a/c//d': b'', 'a/d': b''}
    section = Section(bank, 'a')
    assert section.list() == ['b', 'c', 'd']
    assert section.list(limit=1) == ['b']
    assert section.list(after='b', limit=2) == ['c', 'd']
    assert section.list(limit=0) == []


parts = st.text('ab.-0~', min_size=1, max_size=3).filter(
    lambda part: part not in ('.', '..'))
keys = st.lists(parts, min_size=1, max_size=4).map('/'.join)


@given(st.sets(keys, max_size=12), keys, keys, st.none() | st.integers(0, 5))
def test_a_section_is_the_bank_seen_through_its_prefix(all_keys, base, after,
                                                       limit):
    bank = MemoryBank()
    for key in all_keys:
        bank.put(key, b'')
    expected = sorted(key.removeprefix(f'{base}/') for key in all_keys
                      if key.startswith(f'{base}/'))
    expected = [key for key in expected if key > after][:limit]
    assert Section(bank, base).list(after=after, limit=limit) == expected
