# SPDX-License-Identifier: Apache-2.0
"""Fixtures that tests of the operation engine share."""

import pytest

from karbor.actions import firing
from karbor.actions import owners
from karbor.operationengine import engine as engines
from karbor.tests.unit.db import common
from karbor.tests.unit.db import schedules


@pytest.fixture
def engine(conf, clock, told, monkeypatch):
    """An engine whose pool is this thread; what it tells, `told` takes."""
    monkeypatch.setattr(firing, 'reckon', schedules.every_minute)
    monkeypatch.setattr(owners, 'context_of',
                        lambda operation: common.member())
    engine = engines.Engine(
        conf, clock=clock,
        begin=lambda run, *rest: schedules.begin(run, clock))
    monkeypatch.setattr(engine.scheduler, 'once', lambda job: job())
    return engine
