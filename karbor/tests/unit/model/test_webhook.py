# SPDX-License-Identifier: Apache-2.0
import hashlib
import hmac

from hypothesis import given
from hypothesis import strategies as st
import pytest

from karbor.model import webhook

KEY, OLD = 'k' * 32, 'o' * 32
SECRET = webhook.secret(KEY, 'trigger', 1)


def test_a_signature_is_what_the_documents_say():
    """As anybody would write it, with nothing of Karbor."""
    digest = hmac.new(SECRET.encode(), b'1764000000.{"a": 1}',
                      hashlib.sha256).hexdigest()
    assert webhook.signature(SECRET, '1764000000',
                             b'{"a": 1}') == f'sha256={digest}'


def test_each_trigger_and_each_version_has_its_own_secret():
    made = {webhook.secret(key, trigger, version)
            for key in (KEY, OLD) for trigger in ('a', 'b', 'a\n1')
            for version in (1, 2, 11)}
    assert len(made) == 18
    assert {len(one) for one in made} == {64}


def test_any_key_will_do():
    for key in (KEY, OLD):
        given_ = webhook.signature(webhook.secret(key, 't', 3), '1', b'x')
        assert webhook.is_signed(given_, [KEY, OLD], 't', 3, '1', b'x')
    assert not webhook.is_signed(given_, [KEY], 't', 3, '1', b'x')
    assert not webhook.is_signed(given_, [], 't', 3, '1', b'x')


@pytest.mark.parametrize('changes', [
    {'trigger_id': 'u'}, {'version': 2}, {'timestamp': '2'}, {'body': b'y'},
    {'timestamp': '01'}, {'timestamp': '\N{SNOWMAN}'}, {'body': b''}])
def test_one_change_and_it_is_wrong(changes):
    call = {'trigger_id': 't', 'version': 1, 'timestamp': '1', 'body': b'x'}
    given_ = webhook.signature(webhook.secret(KEY, 't', 1), '1', b'x')
    assert webhook.is_signed(given_, [KEY], **call)
    assert not webhook.is_signed(given_, [KEY], **{**call, **changes})


@given(st.text())
def test_whatever_is_given_is_no_signature(text):
    assert not webhook.is_signed(text, [KEY, OLD], 't', 1, '1', b'x')


def test_what_is_remembered_signs_nothing():
    given_ = webhook.signature(SECRET, '1', b'x')
    mark = webhook.mark(given_)
    assert mark not in given_
    assert len(mark) == 64
    assert mark == webhook.mark(given_) != webhook.mark(given_ + ' ')
