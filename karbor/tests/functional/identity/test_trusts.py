# SPDX-License-Identifier: Apache-2.0
"""Runs on behalf of people who are away, as the real Keystone has it."""

from concurrent import futures
import uuid

from keystoneauth1 import session as sessions
from keystoneauth1.identity import v3
import pytest
import requests
import sqlalchemy as sa

from karbor import exception
from karbor import policy
from karbor.actions import owners
from karbor.clients import trusts as clients
from karbor.db import models
from karbor.db import scheduled_operations
from karbor.db import session as db
from karbor.tests.functional import daemons
from karbor.tests.functional.identity import cloud as clouds
from karbor.tests.functional.identity import things
from karbor.tests.unit.clients import keystone as people

AT_1_2 = {'OpenStack-API-Version': 'data-protect 1.2'}


class Newcomer:
    """Somebody who may lose what he has.

    :param project_id: of a project that is there
    """

    def __init__(self, karbor, project_id, *roles):
        self.cloud = karbor.cloud
        self.project_id = project_id
        self.name = f'n-{uuid.uuid4().hex[:8]}'
        identity = self.cloud.identity
        self.id = identity.create_user(
            name=self.name, password=clouds.PASSWORD,
            domain_id='default').id
        self._roles = {role.name: role.id for role in identity.roles()}
        for role in roles:
            self.give(role)
        self._url = f'http://127.0.0.1:{karbor.port}/v1/{project_id}'

    def give(self, role):
        self.cloud.identity.assign_project_role_to_user(
            self.project_id, self.id, self._roles[role])

    def lose(self, role):
        self.cloud.identity.unassign_project_role_from_user(
            self.project_id, self.id, self._roles[role])

    def session(self):
        return sessions.Session(v3.Password(
            self.cloud.url, username=self.name, password=clouds.PASSWORD,
            user_domain_id='default', project_id=self.project_id))

    def token(self):
        return self.session().get_token()

    def ask(self, method, path, body=None, token=None, status=None):
        answer = requests.request(
            method, self._url + path, json=body, timeout=60,
            headers={**AT_1_2, 'X-Auth-Token': token or self.token()})
        assert answer.status_code == status or (
            status is None and answer.ok), answer.text
        found = answer.json() if answer.content else {}
        return next(iter(found.values()), None)

    def bound(self):
        """What an operation is bound to."""
        trigger = self.ask('POST', '/triggers', things.BODIES[
            'POST triggers'])
        plan = self.ask('POST', '/plans', {'plan': things.PLAN})
        return {'scheduled_operation': {
            'name': 's', 'operation_type': 'protect',
            'trigger_id': trigger['id'], 'operation_definition': {
                'provider_id': daemons.PROVIDER, 'plan_id': plan['id']}}}

    def make(self, bound=None, **kwargs):
        return self.ask('POST', '/scheduled_operations',
                        bound or self.bound(), **kwargs)

    def run(self, operation):
        """Have it run now; returns the run when it has ended."""
        path = f'/scheduled_operations/{operation["id"]}'
        run = self.ask('POST', f'{path}/run')
        return daemons.until(lambda: (
            (now := self.ask('GET', f'{path}/runs/{run["id"]}'))['status']
            not in ('queued', 'running') and now), what='the end of a run')

    def trusts(self):
        return self.cloud.trusts(self.id)


@pytest.fixture
def mine(karbor):
    return karbor.cloud.projects[clouds.MINE]


@pytest.fixture
def member(karbor, mine):
    return Newcomer(karbor, mine, 'member')


@pytest.fixture
def other(karbor, mine):
    return Newcomer(karbor, mine, 'member')


@pytest.fixture
def engine(karbor, conf, tmp_path, monkeypatch):
    """What the engine of this deployment does, in this process."""
    conf.set_override('auth_strategy', 'keystone')
    conf.set_override('connection', karbor.database, 'database')
    conf.set_override('cache_time', 0, 'trustee')
    db.init(conf)
    policy.init(conf)
    monkeypatch.setattr(clients, '_client', people.client_of(
        tmp_path, karbor.config.read_text()))
    yield owners
    db.dispose()


