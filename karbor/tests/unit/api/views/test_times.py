# SPDX-License-Identifier: Apache-2.0
import datetime

from karbor.api.views import times


def test_moments_are_shown_in_utc_and_to_the_microsecond():
    moment = datetime.datetime(2026, 11, 22, 18, 20, 0, 5, tzinfo=datetime.UTC)
    assert times.exact(moment) == '2026-11-22T18:20:00.000005Z'
    east = datetime.timezone(datetime.timedelta(hours=2))
    assert times.exact(moment.astimezone(east)) == times.exact(moment)
    assert times.naive(moment) == '2026-11-22T18:20:00.000005'
    assert times.naive(moment.astimezone(east)) == times.naive(moment)
    assert times.exact(None) is times.naive(None) is None
