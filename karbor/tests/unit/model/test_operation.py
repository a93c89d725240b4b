# SPDX-License-Identifier: Apache-2.0
"""An operation."""

import dataclasses
import datetime

import pytest

from karbor.model import operation
from karbor.model import states

NOW = datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC)


def test_a_new_one_waits_and_nobody_has_it():
    one = operation.Operation(
        id='o', type='protect', project_id='p', user_id=None,
        provider_id='v', checkpoint_id='c', status='queued', created_at=NOW)
    assert one.status in states.OPERATION.initial
    assert (one.owner, one.lease_until, one.attempt, one.crashes) == (
        None, None, 0, 0)
    # not "none", but "not asked for"
    assert one.resources is None
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.status = 'running'


def test_a_resource_that_has_not_begun():
    one = operation.OperationResource(position=0, type='T', id='r', name='n')
    assert one.status in states.OPERATION_RESOURCE.initial
    assert one.key == ('T', 'r')
    assert one.hooks_done == ()


def test_no_two_share_a_memo():
    one, other = (operation.OperationResource(0, 'T', 'r', '')
                  for _number in range(2))
    assert one.memo == other.memo == {}
    assert one.memo is not other.memo
