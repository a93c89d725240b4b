# SPDX-License-Identifier: Apache-2.0
"""Rows for the eye and for programs."""

import datetime
import json

import pytest

from karbor.cmd import listing

NOON = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)
COLUMNS = {'id': 'Id', 'at': 'At', 'what': 'What'}
ROWS = [{'id': 1, 'at': NOON, 'what': None, 'more': [1]},
        {'id': 12345, 'at': None, 'what': 'ü', 'more': []}]


def test_a_table_has_the_columns_that_are_asked_for(capsys):
    listing.show(ROWS, COLUMNS, listing.TABLE)
    assert capsys.readouterr().out.splitlines() == [
        'Id     At                         What',
        '1      2026-11-22 12:00:00+00:00',
        '12345                             ü']
    listing.show([], COLUMNS, listing.TABLE)
    assert capsys.readouterr().out == 'Id  At  What\n'


def test_json_has_all(capsys):
    listing.show(ROWS, COLUMNS, listing.JSON)
    assert json.loads(capsys.readouterr().out) == [
        {**ROWS[0], 'at': '2026-11-22T12:00:00+00:00'}, ROWS[1]]
    listing.show([], COLUMNS, listing.JSON)
    assert json.loads(capsys.readouterr().out) == []
    with pytest.raises(TypeError):
        listing.show([{'id': object()}], COLUMNS, listing.JSON)
