# SPDX-License-Identifier: Apache-2.0
"""Meters that never go back, and what they add up to."""

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import pytest

from karbor.model.operation import OperationResource
from karbor.protection.progress import Progress


def rows(*totals, **kwargs):
    return [OperationResource(position, 'T', str(position), '',
                              bytes_total=total, **kwargs)
            for position, total in enumerate(totals)]


moves = st.lists(st.one_of(
    st.tuples(st.just('set'), st.integers(0, 2),
              st.none() | st.floats(),
              st.none() | st.integers(0, 300),
              st.none() | st.integers(0, 300)),
    st.tuples(st.just('add_bytes'), st.integers(0, 2), st.integers(0, 99)),
    st.tuples(st.just('begin'), st.integers(0, 2), st.integers(0, 99)),
    st.tuples(st.just('end'), st.integers(0, 2),
              st.sampled_from(['running', 'success', 'error']))))


@settings(max_examples=150, deadline=None)
@given(moves)
def test_no_resource_ever_goes_back(steps):
    progress = Progress(rows(100, 0, 50))
    last = dict.fromkeys(range(3), 0.0)
    for name, position, *arguments in steps:
        getattr(progress, name)(position, *arguments)
        for row in progress.take_changed():
            assert 0 <= last[row['position']] <= row['fraction'] <= 1
            last[row['position']] = row['fraction']
        assert 0 <= progress.totals()['fraction'] <= 1
    for position in range(3):
        assert progress.end(position, 'success')['fraction'] == 1.0
    assert progress.totals()['fraction'] == pytest.approx(1.0)


def test_totals_are_weighed_by_bytes_if_all_are_known():
    progress = Progress(rows(900, 100))
    progress.add_bytes(0, 450)
    assert progress.totals() == {'fraction': pytest.approx(0.45),
                                 'bytes_done': 450, 'bytes_total': 1000}


def test_totals_are_weighed_by_resources_if_one_is_not_known():
    progress = Progress(rows(900, 0))
    progress.add_bytes(0, 450)
    assert progress.totals()['fraction'] == pytest.approx(0.25)
    progress.set(1, 0.5, None, None)
    assert progress.totals()['fraction'] == pytest.approx(0.5)


def test_nothing_to_do_is_no_division():
    assert Progress(()).totals() == {'fraction': 0.0, 'bytes_done': 0,
                                     'bytes_total': 0}


def test_only_what_moved_is_taken_and_only_once():
    progress = Progress(rows(0, 0))
    assert progress.take_changed() == []
    progress.begin(1, 7)
    assert progress.take_changed() == [
        {'position': 1, 'status': 'running', 'fraction': 0.0,
         'bytes_done': 7, 'bytes_total': 0}]
    assert progress.take_changed() == []
    assert progress.status(1) == 'running'
    assert progress.bytes_done(1) == 7


def test_the_end_of_a_hook_takes_what_was_to_be_flushed():
    progress = Progress(rows(0))
    progress.set(0, None, 5, 10)
    assert progress.end(0, 'running') == {
        'status': 'running', 'fraction': 0.5, 'bytes_done': 5,
        'bytes_total': 10}
    assert progress.take_changed() == []


def test_what_was_done_before_a_crash_is_shown_again():
    progress = Progress(rows(100, status='running', fraction=0.5))
    progress.begin(0, 0)
    progress.add_bytes(0, 10)
    assert progress.take_changed()[0]['fraction'] == 0.5
    progress.add_bytes(0, 50)
    assert progress.take_changed()[0]['fraction'] == 0.6
