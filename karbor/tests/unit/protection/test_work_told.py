# SPDX-License-Identifier: Apache-2.0
"""What the cloud is told of operations, wherever a process dies.

Nothing that has not happened, and nothing twice; what is lost with a process
is lost.
"""

import contextlib

import pytest
import sqlalchemy as sa

from karbor import context as karbor_context
from karbor import plugin
from karbor.db import models
from karbor.db import session
from karbor.metrics import instruments
from karbor.protection import run as runs
from karbor.rpc import notifications
from karbor.tests import told as checker
from karbor.tests.faults import Crash
from karbor.tests.faults import Faults
from karbor.tests.unit.protection import lab as labs


def row(operation_id):
    """What the database says to everybody else."""
    with session.reader(karbor_context.system()) as found:
        return found.execute(sa.select(
            models.Operation.status, models.Operation.fraction,
            models.Operation.bytes_done, models.Operation.attempt).where(
                models.Operation.id == operation_id)).one()


@pytest.fixture
def told(monkeypatch):
    """Events in order; each is true when it is told."""
    found = []

    def notify(context, type_, payload, priority):
        checker.check(type_, payload, priority)
        now = row(payload['id'])
        assert now.status == payload['status']
        assert now.attempt == payload['attempt']
        assert now.fraction == pytest.approx(payload['fraction'], abs=1e-4)
        assert now.bytes_done == payload['bytes_done']
        found.append((type_.removeprefix('karbor.'), payload))

    monkeypatch.setattr(notifications, 'notify', notify)
    return found


def types(told):
    return [type_ for type_, _payload in told]


def work(lab, process=None, **claim):
    """Work on what waits; the claim is told by a worker alone."""
    return (process or lab.process()).carry_out(lab.claim(**claim))


@pytest.mark.parametrize('ask', ['restore', 'verify', 'copy', 'delete'])
def test_each_type_ends_with_one_event(lab, told, ask):
    checkpoint_id = lab.protected()
    assert types(told) == ['operation.end']
    getattr(lab, f'ask_{ask}')(checkpoint_id)
    assert work(lab) is None
    assert types(told) == ['operation.end'] * 2
    assert [payload['type'] for _type, payload in told] == ['protect', ask]
    payload = told[-1][1]
    assert payload['reason'] is None
    assert payload['created_at'] < payload['ended_at']


def test_parameters_and_what_hooks_remember_are_told_to_nobody(lab, told):
    def trick(step):
        step.remember('secret', lambda: 'sesame')
        raise plugin.PluginError(reason="it said password='sesame'")

    lab.tricks['protect', 'on_main', 'app'] = trick
    lab.ask_protect()
    assert work(lab) is None
    [(type_, payload)] = told
    assert type_ == 'operation.error'
    assert 'it said password' in payload['reason']
    assert 'sesame' not in str(payload)


def test_a_failed_verification_names_the_resources(lab, told):
    checkpoint_id = lab.protected()
    lab.outside.clear()
    lab.ask_verify(checkpoint_id)
    del told[:]
    assert work(lab) is None
    assert types(told) == ['operation.error', 'verification.failed']
    payload = told[1][1]
    assert {(r['id'], r['reason']) for r in payload['resources']} == {
        ('app', 'The thing is gone.'), ('disk', 'The thing is gone.')}
    assert payload['resources_failed'] == 2


def test_a_verification_that_finds_no_manifest_fails_too(lab, told):
    checkpoint_id = lab.protected()
    for key in lab.objects():
        lab.bank.delete(key)
    lab.ask_verify(checkpoint_id)
    del told[:]
    assert work(lab) is None
    assert types(told) == ['operation.error', 'verification.failed']
    assert told[1][1]['resources'] == []


def test_what_is_cancelled_is_told_by_who_ends_it(lab, told):
    first = lab.ask_protect()
    # at once, by the API
    assert lab.ask_cancel('protect', first) == 'cancelled'
    assert types(told) == ['operation.cancel']
    assert told[0][1]['started_at'] is None
    second = lab.ask_protect()

    def cancel(run):
        assert lab.ask_cancel('protect', second) == 'running'
        assert len(told) == 1
        run.cancel('u')

    assert lab.process().carry_out(lab.claim(), cancel) is None
    assert types(told) == ['operation.cancel'] * 2


def test_an_operation_of_a_provider_that_is_gone(lab, told):
    lab.ask_protect()
    process = lab.process()
    process.shop.providers.by_id.clear()
    work(lab, process)
    assert types(told) == ['operation.error']


def quarters(told):
    return [payload['quarter'] for type_, payload in told
            if type_ == 'operation.progress']


