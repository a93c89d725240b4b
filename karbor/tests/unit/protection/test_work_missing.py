# SPDX-License-Identifier: Apache-2.0
"""Resources that vanished between the plan and the checkpoint."""

import pytest

from karbor import context as karbor_context
from karbor import plugin
from karbor.actions import plans
from karbor.bank.manifest import Manifest
from karbor.db import checkpoints
from karbor.protection import importer
from karbor.tests.unit.protection.lab import APP
from karbor.tests.unit.protection.lab import DISK
from karbor.tests.unit.protection.test_work_crashes import die_everywhere

GONE = plugin.Resource(APP, 'gone', 'the one that is gone')
SAID = f'Without {GONE}: missing when the checkpoint was made.'
WHY = 'It was missing when the checkpoint was made.'


@pytest.fixture(autouse=True)
def shop(lab, monkeypatch):
    """The usual plan names something that is not there any more."""
    plan = lab.plan(GONE, plugin.Resource(APP, 'app', 'app'),
                    missing_resources='skip')
    monkeypatch.setattr(lab, '_usual_plan', plan, raising=False)
    return plan


def check_told(lab, operation):
    """It says so, and of the others that they are done."""
    assert operation.status == 'success'
    assert operation.reason == SAID
    *others, last = operation.resources
    assert (last.type, last.id, last.name) == (APP, GONE.id, GONE.name)
    assert (last.status, last.reason, last.fraction) == ('skipped', WHY, 0.0)
    assert {one.id: one.status for one in others} == {
        'app': 'success', 'disk': 'success'}
    assert operation.fraction == 1.0


def test_by_default_it_is_an_error(lab, shop):
    plans.update(lab.context, shop.id, {'missing_resources': 'error'})
    checkpoint_id = lab.ask_protect()
    assert lab.process().work() is None
    operation = lab.operation('protect', checkpoint_id)
    assert operation.status == 'error'
    assert f'{GONE} does not exist' in operation.reason
    assert lab.log == []
    lab.delete(checkpoint_id)


def test_it_is_named_wherever_the_checkpoint_is(lab):
    checkpoint_id = lab.protected()
    row = lab.checkpoint(checkpoint_id)
    assert [(one.key, one.name) for one in row.missing] == [
        (GONE.key, GONE.name)]
    assert row.status_reason == SAID
    manifest = lab.store.read_manifest(checkpoint_id)
    assert (manifest.missing, manifest.reason) == ((GONE,), SAID)
    assert manifest.missing[0].name == GONE.name
    check_told(lab, lab.operation('protect', checkpoint_id))


def test_what_uses_it_says_so_too(lab):
    checkpoint_id = lab.protected()
    lab.ask_restore(checkpoint_id)
    lab.ask_verify(checkpoint_id)
    copy_id = lab.ask_copy(checkpoint_id)
    for _each in range(3):
        assert lab.process().work() is None
    for type_, id_ in (('restore', checkpoint_id), ('verify', checkpoint_id),
                       ('copy', copy_id)):
        check_told(lab, lab.operation(type_, id_))
    assert lab.restored == lab.world
    assert lab.checkpoint(copy_id).missing == (GONE,)
    lab.delete(checkpoint_id)
    # a copy tells it without its source
    lab.ask_restore(copy_id)
    assert lab.process().work() is None
    check_told(lab, lab.operation('restore', copy_id))
    lab.delete(copy_id)


def test_of_a_lost_database_the_bank_tells_it(lab):
    checkpoint_id = lab.protected()
    system = karbor_context.system()
    checkpoints.forget(system, checkpoint_id)
    assert lab.checkpoint(checkpoint_id) is None
    assert importer.run(system, lab.process().provider).added == 1
    row = lab.checkpoint(checkpoint_id)
    assert (row.missing, row.status_reason) == ((GONE,), SAID)


def test_what_they_depend_on_is_never_left_out(lab, quiet):
    # its protectable still tells of it, but nothing can be read
    del lab.world[DISK, 'disk']
    checkpoint_id = lab.ask_protect()
    assert lab.process().work() is None
    operation = lab.operation('protect', checkpoint_id)
    assert operation.status == 'error'
    assert lab.checkpoint(checkpoint_id).status == 'error'


def test_of_nothing_no_checkpoint_is_made(lab):
    lab.world.clear()
    checkpoint_id = lab.ask_protect()
    assert lab.process().work() is None
    operation = lab.operation('protect', checkpoint_id)
    assert operation.reason.startswith('None of the resources of the plan')
    lab.delete(checkpoint_id)


def test_what_has_come_back_is_protected_again(lab):
    lab.world[APP, GONE.id] = b'back again'
    checkpoint_id = lab.protected()
    row = lab.checkpoint(checkpoint_id)
    assert (row.missing, row.status_reason) == ((), None)


def test_it_is_named_wherever_a_process_dies(lab, quiet):
    lab.shrink()

    def check(checkpoint_id):
        assert lab.store.read_manifest(checkpoint_id).missing == (GONE,)
        assert lab.checkpoint(checkpoint_id).missing == (GONE,)
        assert lab.operation('protect', checkpoint_id).reason == SAID
        lab.check_available(checkpoint_id)

    assert die_everywhere(lab, lab.ask_protect, check) > 15


def test_the_option_is_taken_when_it_is_asked_for(lab, shop):
    """As the parameters: the plan may change before a worker is free."""
    checkpoint_id = lab.ask_protect()
    plans.update(lab.context, shop.id, {'missing_resources': 'error'})
    assert lab.process().work() is None
    lab.check_available(checkpoint_id)


def test_a_manifest_without_it_is_as_it_always_was(lab):
    checkpoint_id = lab.protected()
    manifest = lab.store.read_manifest(checkpoint_id)
    assert b'"missing":[{"id":"gone"' in manifest.to_bytes()
    assert Manifest.from_bytes(manifest.to_bytes()) == manifest
    lab.world[APP, GONE.id] = b'back again'
    whole = lab.store.read_manifest(lab.protected())
    assert b'"missing"' not in whole.to_bytes()