def row(karbor, id_):
    """An operation as the engine has it."""
    system = owners.karbor_context.system()
    return scheduled_operations.by_ids(system, {id_})[id_]


def test_it_runs_on_behalf_of_its_owner(karbor, member):
    operation = member.make()
    assert operation['user_id'] == member.id
    [trust] = member.trusts()
    assert (trust['project_id'], trust['impersonation'],
            trust['expires_at'], trust['redelegation_count']) == (
                member.project_id, True, None, 0)
    run = member.run(operation)
    assert (run['status'], run['reason']) == ('success', None)
    [(user, request)] = karbor.rows(sa.select(
        models.Operation.user_id, models.Operation.request).where(
            models.Operation.id == run['operation_id']))
    assert user == member.id
    assert sorted(request['roles']) == ['member', 'reader']


def test_the_roles_are_those_of_now(karbor, member, engine):
    operation = row(karbor, member.make()['id'])
    assert sorted(engine.context_of(operation).roles) == ['member', 'reader']
    member.give('manager')
    # until he comes by, he has lent no more than he had
    assert sorted(engine.context_of(operation).roles) == ['member', 'reader']
    member.make()
    acting = engine.context_of(operation)
    assert sorted(acting.roles) == ['manager', 'member', 'reader']
    assert (acting.user_id, acting.project_id, acting.auth_token) == (
        member.id, member.project_id, None)
    daemons.until(lambda: len(member.trusts()) == 1,
                  what='the end of the old trust')


def lose_role(member):
    member.lose('member')
    member.give('reader')


def be_disabled(member):
    member.cloud.identity.update_user(member.id, is_enabled=False)


def be_deleted(member):
    member.cloud.identity.delete_user(member.id)


def revoke(member):
    [trust] = member.trusts()
    member.session().delete(
        f'{member.cloud.url}/OS-TRUST/trusts/{trust["id"]}')


@pytest.mark.parametrize(('happens', 'said'), [
    (lose_role, 'has lost a role'), (be_disabled, 'is disabled'),
    (be_deleted, 'was deleted'), (revoke, 'was revoked')])
def test_when_nobody_can_act_for_the_owner(member, other, happens, said):
    """The run says so; another member goes on in his place."""
    operation = member.make()
    happens(member)
    run = other.run(operation)
    assert (run['status'], run['checkpoint_id']) == ('skipped', None)
    assert said in run['reason']
    assert 'has to adopt' in run['reason']
    adopted = other.ask(
        'POST', f'/scheduled_operations/{operation["id"]}/adopt')
    assert adopted['user_id'] == other.id
    run = other.run(operation)
    assert run['status'] == 'success'
    assert len(other.trusts()) == 1


def test_a_project_that_is_deleted(karbor, engine):
    project = karbor.cloud.identity.create_project(
        name=uuid.uuid4().hex, domain_id='default').id
    owner = Newcomer(karbor, project, 'member')
    operation = row(karbor, owner.make()['id'])
    assert engine.context_of(operation).project_id == project
    karbor.cloud.identity.update_project(project, is_enabled=False)
    with pytest.raises(exception.TrustGone, match='project is disabled'):
        engine.context_of(operation)
    karbor.cloud.identity.delete_project(project)
    with pytest.raises(exception.TrustGone, match='project was deleted'):
        engine.context_of(operation)


def test_what_came_back_is_good_again(member, other):
    operation = member.make()
    be_disabled(member)
    assert other.run(operation)['status'] == 'skipped'
    member.cloud.identity.update_user(member.id, is_enabled=True)
    assert other.run(operation)['status'] == 'success'


