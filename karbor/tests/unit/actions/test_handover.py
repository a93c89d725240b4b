# SPDX-License-Identifier: Apache-2.0
from karbor.actions import handover


def test_an_operation_knows_who_asked(member):
    one = handover.operation(
        member, 'delete', project_id='p', provider_id='v', checkpoint_id='c',
        parameters={}, was='available')
    assert (one.status, one.user_id) == ('queued', 'u')
    assert one.request == {'parameters': {}, 'was': 'available',
                           'roles': ['member', 'reader']}
    assert one.request_id == member.request_id
    assert one.id != handover.operation(
        member, 'delete', project_id='p', provider_id='v',
        checkpoint_id='c').id


def test_a_bus_that_is_away_is_told_to_the_log(
        member, protection, monkeypatch, caplog):
    handover.cast(member, 'o-1')
    assert protection.runs == ['o-1']

    def run(context, operation_id):
        raise OSError('no bus')
    monkeypatch.setattr(protection, 'run', run)
    handover.cast(member, 'o-2')
    assert 'o-2' in caplog.text
    assert 'no bus' in caplog.text
