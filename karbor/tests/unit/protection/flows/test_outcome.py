# SPDX-License-Identifier: Apache-2.0
"""The order of writes at the end; see also test_work_crashes."""

import dataclasses

import pytest

from karbor import context as karbor_context
from karbor import exception
from karbor.protection.flows import outcome
from karbor.tests.faults import Faults
from karbor.tests.faults import FaultyBank


def test_the_manifest_names_all_that_the_graph_has(lab):
    checkpoint_id = lab.protected()
    row = lab.checkpoint(checkpoint_id)
    manifest = lab.store.read_manifest(checkpoint_id)
    assert manifest.plan == row.plan
    assert manifest.resource_graph == row.resource_graph
    assert manifest.created_at == row.created_at
    assert manifest.extra_info == {'created_by': 'manual'}
    assert manifest.size == row.size == sum(
        entry.bytes for entry in manifest.resources)
    assert manifest.attempt == 1
    assert outcome.deleting(manifest) == dataclasses.replace(
        manifest, status='deleting')


def test_the_bank_is_told_before_the_database(lab):
    """Before the last write to the bank, nothing says available."""
    told = []
    real = FaultyBank.put

    def put(self, key, data):
        real(self, key, data)
        if key.startswith('manifests/'):
            told.append((lab.store.read_manifest(checkpoint_id).status,
                         lab.checkpoint(checkpoint_id).status))

    checkpoint_id = lab.ask_protect()
    process = lab.process()
    process.bank.put = put.__get__(process.bank)
    assert process.work() is None
    assert told == [('protecting', 'protecting'),
                    ('available', 'protecting')]
    lab.check_available(checkpoint_id)


def test_a_claim_is_checked(lab):
    lab.ask_protect()
    claimed = lab.claim()
    outcome.check_claim(karbor_context.system(), claimed)
    lab.expire()
    lab.claim(owner='thief')
    with pytest.raises(exception.LeaseLost):
        outcome.check_claim(karbor_context.system(), claimed)


def test_a_bank_that_cannot_be_told_of_an_error_is_no_further_error(lab):
    """It says 'protecting', which an import takes for an error as well."""
    faults = Faults(1, exception.BankError(key='k', reason='away'),
                    on=['put'], from_then_on=True)
    checkpoint_id = lab.ask_protect()
    assert lab.process(faults).work() is None
    assert lab.checkpoint(checkpoint_id).status == 'error'
    assert lab.objects() == []
    lab.delete(checkpoint_id)
