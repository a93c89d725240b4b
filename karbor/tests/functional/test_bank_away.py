# SPDX-License-Identifier: Apache-2.0
"""A bank that is away while real daemons work with it."""

import contextlib

import pytest

from karbor.tests.functional import daemons
from karbor.tests.functional.daemons import PROVIDER

LOST = 'The bank of provider Test is away'
BACK = 'The bank of provider Test answers again'
TYPES = ['protect', 'restore', 'verify', 'copy', 'delete']
# where an operation stands while the bank goes: it has begun and has still to
# do with the bank. A verification has read all of it before its first hook.
PLACES = {'protect': 'on_prepare_begin', 'restore': 'on_prepare_begin',
          'copy': 'on_prepare_begin', 'delete': 'on_complete'}


@pytest.fixture(scope='module')
def karbor(tmp_path_factory):
    """Daemons that wait long enough."""
    with daemons.deployment(tmp_path_factory.mktemp('away'),
                            'standalone') as deployed:
        # once used, it is never made again, whoever starts anew
        deployed.write_provider()
        deployed.start()
        deployed.protect(deployed.plan(deployed.box('first')))
        provider = deployed.root / 'providers.d/test.conf'
        provider.write_text(f'{provider.read_text()}'
                            'file_system_bank_create = False\n')
        deployed.stop()
        deployed.start()
        yield deployed


@pytest.fixture(scope='module')
def hasty(tmp_path_factory):
    """Daemons that wait for a moment only."""
    with daemons.deployment(tmp_path_factory.mktemp('hasty'),
                            'standalone') as deployed:
        with deployed.config.open('a') as file:
            file.write('[protection]\nbank_patience = 1\n')
        deployed.start()
        yield deployed


def said(karbor, what):
    """How often a daemon has said something."""
    return karbor.log.read_text(errors='replace').count(what)


@contextlib.contextmanager
def away(karbor, way):
    """Its bank is renamed, or what it is mounted on is there instead."""
    elsewhere = karbor.bank.with_name('elsewhere')
    karbor.bank.rename(elsewhere)
    if way == 'unmounted':
        karbor.bank.mkdir()
    try:
        yield
        if way == 'unmounted':
            assert list(karbor.bank.iterdir()) == []
        else:
            assert not karbor.bank.exists()
    finally:
        if way == 'unmounted':
            karbor.bank.rmdir()
        elsewhere.rename(karbor.bank)


def ask(karbor, type_, checkpoint_id):
    """Ask for an operation; the checkpoint that its log names."""
    client = karbor.client()
    if type_ == 'restore':
        client.restores.create(PROVIDER, checkpoint_id, None, {}, None)
    elif type_ == 'verify':
        client.verifications.create(PROVIDER, checkpoint_id, {})
    elif type_ == 'copy':
        answer = karbor.http(
            'POST', f'/providers/{PROVIDER}/checkpoints/action',
            json={'copy': {'checkpoint_id': checkpoint_id}}, headers={
                'OpenStack-API-Version': 'data-protect 1.1',
                'X-Auth-Token': f'user:{daemons.PROJECT}'})
        assert answer.ok, answer.text
        return answer.json()['copy']['checkpoint_id']
    else:
        client.checkpoints.delete(PROVIDER, checkpoint_id)
    return checkpoint_id


class Operation:
    """One that stands where it is.

    :ivar id: of the checkpoint that its log names
    """

    def __init__(self, karbor, type_, way):
        self.karbor, self.type = karbor, type_
        self.name = f'{type_}-{way}'
        self.order = None
        self.plan = karbor.plan(karbor.box(self.name, b'content'))
        self.source = None if type_ == 'protect' else karbor.protect(
            self.plan).id

    def begin(self):
        """Until it stands; a verification is only asked for."""
        place = f'{self.type}.{PLACES.get(self.type)}.Box.{self.name}'
        if self.type in PLACES:
            self.order = self.karbor.order(place, 'hang')
        self.ask()
        if self.order is not None:
            daemons.until(lambda: f'begin {place}' in self.karbor.trace(),
                          what='the hook')

    def ask(self):
        self.id = (self.karbor.checkpoint(self.plan).id
                   if self.type == 'protect'
                   else ask(self.karbor, self.type, self.source))

    def go_on(self):
        if self.order is not None:
            self.order.unlink()

    def ended(self):
        return self.karbor.ended(self.type, self.id)


