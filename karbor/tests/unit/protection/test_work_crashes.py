# SPDX-License-Identifier: Apache-2.0
"""A process dies at any call to the bank or the database, or in a hook.

Each test lets a process die at the n-th thing that it does, for every n
until there is none, and has another one go on when the lease has run out.
"""

import pytest

from karbor import plugin
from karbor.protection import run as runs
from karbor.protection import work
from karbor.tests.faults import Crash
from karbor.tests.faults import Faults


def die_everywhere(lab, ask, check):
    """Do something with a process that dies at its n-th call, for each n.

    :param ask: for an operation; returns what check is given
    :param check: called after each resumption
    :return: how often a process died
    """
    number = 0
    while True:
        number += 1
        subject = ask()
        del lab.log[:]
        faults = Faults(number, Crash())
        claimed = lab.claim(owner=f'first {number}')
        if not _dies(lab.process(faults), claimed, faults):
            check(subject)
            return number - 1
        lab.check_promise(claimed.checkpoint_id)
        before = {(claimed.type, hook, r.id)
                  for r in _journal(lab, claimed) for hook in r.hooks_done}
        del lab.log[:]
        lab.expire()
        if claimed.type == 'delete' and lab.operation(
                'delete', claimed.checkpoint_id).status == 'success':
            # where it looks once more whether somebody was late
            check(subject)
            continue
        again = lab.claim(owner=f'second {number}')
        assert (again.id, again.attempt) == (claimed.id, 2)
        assert again.crashes == 1
        assert lab.process().carry_out(again) is None
        assert before.isdisjoint(lab.log), f'run again after {number}'
        check(subject)


def _journal(lab, operation):
    return lab.operation(operation.type, operation.checkpoint_id).resources


def _dies(process, operation, faults):
    try:
        assert process.carry_out(operation) is None
    except Crash:
        assert faults.hit
        return True
    assert not faults.hit, 'a process went on after its death'
    return False


def test_a_checkpoint_is_made_wherever_a_process_dies(lab, quiet):
    done = []

    def check(checkpoint_id):
        lab.check_available(checkpoint_id)
        operation = lab.operation('protect', checkpoint_id)
        assert operation.status == 'success'
        assert set(lab.statuses(operation).values()) == {'success'}
        done.append(checkpoint_id)

    deaths = die_everywhere(lab, lab.ask_protect, check)
    assert deaths > 30
    # what was made outside was made once, though its process died then
    assert set(lab.made.values()) == {1}
    assert len(lab.made) == 2 * len(done)
    # and nothing that a dead process left is in the way of a deletion
    for checkpoint_id in done[::5]:
        lab.delete(checkpoint_id)


def test_a_restore_is_done_wherever_a_process_dies(lab, quiet):
    checkpoint_id = lab.protected()

    def ask():
        lab.restored.clear()
        lab.ask_restore(checkpoint_id)
        return checkpoint_id

    def check(_subject):
        assert lab.restored == lab.world
        operation = lab.operation('restore', checkpoint_id)
        assert operation.status == 'success'
        assert {r.id: r.new_id for r in operation.resources} == {
            'app': 'new-app', 'disk': 'new-disk'}

    assert die_everywhere(lab, ask, check) > 15


@pytest.mark.parametrize('full', [False, True])
def test_a_deletion_is_done_wherever_a_process_dies(lab, quiet, monkeypatch,
                                                    full):
    """Also in a bank that takes not even the word that it has begun."""
    lab.shrink()
    put = lab.bank.put

    def refuse(key, data):
        raise plugin.BankFull(key=key, reason='the disk is full')

    def ask():
        monkeypatch.setattr(lab.bank, 'put', put)
        checkpoint_id = lab.protected()
        lab.ask_delete(checkpoint_id)
        if full:
            monkeypatch.setattr(lab.bank, 'put', refuse)
        return checkpoint_id

    def check(checkpoint_id):
        lab.check_gone(checkpoint_id)
        assert lab.operation('delete', checkpoint_id).status == 'success'
        assert lab.objects() == []

    assert die_everywhere(lab, ask, check) > 20


def test_leftovers_of_dead_attempts_are_swept(lab):
    faults = Faults(3, Crash(), on=['put'], after=True)
    checkpoint_id = lab.ask_protect()
    with pytest.raises(Crash):
        lab.process(faults).work()
    left = set(lab.objects())
    lab.expire()
    assert lab.process().work() is None
    lab.check_available(checkpoint_id)
    entries = lab.store.read_manifest(checkpoint_id).resources
    named = {f'{number:08d}' for e in entries for number in e.attempts}
    held = {key.split('/')[3] for key in lab.objects() if key[:4] == 'data'}
    assert held <= named
    assert left


def test_what_was_sealed_is_not_done_again(lab):
    """The bank was told, the database was not."""
    checkpoint_id = lab.ask_protect()
    calls = Faults()
    assert lab.process(calls).work() is None
    # the very last call tells the database
    checkpoint_id = lab.ask_protect()
    with pytest.raises(Crash):
        lab.process(Faults(calls.calls, Crash())).work()
    assert lab.checkpoint(checkpoint_id).status == 'protecting'
    assert lab.store.read_manifest(checkpoint_id).status == 'available'
    del lab.log[:]
    lab.expire()
    assert lab.process().work() is None
    assert lab.log == []
    lab.check_available(checkpoint_id)