def test_the_owner_renews_what_he_has_revoked(member):
    operation = member.make()
    revoke(member)
    member.ask('POST', f'/scheduled_operations/{operation["id"]}/adopt')
    assert member.run(operation)['status'] == 'success'


def gone(karbor, someone):
    daemons.until(lambda: not someone.trusts(), what='the end of a trust')
    daemons.until(lambda: not karbor.rows(sa.select(models.Trust.id).where(
        models.Trust.user_id == someone.id)), what='the end of a row')


def test_the_trust_goes_with_its_last_use(karbor, member, other):
    bound = member.bound()
    operations = [member.make(bound) for _number in range(3)]
    [trust] = member.trusts()
    member.ask('DELETE', f'/scheduled_operations/{operations[0]["id"]}')
    # by whomever
    other.ask('DELETE', f'/scheduled_operations/{operations[1]["id"]}')
    assert [one['id'] for one in member.trusts()] == [trust['id']]
    other.ask('POST', f'/scheduled_operations/{operations[2]["id"]}/adopt')
    gone(karbor, member)
    other.ask('DELETE', f'/scheduled_operations/{operations[2]["id"]}')
    gone(karbor, other)


def test_a_trust_that_lost_a_role_goes_through_the_next(karbor, member):
    """It is no good itself for deleting it."""
    bound = member.bound()
    member.give('manager')
    old, new = member.make(bound), None
    member.lose('manager')
    new = member.make(bound)
    daemons.until(lambda: len(member.trusts()) == 1,
                  what='the end of the old trust')
    assert member.run(old)['status'] == 'success'
    for operation in (old, new):
        member.ask('DELETE', f'/scheduled_operations/{operation["id"]}')
    gone(karbor, member)


def test_many_at_once_make_one(karbor, member):
    bound, token = member.bound(), member.token()
    with futures.ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _number: member.make(bound, token=token),
                             range(16)))
    assert len({operation['id'] for operation in made}) == 16
    assert len(member.trusts()) == 1
    assert len(karbor.rows(sa.select(models.Trust.id).where(
        models.Trust.user_id == member.id))) == 1


@pytest.mark.parametrize('unrestricted', [False, True])
def test_an_application_credential_is_not_enough(karbor, member,
                                                 unrestricted):
    bound = member.bound()
    credential = member.session().post(
        f'{karbor.cloud.url}/users/{member.id}/application_credentials',
        json={'application_credential': {
            'name': 'a', 'unrestricted': unrestricted}},
    ).json()['application_credential']
    token = sessions.Session(v3.ApplicationCredential(
        karbor.cloud.url, credential['secret'],
        application_credential_id=credential['id'])).get_token()
    refused = member.make(bound, token=token, status=403)
    assert refused['message'].startswith(
        'Karbor cannot be trusted with your roles: ')
    assert ('Keystone answers' if unrestricted
            else 'restricted application credential') in refused['message']
    nothing_of(karbor, member)


def test_what_was_lent_is_not_lent_on(karbor, member):
    bound = member.bound()
    owner = clouds.PEOPLE[clouds.KARBOR].name
    mine = member.session()
    trust = mine.post(f'{karbor.cloud.url}/OS-TRUST/trusts', json={'trust': {
        'trustor_user_id': member.id, 'project_id': member.project_id,
        'trustee_user_id': karbor.cloud.session(owner).get_user_id(),
        'impersonation': True, 'roles': [{'name': 'member'}]}},
    ).json()['trust']['id']
    token = sessions.Session(v3.Password(
        karbor.cloud.url, username=owner, password=clouds.PASSWORD,
        user_domain_id='default', trust_id=trust)).get_token()
    refused = member.make(bound, token=token, status=403)
    assert 'through a trust' in refused['message']
    nothing_of(karbor, member)


def nothing_of(karbor, member):
    """Nothing was recorded."""
    for table in (models.Trust, models.ScheduledOperation):
        assert not karbor.rows(sa.select(table.id).where(
            table.user_id == member.id))
