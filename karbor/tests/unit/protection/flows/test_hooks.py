# SPDX-License-Identifier: Apache-2.0
"""Which hooks there are to run, and what is left out."""

import pytest

from karbor import context as karbor_context
from karbor import plugin
from karbor.model.graph import Graph
from karbor.protection import work
from karbor.protection.flows import build
from karbor.protection.flows import hooks
from karbor.protection.run import Run
from karbor.tests.unit.protection.lab import APP
from karbor.tests.unit.protection.lab import DISK


class Main(plugin.Operation):
    def on_main(self, step):
        """Overridden."""


class Nothing(plugin.Operation):
    """Overrides no hook."""


class Raises(plugin.Operation):
    def __init__(self, plugin):
        raise OSError('no memory')

    on_main = Main.on_main


@pytest.fixture
def run(lab):
    """A run of a protect operation whose journal has been begun."""
    lab.ask_protect()
    process = lab.process()
    claimed = lab.claim()
    run = Run(karbor_context.system(), claimed, process.provider,
              plugin.Context('p'), lease=1000)
    graph = process.shop.protectables.graph(
        run.plugin_context, [plugin.Resource(APP, 'app')])
    work._begin(run, graph, {}, graph.to_json())
    run.lab = lab
    run.plugin = process.protection
    return run


def of(run, operations):
    run.plugin.operations = operations
    return [hooks.hooks_of(run, position)
            for position in range(len(run.states))]


def test_only_overridden_hooks_are_run(run):
    assert isinstance(run.graph, Graph)
    assert of(run, {'protect': Main}) == [('on_main',)] * 2
    assert of(run, {'protect': Nothing}) == [()] * 2
    assert of(run, {'restore': Main}) == [()] * 2


def test_what_is_done_or_failed_is_left_out(run):
    run.states[0].hooks_done.append('on_main')
    hooks.fail(run, 1, 'why')
    assert of(run, {'protect': Main}) == [(), ()]


def test_a_failed_resource_stops_a_protect_and_nothing_else(run):
    run.plugin.operations = {'protect': Main, 'restore': Main}
    hooks.fail(run, 1, 'why')
    hooks.call(run, build.Call(0, 'on_main'))
    hooks.call(run, build.Call(1, 'on_main'))
    assert run.states[0].hooks_done == []
    assert run.first_reason() == f'{DISK} disk: why'
    object.__setattr__(run.operation, 'type', 'restore')
    hooks.call(run, build.Call(0, 'on_main'))
    hooks.call(run, build.Call(1, 'on_main'))
    assert [state.hooks_done for state in run.states] == [['on_main'], []]


def test_an_operation_that_the_plugin_does_not_have_is_left_out(run):
    run.plugin.operations = {}
    hooks.call(run, build.Call(0, 'on_main'))
    assert run.progress.status(0) == 'undefined'


def test_a_plugin_that_cannot_even_begin_fails_its_resource(run):
    run.plugin.operations = {'protect': Raises}
    hooks.call(run, build.Call(0, 'on_main'))
    assert run.first_reason() == f'{APP} app: OSError: no memory'
    [row, _other] = run.lab.operation(
        'protect', run.operation.checkpoint_id).resources
    assert (row.status, row.reason) == ('error', 'OSError: no memory')


def test_a_failure_that_cannot_be_written_is_found_again(run):
    """The run has been lost: the next one will see for itself."""
    run.lab.expire()
    run.lab.claim(owner='thief')
    hooks.fail(run, 0, 'why')
    assert run.halted == 'lost'
    # and nothing is begun any more
    hooks.call(run, build.Call(1, 'on_main'))
    assert run.progress.status(1) == 'undefined'


def test_a_plugin_that_claims_to_be_cancelled_has_failed(run):
    class Lies(plugin.Operation):
        def on_main(self, step):
            raise plugin.Cancelled()

    run.plugin.operations = {'protect': Lies}
    hooks.call(run, build.Call(0, 'on_main'))
    assert 'Cancelled' in run.first_reason()