def test_what_is_remembered_is_made_once(lab):
    """The note is written, and the process dies before the hook ends."""
    calls = []

    def trick(step):
        calls.append(step.remember('id', lambda: {'made': len(calls)}))
        assert step.recall('id') == {'made': 0}
        assert step.recall('other', 'default') == 'default'
        if len(calls) == 1:
            raise Crash

    lab.tricks['protect', 'on_main', 'disk'] = trick
    checkpoint_id = lab.ask_protect()
    process = lab.process()

    def started(run):
        # a death is final: nothing is written after it
        write = run.write

        def dying(*entries):
            if calls and entries[0].get('status') == 'error':
                raise Crash
            write(*entries)
        run.write = dying

    with pytest.raises(Crash):
        process.carry_out(lab.claim(), started)
    lab.expire()
    assert lab.process().work() is None
    assert calls == [{'made': 0}, {'made': 0}]
    lab.check_available(checkpoint_id)


def test_a_deadly_operation_is_given_up(lab, conf):
    conf.set_override('max_crashes', 2, 'protection')
    checkpoint_id = lab.ask_protect()
    for number in range(3):
        with pytest.raises(Crash):
            # each dies in the third hook, when something is saved already
            lab.process(Faults(3 if number == 0 else 1, Crash(),
                               on=['hook'])).work()
        lab.expire()
    del lab.log[:]
    assert lab.process().work() is None
    assert lab.log == []
    operation = lab.operation('protect', checkpoint_id)
    assert operation.status == 'error'
    assert 'Given up: 3 workers fell silent' in operation.reason
    assert set(lab.statuses(operation).values()) == {'error'}
    assert lab.checkpoint(checkpoint_id).status == 'error'
    manifest = lab.store.read_manifest(checkpoint_id)
    assert (manifest.status, manifest.reason) == ('error', operation.reason)
    # what was saved is still known, so that it can be deleted
    assert [e.id for e in manifest.resources] == ['app', 'disk']
    assert manifest.resource_graph
    lab.delete(checkpoint_id)
    assert lab.objects() == []


@pytest.mark.parametrize('type_', ['restore', 'delete'])
def test_deadly_others_are_given_up_too(lab, conf, type_):
    conf.set_override('max_crashes', 1, 'protection')
    checkpoint_id = lab.protected()
    getattr(lab, f'ask_{type_}')(checkpoint_id)
    for _death in range(2):
        with pytest.raises(Crash):
            lab.process(Faults(1, Crash(), on=['hook'])).work()
        lab.expire()
    assert lab.process().work() is None
    operation = lab.operation(type_, checkpoint_id)
    assert operation.status == 'error'
    assert set(lab.statuses(operation).values()) == {'error'}
    assert lab.checkpoint(checkpoint_id).status == (
        'available' if type_ == 'restore' else 'error-deleting')
    lab.delete(checkpoint_id)


def test_a_broken_journal_stops_the_run(lab):
    """The database fails; nobody knows what it holds, so another looks."""
    checkpoint_id = lab.ask_protect()
    total = Faults(on=['write'])
    assert lab.process(total).work() is None
    for number in range(1, total.calls + 1):
        checkpoint_id = lab.ask_protect()
        claimed = lab.claim(owner=f'first {number}')
        process = lab.process(Faults(number, OSError('gone'), on=['write']))
        try:
            assert process.carry_out(claimed) == runs.BROKEN
        except OSError:
            # not in the journal but between the phases: left as it is
            assert process.runs[0].halted is None
        lab.check_promise(checkpoint_id)
        assert lab.operation('protect', checkpoint_id).status == 'running'
        lab.expire()
        assert lab.process().work() is None
        lab.check_available(checkpoint_id)


def test_a_plugin_may_exit(lab):
    """sys.exit() in a hook is an error of its resource, not of ours."""
    def trick(step):
        raise SystemExit(3)

    lab.tricks['protect', 'on_main', 'disk'] = trick
    process = lab.process(threads=2)
    for _again in range(3):         # more often than there are threads
        checkpoint_id = lab.ask_protect()
        assert process.work() is None
        operation = lab.operation('protect', checkpoint_id)
        assert operation.status == 'error'
        assert 'SystemExit: 3' in operation.reason
        lab.delete(checkpoint_id)
    lab.tricks.clear()
    lab.ask_protect()
    assert process.work() is None


def test_a_story_that_raises_what_is_not_ours_has_no_outcome(
        lab, monkeypatch):
    def story(shop, run, checkpoint):
        raise ZeroDivisionError

    checkpoint_id = lab.ask_protect()
    with monkeypatch.context() as patch:
        patch.setattr(work, '_protect', story)
        with pytest.raises(ZeroDivisionError):
            lab.process().work()
    assert lab.operation('protect', checkpoint_id).status == 'running'
    lab.expire()
    assert lab.process().work() is None
    lab.check_available(checkpoint_id)


def test_what_the_journal_names_is_swept_only_when_it_names_another(
        lab, quiet):
    """A process dies again and again where it writes the main hook's end.

    What an earlier hook has saved stays until the journal names what took
    its place, so the one that comes after can build on it.
    """
    lab.shrink()
    checkpoint_id = lab.ask_protect()
    for attempt in (1, 2, 3):
        faults = Faults()

        def trick(step, faults=faults):
            # the next write to the database is that of the hook's end
            faults._at, faults._error = faults.calls + 1, Crash()
            faults._on = frozenset({'write'})

        lab.tricks['protect', 'on_main', 'app'] = trick
        operation = lab.claim(owner=f'process {attempt}')
        assert operation.attempt == attempt
        with pytest.raises(Crash):
            lab.process(faults).carry_out(operation)
        lab.expire()
    lab.tricks.clear()
    assert lab.process().work() is None
    lab.check_available(checkpoint_id)
