# SPDX-License-Identifier: Apache-2.0
"""A trigger, and the times in its properties."""

import datetime

import pytest

from karbor.model import trigger

NOON = datetime.datetime(2026, 11, 22, 12, 0, tzinfo=datetime.UTC)


def test_a_time_is_text_in_utc():
    assert trigger.to_text(NOON) == '2026-11-22 12:00:00'
    east = datetime.timezone(datetime.timedelta(hours=5))
    assert trigger.to_text(NOON.astimezone(east)) == '2026-11-22 12:00:00'
    assert trigger.from_text('2026-11-22 12:00:00') == NOON


@pytest.mark.parametrize('text', ['2026-11-22T12:00:00', '2026-02-30 00:00:00',
                                  '', '2026-11-22 12:00:00Z'])
def test_other_texts_are_no_times(text):
    with pytest.raises(ValueError, match=r'.'):
        trigger.from_text(text)
