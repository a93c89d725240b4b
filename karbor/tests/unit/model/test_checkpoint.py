# SPDX-License-Identifier: Apache-2.0
"""A checkpoint."""

import dataclasses
import datetime

import pytest

from karbor.model import checkpoint
from karbor.model.checkpoint import Checkpoint
from karbor.model.resource import Resource


def test_a_new_one_promises_nothing():
    one = Checkpoint(
        id='c', project_id='p', provider_id='v', plan_id='l', plan={},
        status='protecting', origin='manual',
        created_at=datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC))
    assert not one.sealed
    assert one.size is None
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.sealed = True


def test_what_lacks_is_named_and_much_of_it_counted():
    volumes = [Resource('Volume', str(number)) for number in range(7)]
    assert checkpoint.without(()) is None
    assert checkpoint.without(volumes[:1]) == (
        'Without Volume 0: missing when the checkpoint was made.')
    assert checkpoint.without(volumes) == (
        'Without Volume 0, Volume 1, Volume 2, Volume 3, Volume 4 and 2 '
        'more: missing when the checkpoint was made.')