@pytest.mark.parametrize('way', ['gone', 'unmounted'])
@pytest.mark.parametrize('type_', TYPES)
def test_an_operation_waits_until_the_bank_is_back(karbor, type_, way):
    operation = Operation(karbor, type_, way)
    if type_ != 'verify':
        operation.begin()
    lost, back = said(karbor, LOST), said(karbor, BACK)
    with away(karbor, way):
        if type_ == 'verify':
            operation.begin()
        operation.go_on()
        daemons.until(lambda: said(karbor, LOST) > lost,
                      what='an operation that waits')
        [row] = karbor.rows('SELECT status FROM operations WHERE type = '
                            ':type AND checkpoint_id = :id',
                            type=type_, id=operation.id)
        assert row.status == 'running'
    log = operation.ended()
    assert log.status in ('available', 'success', 'deleted'), log.error_info
    assert said(karbor, BACK) > back
    if type_ == 'delete':
        assert not [key for key in karbor.bank_objects()
                    if operation.id in key]
        return
    # it is whole, and can be used
    karbor.box(operation.name, b'other')
    assert karbor.restore(operation.id).status == 'success'
    assert karbor.boxes(operation.name) == (b'box content', b'thing content')
    shown = karbor.client().checkpoints.get(PROVIDER, operation.id)
    assert shown.status == 'available'
    [row] = karbor.rows('SELECT damaged_at FROM checkpoints WHERE id = :id',
                        id=operation.id)
    assert row.damaged_at is None


def test_daemons_that_start_without_the_bank_wait_for_it(karbor):
    """The one that waits ends when it is told to, and leaves its work."""
    operation = Operation(karbor, 'protect', 'restart')
    operation.begin()
    lost = said(karbor, LOST)
    with away(karbor, 'unmounted'):
        operation.go_on()
        daemons.until(lambda: said(karbor, LOST) > lost, what='waiting')
        assert karbor.stop() == [0]
        assert said(karbor, 'did not stop in time') == 0
        lost = said(karbor, LOST)
        karbor.start()
        daemons.until(lambda: said(karbor, LOST) > lost,
                      what='another one that waits')
    log = operation.ended()
    assert log.status == 'available', log.error_info
    assert karbor.restore(operation.id).status == 'success'


def test_a_user_who_cancels_does_not_wait(karbor):
    operation = Operation(karbor, 'protect', 'cancel')
    operation.begin()
    lost = said(karbor, LOST)
    with away(karbor, 'gone'):
        operation.go_on()
        daemons.until(lambda: said(karbor, LOST) > lost, what='waiting')
        [row] = karbor.rows("SELECT id FROM operations WHERE type = "
                            "'protect' AND checkpoint_id = :id",
                            id=operation.id)
        answer = karbor.http(
            'POST', f'/operations/{row.id}/cancel', headers={
                'OpenStack-API-Version': 'data-protect 1.1',
                'X-Auth-Token': f'user:{daemons.PROJECT}'})
        assert answer.status_code == 202, answer.text
        assert 'ancelled' in operation.ended().error_info
    assert karbor.delete(operation.id).status == 'deleted'


@pytest.mark.parametrize('type_', TYPES)
def test_a_bank_that_stays_away_ends_an_operation(hasty, type_):
    operation = Operation(hasty, type_, 'for-good')
    if type_ != 'verify':
        operation.begin()
    with away(hasty, 'gone'):
        if type_ == 'verify':
            operation.begin()
        operation.go_on()
        log = operation.ended()
    assert 'The bank of provider Test was away for 1 seconds' in (
        log.error_info)
    assert str(hasty.root) not in log.error_info
    shown = hasty.client().checkpoints.get(PROVIDER, operation.id)
    assert shown.status == {
        'protect': 'error', 'copy': 'error',
        'delete': 'error-deleting'}.get(type_, 'available')
    # the way out
    if shown.status == 'available':
        assert hasty.restore(operation.id).status == 'success'
    for id_ in {operation.id, operation.source} - {None}:
        assert hasty.delete(id_).status == 'deleted'
        assert not [key for key in hasty.bank_objects() if id_ in key]
