# SPDX-License-Identifier: Apache-2.0
import datetime

from karbor.actions.retention import Fate
from karbor.actions.retention import Simulation
from karbor.api.views import retention as views
from karbor.db.retention import Row

NOW = datetime.datetime(2026, 11, 22, 14, 28, 7, tzinfo=datetime.UTC)
FATE = Fate(Row('e2944169', 'available', 'schedule', NOW, None), 'keep',
            'It is kept: all are kept.')
SHOWN = {'id': 'e2944169', 'created_at': '2026-11-22T14:28:07.000000Z',
         'status': 'available', 'origin': 'schedule', 'size': None,
         'action': 'keep', 'reason': 'It is kept: all are kept.'}


def test_that_of_an_operation_tells_when():
    found = Simulation('95e5e57a', 'cf56bd3e', (FATE,), 'd3f2', NOW, 'why')
    assert views.show(found) == {
        'scheduled_operation_id': 'd3f2', 'plan_id': '95e5e57a',
        'provider_id': 'cf56bd3e', 'checkpoints': [SHOWN],
        'next_sweep_at': '2026-11-22T14:28:07.000000Z', 'reason': 'why'}


def test_that_of_a_rule_has_no_time():
    assert views.simulated(Simulation('95e5e57a', 'cf56bd3e', ())) == {
        'plan_id': '95e5e57a', 'provider_id': 'cf56bd3e', 'checkpoints': []}
