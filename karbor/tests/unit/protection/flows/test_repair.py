# SPDX-License-Identifier: Apache-2.0
"""What a late writer left is put right; see also test_work_leases.py."""

import dataclasses

from karbor import context as karbor_context
from karbor import plugin
from karbor.protection.flows import repair


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
