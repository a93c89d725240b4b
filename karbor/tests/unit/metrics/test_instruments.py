# SPDX-License-Identifier: Apache-2.0
"""Operators are told of every metric, and of none that is not there."""

import json
from pathlib import Path
import re

import prometheus_client
import pytest

from karbor.actions import telling
from karbor.metrics import database
from karbor.metrics import instruments
from karbor.model import states
from karbor.model.operation import TYPES

ADMIN = Path(__file__).parents[4] / 'doc/source/admin'
# what Prometheus makes of a histogram
_PARTS = r'(_bucket|_count|_sum)$'


@pytest.fixture
def names():
    """Of all metrics of Karbor, as Prometheus knows them."""
    found = {f'{one.name}_total' if one.type == 'counter' else one.name
             for source in (instruments.REGISTRY.collect(),
                            database.Collector(dict, 0).describe())
             for one in source}
    return {name for name in found if name.startswith('karbor_')}


def named(text):
    return {re.sub(_PARTS, '', name)
            for name in re.findall(r'\bkarbor_[a-z_]+', text)}


def test_the_document_has_each_metric_and_no_other(names):
    assert named((ADMIN / 'metrics.rst').read_text()) == names


@pytest.mark.parametrize('file', ['karbor-alerts.yaml',
                                  'karbor-dashboard.json'])
def test_alerts_and_the_dashboard_ask_for_what_is_there(names, file):
    text = (ADMIN / file).read_text()
    assert named(text) <= names
    if file.endswith('json'):
        json.loads(text)


def test_all_series_are_there_from_the_beginning():
    """Prometheus takes what appears with 1 for nothing that has changed."""
    assert telling
    shown = prometheus_client.generate_latest(instruments.REGISTRY).decode()
    for type_ in TYPES:
        for outcome in states.OPERATION.final:
            assert (f'karbor_operation_outcomes_total{{outcome="{outcome}",'
                    f'type="{type_}"}}') in shown
    for outcome in states.RUN.final:
        assert f'karbor_runs_total{{outcome="{outcome}"}}' in shown
