# SPDX-License-Identifier: Apache-2.0
"""What Keystone is asked about trusts, and what its answers mean."""

import logging

from oslo_config import cfg
import pytest
import webob

from karbor import exception
from karbor.clients import trusts
from karbor.tests import fixtures
from karbor.tests.unit.clients import keystone as people

TRUSTEE = people.TEXT.format(group='trustee', url='{url}')


@pytest.fixture(scope='module')
def server():
    with people.running() as made:
        yield made


@pytest.fixture
def keystone(server):
    server.forget()
    return server


@pytest.fixture
def client(keystone, tmp_path):
    return people.client_of(tmp_path, TRUSTEE.format(url=keystone.base))


def make(client, user, mark='m1', roles=('member',)):
    return client.make(user, roles, mark, None)


def test_a_trust_from_beginning_to_end(keystone, client):
    user = keystone.user('u', 'member', 'reader')
    assert client.token(user).roles == {'member', 'reader'}
    trust_id = make(client, user)
    grant = client.get(trust_id)
    assert (grant.trustor_id, grant.trustee_id, grant.project_id,
            grant.roles, grant.impersonation, grant.mark) == (
                'u', people.KARBOR, fixtures.PROJECT, {'member'}, True, 'm1')
    assert grant.expires_at is None
    assert client.marked(user, ['m1', 'm2']) == {'m1': grant}
    assert client.lost(['m1', 'm2']) == {'m1': trust_id}
    acting = client.act(trust_id)
    assert (acting.user_id, acting.project_id, acting.roles) == (
        'u', fixtures.PROJECT, ('member',))
    assert client.delete(trust_id) is True
    assert client.get(trust_id) is None
    # and once more
    assert client.delete(trust_id) is True
    assert client.marked(user, ['m1']) == client.lost(['m1']) == {}


def test_the_end_of_a_trust(keystone, client):
    user = keystone.user('u', 'member')
    end = client.token(user).expires_at
    assert client.get(client.make(user, ['member'], 'm', end)
                      ).expires_at == end


def test_without_a_group_of_its_own_the_middleware_s_is_used(
        keystone, tmp_path):
    client = people.client_of(tmp_path, people.TEXT.format(
        group='keystone_authtoken', url=keystone.base))
    assert client.trustee_id() == people.KARBOR
    assert client.act(make(client, keystone.user('u', 'member')))


def test_options_may_be_in_another_group(keystone, tmp_path):
    client = people.client_of(tmp_path, people.TEXT.format(
        group='elsewhere', url=keystone.base)
        + '[trustee]\nauth_section = elsewhere\n')
    assert client.act(make(client, keystone.user('u', 'member')))


# -- tokens that are of no use ------------------------------------------------

@pytest.mark.parametrize('token', ['nonsense', '', None])
def test_a_token_that_is_no_longer_valid(keystone, client, token):
    user = keystone.user('u', 'member')
    user.auth_token = token
    with pytest.raises(exception.TrustRefused, match='no longer valid'):
        client.token(user)


def test_what_the_operator_wrote_is_for_the_log(caplog):
    """What is wrong about an option quotes it, and its file."""
    with pytest.raises(exception.KeystoneAway) as caught, trusts._asking():
        raise cfg.ConfigFileValueError('timeout in trustee.conf: ten')
    assert 'trustee.conf' not in str(caught.value)
    assert '[trustee]' in str(caught.value)
    assert 'trustee.conf' in caplog.text


@pytest.mark.parametrize('kind', [
    {'OS-TRUST:trust': {'id': 't'}},
    {'application_credential': {'id': 'a', 'restricted': True}}])
def test_a_token_that_is_itself_lent(keystone, client, kind):
    with pytest.raises(exception.TrustRefused, match='password or another'):
        client.token(keystone.user('u', 'member', **kind))


def test_keystone_decides_about_unrestricted_application_credentials(
        keystone, client):
    user = keystone.user('u', 'member', application_credential={
        'id': 'a', 'restricted': False})
    assert client.token(user).roles == {'member'}
    with pytest.raises(exception.TrustRefused, match=(
            'Keystone answers "no POST of /OS-TRUST/trusts"')):
        make(client, user)


def test_a_role_that_a_user_does_not_have(keystone, client):
    with pytest.raises(exception.TrustRefused) as caught:
        make(client, keystone.user('u', 'member'), roles=['admin'])
    assert caught.value.code == 403


# -- trusts that are of no use ------------------------------------------------

def test_a_trust_that_was_revoked(keystone, client):
    trust_id = make(client, keystone.user('u', 'member'))
    keystone.trusts.clear()
    with pytest.raises(exception.TrustGone, match='was revoked'):
        client.act(trust_id)


def test_a_role_that_was_lost_and_comes_back(keystone, client):
    user = keystone.user('u', 'member', 'reader')
    trust_id = make(client, user, roles=('member', 'reader'))
    keystone.roles['u', fixtures.PROJECT] = {'reader'}
    with pytest.raises(exception.TrustGone, match='has lost a role'):
        client.act(trust_id)
    assert client.delete(trust_id) is False
    assert client.get(trust_id)
    keystone.roles['u', fixtures.PROJECT] |= {'member'}
    assert client.act(trust_id)


