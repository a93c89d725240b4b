# SPDX-License-Identifier: Apache-2.0
"""A run is what its row says."""

from karbor.db import models
from karbor.model import run
from karbor.model import trigger


def test_a_run_has_what_its_row_has():
    assert set(run.Run.__slots__) == {
        column.name for column in models.Run.__table__.columns}


def test_a_run_is_of_a_trigger_or_of_a_user():
    assert (*trigger.TYPES, 'manual') == run.ORIGINS
