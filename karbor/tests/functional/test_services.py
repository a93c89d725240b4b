# SPDX-License-Identifier: Apache-2.0
"""Daemons that an operator disables, over REST and for real."""

import pytest
import sqlalchemy as sa

from karbor.db import models
from karbor.tests.functional import daemons

PROTECTION, ENGINE = 'karbor-protection', 'karbor-operationengine'


@pytest.fixture(scope='module', params=['standalone', 'postgresql'])
def karbor(request, tmp_path_factory):
    """Running daemons."""
    with daemons.deployment(tmp_path_factory.mktemp('services'),
                            request.param) as deployed:
        deployed.start()
        yield deployed


@pytest.fixture
def service(karbor):
    """karbor-protection as it is listed; enabled again afterwards."""
    [found] = karbor.client().services.list(binary=PROTECTION)
    yield found
    karbor.client().services.enable(found.id)
    heard(karbor, PROTECTION)


def heartbeat(karbor, binary):
    [row] = karbor.rows(sa.select(models.Service.updated_at).where(
        models.Service.binary == binary))
    return row.updated_at


def heard(karbor, binary):
    """Wait until a daemon acts as it was told before.

    The first heartbeat from now on may have been under way, the second one
    begins later, and when the third is there the daemon has used the second.
    """
    for _time in range(3):
        last = heartbeat(karbor, binary)
        daemons.until(lambda last=last: heartbeat(karbor, binary) != last,
                      what='a heartbeat')


def operation(karbor, checkpoint):
    [row] = karbor.rows(
        sa.select(models.Operation.status, models.Operation.attempt)
        .where(models.Operation.checkpoint_id == checkpoint.id))
    return tuple(row)


def test_both_daemons_are_listed(karbor):
    daemons.until(lambda: {PROTECTION, ENGINE} == karbor.heartbeats(),
                  what='heartbeats of both')
    found = karbor.client().services.list()
    assert {(one.binary, one.host, one.status, one.state)
            for one in found} == {
        (binary, 'host-of-test', 'enabled', 'up')
        for binary in (PROTECTION, ENGINE)}
    told = karbor.manage('service', 'list').stdout
    assert [line.split()[1] for line in told.splitlines()[1:]] == [
        one.binary for one in sorted(found, key=lambda one: one.id)]


def test_who_is_disabled_begins_nothing_new(karbor, service):
    """What runs goes on; what is new waits, and is made in the end."""
    order = karbor.order('protect.on_main.Box.running', 'hang')
    running = karbor.checkpoint(karbor.plan(karbor.box('running')))
    daemons.until(lambda: 'begin protect.on_main.Box.running'
                  in karbor.trace(), what='the hook')
    disabled = karbor.client().services.disable(service.id)
    assert disabled.status == 'disabled'
    heard(karbor, PROTECTION)
    waiting = karbor.checkpoint(karbor.plan(karbor.box('waiting')))
    order.unlink()
    assert karbor.ended('protect', running.id).status == 'available'
    heard(karbor, PROTECTION)
    assert operation(karbor, waiting) == ('queued', 0)

    # it is still in the database
    assert karbor.stop() == [0] * len(karbor.binaries)
    karbor.start()
    heard(karbor, PROTECTION)
    assert operation(karbor, waiting) == ('queued', 0)
    [found] = karbor.client().services.list(binary=PROTECTION)
    assert (found.status, found.state) == ('disabled', 'up')
    # questions are answered
    assert karbor.client().protectables.list_instances('Test::Box')

    karbor.client().services.enable(service.id)
    assert karbor.ended('protect', waiting.id).status == 'available'
    assert operation(karbor, waiting) == ('success', 1)


def test_the_reason_is_kept(karbor, service):
    answer = karbor.client().services.disable_log_reason(
        service.id, 'new disks')
    assert answer.disabled_reason == 'new disks'
    assert 'new disks' in karbor.manage('service', 'list').stdout
    answer = karbor.client().services.enable(service.id)
    assert (answer.status, answer.disabled_reason) == ('enabled', None)