def test_one_trust_deletes_another_of_the_same_user(keystone, client):
    old = make(client, keystone.user('u', 'member', 'reader'),
               roles=('member', 'reader'))
    new = make(client, keystone.user('u', 'reader'), roles=('reader',))
    assert client.delete(old, [new]) is True
    assert list(keystone.trusts) == [new]


def test_a_disabled_user(keystone, client):
    trust_id = make(client, keystone.user('u', 'member'))
    keystone.disabled.add('u')
    with pytest.raises(exception.TrustGone, match='is disabled'):
        client.act(trust_id)
    assert client.delete(trust_id) is False


def test_a_trust_for_another_user_of_karbor(keystone, client):
    trust_id = make(client, keystone.user('u', 'member'))
    keystone.trusts[trust_id]['trustee_user_id'] = 'somebody'
    assert client.get(trust_id) is None
    with pytest.raises(exception.TrustGone):
        client.act(trust_id)
    # it is there, so it is not forgotten
    assert client.delete(trust_id) is False


# -- a Keystone that is of no use ---------------------------------------------

def everything(client, user, trust_id):
    """Each question, by name."""
    return {'trustee_id': client.trustee_id,
            'token': lambda: client.token(user),
            'get': lambda: client.get(trust_id),
            'marked': lambda: client.marked(user, ['m1']),
            'lost': lambda: client.lost(['m1']),
            'make': lambda: make(client, user),
            'act': lambda: client.act(trust_id),
            'delete': lambda: client.delete(trust_id)}


QUESTIONS = ('trustee_id', 'token', 'get', 'marked', 'lost', 'make', 'act',
             'delete')


@pytest.mark.parametrize('question', QUESTIONS)
@pytest.mark.parametrize('status', [500, 502, 503, 429])
def test_a_keystone_that_is_ill(keystone, client, question, status):
    user = keystone.user('u', 'member')
    trust_id = make(client, user)
    # our own token has come to its end as well
    client._auth.invalidate()
    keystone.broken = lambda method, path: webob.Response(status=status)
    with pytest.raises(exception.KeystoneAway) as caught:
        everything(client, user, trust_id)[question]()
    assert caught.value.code == 503
    keystone.broken = lambda method, path: None
    everything(client, user, trust_id)[question]()


@pytest.mark.parametrize('question', QUESTIONS)
def test_nobody_answers(keystone, client, question, tmp_path):
    nobody = people.client_of(tmp_path, TRUSTEE.format(
        # the port of nothing
        url='http://127.0.0.1:1/v3'))
    with pytest.raises(exception.KeystoneAway, match='try again later'):
        everything(nobody, keystone.user('u', 'member'), 't')[question]()


@pytest.mark.parametrize('question', QUESTIONS)
def test_karbor_s_own_password_is_wrong(keystone, tmp_path, question):
    """Nobody's trust is gone then, and the operator learns of it."""
    client = people.client_of(tmp_path, TRUSTEE.format(
        url=keystone.base).replace('= pw', '= old'))
    user = keystone.user('u', 'member')
    if question in ('token', 'marked'):
        # here only the user's token is needed
        everything(client, user, 't')[question]()
        return
    with pytest.raises(exception.KeystoneAway, match=r'look at \[trustee\]'):
        everything(client, user, 't')[question]()


def test_a_page_of_something_else(keystone, client):
    user = keystone.user('u', 'member')
    client.trustee_id()
    keystone.broken = lambda method, path: webob.Response('<html>')
    with pytest.raises(exception.KeystoneAway):
        client.token(user)


@pytest.mark.parametrize(('text', 'match'), [
    ('', 'neither'), ('[trustee]\nauth_type = nonsense\n', '.'),
    ('[trustee]\nauth_type = password\n', '.')])
def test_options_that_are_not_complete(tmp_path, text, match):
    with pytest.raises(exception.KeystoneAway, match=match):
        people.client_of(tmp_path, text).trustee_id()


def test_a_way_to_log_in_that_trusts_know_not(keystone, tmp_path):
    client = people.client_of(tmp_path, f"""
[trustee]
auth_type = v3applicationcredential
auth_url = {keystone.base}
application_credential_id = a
application_credential_secret = s
""")
    with pytest.raises(exception.KeystoneAway, match='choose password'):
        client.act('t')


# -- secrets ------------------------------------------------------------------

def test_no_token_and_no_password_is_logged(keystone, client, caplog):
    # whatever level was set up for a daemon before
    for name in (None, 'keystoneauth', 'keystoneauth.session'):
        caplog.set_level(logging.DEBUG, logger=name)
    user = keystone.user('u', 'member')
    trust_id = make(client, user)
    client.token(user)
    client.act(trust_id)
    client.delete(trust_id)
    assert keystone.base in caplog.text
    assert not any(token in caplog.text for token in keystone.tokens)
    assert f'"{people.PASSWORD}"' not in caplog.text


def test_a_process_has_one(conf, monkeypatch):
    monkeypatch.setattr(trusts, '_client', None)
    monkeypatch.setattr(trusts, 'Keystone', lambda conf: [conf])
    first = trusts.client()
    assert trusts.client() is first
    trusts.reset()
    assert trusts.client() is not first
