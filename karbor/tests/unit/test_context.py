# SPDX-License-Identifier: Apache-2.0
from karbor import context


def test_who_crosses_the_bus_and_what_does_not():
    one = context.RequestContext(
        user_id='u', project_id='p', roles=['member'], is_admin=False,
        auth_token='secret', request_id='req-1', overwrite=False)
    plain = one.to_plain()
    assert 'secret' not in str(plain)
    other = context.RequestContext.from_plain({**plain, 'unknown': 1})
    assert other.to_plain() == plain
    assert not other.is_system


def test_a_message_cannot_claim_to_be_of_karbor_itself():
    plain = {**context.system().to_plain(), 'is_system': True}
    assert not context.RequestContext.from_plain(plain).is_system


def test_the_context_of_karbor_itself():
    assert context.system().is_system
    assert context.system().is_admin