def many(lab, count=8):
    """An app with so many disks, all of a size, and a checkpoint of them."""
    lab.world = {(labs.DISK, f'disk-{number}'): b'content'
                 for number in range(count)}
    lab.children = {}
    resources = [plugin.Resource(type_, id_, id_)
                 for type_, id_ in lab.world]
    checkpoint_id = lab.ask_protect(*resources)
    assert lab.process().work() is None
    return checkpoint_id


def one_by_one(lab, flush):
    """Hooks of which each ends its resource before the next begins."""
    def trick(step):
        with step.data.reader() as reader:
            reader.read()
        flush()
    for _type, id_ in lab.world:
        lab.tricks['restore', 'on_main', id_] = trick


def test_each_quarter_is_told_once(lab, told):
    checkpoint_id = many(lab)
    del told[:]
    lab.ask_restore(checkpoint_id)
    held = []

    def flush():
        # as the worker's thread does, and more often than anything changes
        for _time in range(3):
            held[0].flush()

    one_by_one(lab, flush)
    assert lab.process().carry_out(lab.claim(), held.append) is None
    assert quarters(told) == [0.25, 0.5, 0.75]
    assert types(told)[-1] == 'operation.end'


def test_of_quarters_that_are_passed_at_once_the_last_is_told(lab, told):
    checkpoint_id = many(lab)
    del told[:]
    lab.ask_restore(checkpoint_id)
    held, calls = [], []

    def flush():
        calls.append(None)
        if len(calls) == 7:
            held[0].flush()

    one_by_one(lab, flush)
    assert lab.process().carry_out(lab.claim(), held.append) is None
    assert quarters(told) == [0.75]


def test_who_goes_on_tells_only_of_what_comes_after(lab, told):
    checkpoint_id = many(lab)
    del told[:]
    lab.ask_restore(checkpoint_id)
    held, calls = [], []

    def flush():
        held[-1].flush()
        calls.append(None)
        if len(calls) == 5:
            held[-1].halt(runs.GIVEN_UP)

    one_by_one(lab, flush)
    assert lab.process().carry_out(lab.claim(), held.append) == runs.GIVEN_UP
    assert quarters(told) == [0.25, 0.5]
    lab.expire()
    again = lab.claim(owner='second')
    assert lab.process().carry_out(again, held.append) is None
    assert quarters(told) == [0.25, 0.5, 0.75]
    assert [payload['attempt'] for _type, payload in told] == [1, 1, 2, 2]


def test_a_flush_that_was_refused_tells_nothing(lab, told):
    checkpoint_id = many(lab)
    del told[:]
    lab.ask_restore(checkpoint_id)
    held = []

    def flush():
        if not told and held[0].progress.totals()['fraction'] > 0.3:
            lab.expire()
            lab.claim(owner='another')
            held[0].flush()

    one_by_one(lab, flush)
    assert lab.process().carry_out(lab.claim(), held.append) == runs.LOST
    assert told == []


def test_wherever_a_process_dies_nothing_false_is_told(lab, told, quiet):
    """And each operation has one end at most, whatever is lost."""
    lab.shrink()
    number, lost = 0, 0
    while True:
        number += 1
        checkpoint_id = lab.ask_protect()
        del told[:]
        faults = Faults(number, Crash(), after=True, on=('write', 'put'))
        with contextlib.suppress(Crash):
            work(lab, lab.process(faults), owner=f'first {number}')
        if not faults.hit:
            break
        if lab.operation('protect', checkpoint_id).status == 'running':
            assert types(told) == []
            lab.expire()
            assert work(lab, owner=f'second {number}') is None
            assert types(told) == ['operation.end']
        else:
            # it died between the commit and the telling
            assert types(told) == []
            lost += 1
    assert number > 5
    assert lost == 1


def test_what_is_read_and_written_is_counted(lab, told):
    def counted(direction, type_):
        return instruments.REGISTRY.get_sample_value(
            'karbor_bank_bytes_total',
            {'direction': direction, 'type': type_}) or 0

    pairs = [('write', 'protect'), ('read', 'verify'), ('read', 'restore'),
             ('read', 'copy'), ('write', 'copy')]
    before = [counted(*pair) for pair in pairs]
    checkpoint_id = lab.protected()
    for ask in ('verify', 'restore', 'copy'):
        getattr(lab, f'ask_{ask}')(checkpoint_id)
        assert work(lab) is None
    size = sum(map(len, lab.world.values()))
    assert [counted(*pair) - old for pair, old
            in zip(pairs, before, strict=True)] == [size] * 5
