# SPDX-License-Identifier: Apache-2.0
"""What a late writer left is put right; see also test_work_leases.py."""

import dataclasses

import pytest

from karbor import context as karbor_context
from karbor import plugin
from karbor.protection.flows import repair
from karbor.tests.faults import Crash
from karbor.tests.faults import Faults


def _after(lab, operation):
    repair.after(karbor_context.system(), operation, lab.store)


def _say(lab, checkpoint_id, status):
    manifest = lab.store.read_manifest(checkpoint_id)
    late = dataclasses.replace(manifest, status=status)
    lab.bank.put(f'manifests/{checkpoint_id}.json', late.to_bytes())


def test_what_is_half_deleted_does_not_look_available(lab):
    def fail(step):
        raise plugin.PluginError(reason='not now')

    checkpoint_id = lab.protected()
    lab.tricks['delete', 'on_main', 'app'] = fail
    lab.ask_delete(checkpoint_id)
    assert lab.process().work() is None
    assert lab.checkpoint(checkpoint_id).status == 'error-deleting'
    _say(lab, checkpoint_id, 'available')
    _after(lab, lab.operation('protect', checkpoint_id))
    assert lab.store.read_manifest(checkpoint_id).status == 'deleting'


def test_what_somebody_works_on_is_left_to_him(lab):
    checkpoint_id = lab.protected()
    lab.ask_delete(checkpoint_id)
    _say(lab, checkpoint_id, 'protecting')
    _after(lab, lab.operation('delete', checkpoint_id))
    assert lab.store.read_manifest(checkpoint_id).status == 'protecting'


def test_what_is_right_is_not_written_again(lab, monkeypatch):
    checkpoint_id = lab.protected()
    monkeypatch.setattr(lab.bank, 'put', None)
    _after(lab, lab.operation('protect', checkpoint_id))
    lab.check_available(checkpoint_id)


@pytest.mark.parametrize('status', ['protecting', 'available', 'error'])
def test_a_late_word_does_not_replace_the_reason_of_a_failure(lab, status):
    """And what is there stays named, so that all of it can be deleted."""
    def fail(step):
        raise plugin.PluginError(reason='not now')

    lab.tricks['protect', 'on_complete', 'app'] = fail
    checkpoint_id = lab.ask_protect()
    with pytest.raises(Crash):
        lab.process(Faults(1, Crash(), on=['hook'])).work()
    lab.expire()
    assert lab.process().work() is None
    operation = lab.operation('protect', checkpoint_id)
    told = lab.store.read_manifest(checkpoint_id)
    assert (told.status, told.reason, told.attempt) == (
        'error', operation.reason, 2)
    assert len(told.resources) == 2
    late = dataclasses.replace(told, status=status, resources=(), attempt=1,
                               reason='another')
    lab.bank.put(f'manifests/{checkpoint_id}.json', late.to_bytes())
    _after(lab, operation)
    assert lab.store.read_manifest(checkpoint_id) == told
    _after(lab, operation)
    assert lab.store.read_manifest(checkpoint_id) == told
