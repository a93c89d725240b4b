# SPDX-License-Identifier: Apache-2.0
"""A checkpoint."""

import dataclasses
import datetime

import pytest

from karbor.model.checkpoint import Checkpoint


def test_a_new_one_promises_nothing():
    one = Checkpoint(
        id='c', project_id='p', provider_id='v', plan_id='l', plan={},
        status='protecting', origin='manual',
        created_at=datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC))
    assert not one.sealed
    assert one.size is None
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.sealed = True
