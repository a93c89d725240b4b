# SPDX-License-Identifier: Apache-2.0
"""Three daemons and Keystone: the main job, service tokens, the catalogue."""

import pytest

from karbor.tests.functional import daemons
from karbor.tests.functional.identity import cloud as clouds
from karbor.tests.functional.identity import things


@pytest.fixture(scope='module')
def karbor(cloud, tmp_path_factory):
    """Three daemons and Keystone."""
    with daemons.deployment(
            tmp_path_factory.mktemp('karbor'), "standalone",
            clouds.Deployment, cloud=cloud) as deployed:
        deployed.start()
        deployed.publish()
        yield deployed


def test_the_main_job(karbor):
    """A member protects, loses and restores; a manager deletes."""
    text = karbor.root / 'files/text'
    text.write_text('all of it')
    member = karbor.client('member')
    plan = member.plans.create('p', daemons.PROVIDER, [
        {'type': 'Karbor::FileSet', 'id': daemons.FILESET, 'name': 'files'}],
        {})
    checkpoint = member.checkpoints.create(daemons.PROVIDER, plan.id)
    assert karbor.ended('protect', checkpoint.id).status == 'available'
    made = member.checkpoints.get(daemons.PROVIDER, checkpoint.id)
    assert made.status == 'available'
    assert made.project_id == karbor.cloud.projects[clouds.MINE]
    text.write_text('lost')
    restore = member.restores.create(
        daemons.PROVIDER, checkpoint.id, None, {}, None)
    daemons.until(lambda: member.restores.get(restore.id).status
                  != 'in_progress', what='the end of a restore')
    assert member.restores.get(restore.id).status == 'success'
    assert text.read_text() == 'all of it'
    assert karbor.delete(checkpoint.id).status == 'deleted'
    assert karbor.bank_objects() == []


def test_a_token_that_ended_is_good_for_a_service(karbor):
    """Nova acts for a user whose token ran out while it worked."""
    cloud = karbor.cloud
    ended = cloud.expired_token('member')
    assert karbor.ask(None, 'GET', '/plans', token=ended,
                      project=cloud.project('member')).status_code == 401

    def with_service_token(token):
        return karbor.ask(
            None, 'GET', '/plans', cloud.project('member'), token=ended,
            headers={'X-Service-Token': token})

    assert with_service_token(cloud.token('service')).status_code == 200
    # whoever is no service cannot make an old token young
    for token in (cloud.token('admin'), ended, 'nonsense'):
        answer = with_service_token(token)
        assert answer.status_code == 401
        assert answer.json()['error']['code'] == 401
    # nor is a service a way around the roles of the user
    plan = {'plan': things.PLAN}
    ended = cloud.expired_token('reader')
    answer = karbor.ask(None, 'POST', '/plans', cloud.project('reader'),
                        token=ended, json=plan, headers={
                            'X-Service-Token': cloud.token('service')})
    assert answer.status_code == 403


def test_without_a_token_the_answer_says_where_to_get_one(karbor):
    answer = karbor.ask(None, 'GET', '/plans',
                        karbor.cloud.projects[clouds.MINE])
    assert answer.status_code == 401
    assert answer.headers['WWW-Authenticate'] == (
        f'Keystone uri="{karbor.cloud.url}"')


def test_the_catalogue_leads_to_every_project(karbor):
    for who in ('manager', 'other-manager'):
        assert karbor.cloud.session(who).get_endpoint(
            service_type='data-protect') == (
                f'http://127.0.0.1:{karbor.port}/v1/'
                + karbor.cloud.project(who))
