# SPDX-License-Identifier: Apache-2.0
"""Three real engines through all faults; `fullstack.engines` has the rest."""

import pytest
import sqlalchemy as sa

from karbor.db import models
from karbor.tests.fullstack import engines
from karbor.tests.functional import daemons


@pytest.mark.timeout(600)
def test_nothing_is_missed_and_nothing_doubled(tmp_path):
    found, said = engines.weather(tmp_path, seed=4, rate=3, seconds=45)
    print(said)
    assert not found, [str(fault) for fault in found[:20]]


@pytest.fixture
def world(tmp_path):
    made = engines.World(tmp_path, seed=1)
    yield made
    made.close()


def test_an_engine_that_was_frozen_for_too_long_does_nothing_any_more(world):
    """Frozen when it has taken a run and not begun it; another one does."""
    plan_id = world.prepare()
    frozen, other = world.hosts[:2]
    id_ = world.schedule(plan_id, {'format': 'crontab',
                                   'pattern': '@yearly'})
    world.call('POST', f'/scheduled_operations/{id_}/run')
    runs = sa.select(models.Run.__table__)
    operation = models.ScheduledOperation
    with sa.create_engine(world.deployment.database).connect() as connection:
        # with this lock it can be taken, but not begun
        connection.execute(sa.select(operation.id).where(
            operation.id == id_).with_for_update(read=True))
        frozen.start()
        daemons.until(lambda: [row.attempt for row in world.rows(runs)]
                      == [1], what='a claim')
        daemons.until(lambda: world.rows(sa.text(
            "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
            'AND application_name = :name').bindparams(name=frozen.name)),
            what='the beginning')
        frozen.freeze()
    other.start()
    daemons.until(lambda: [row.status for row in world.rows(runs)]
                  == ['success'], what='a success')
    [before] = world.rows(runs)
    assert before.attempt == 2
    assert before.owner.startswith(f'{other.name}:')
    frozen.wake()
    lost = f'Run {before.id} is no longer that of this engine (attempt 1)'
    daemons.until(lambda: frozen.said(lost), what='the end of its claim')
    assert world.rows(runs) == [before]
    assert len(world.rows(sa.select(models.Operation.id))) == 1
    assert len(world.rows(sa.select(models.Checkpoint.id))) == 1
