# SPDX-License-Identifier: Apache-2.0
"""What ``openstack`` finds in the plugin."""

import argparse
import importlib.metadata
from pathlib import Path

from osc_lib import exceptions
from osc_lib.command import command
import pytest

from karbor.osc import plugin
from karbor.tests.unit.osc import conftest

ROOT = Path(__file__).parents[4]


def test_it_is_found_beside_that_of_the_client():
    points = {point.name: point for point in importlib.metadata.entry_points(
        group='openstack.cli.extension')}
    assert points['karbor'].load() is plugin
    theirs = points['data_protection'].load()
    # an attribute of the manager each, and a group of commands
    assert theirs.API_NAME != plugin.API_NAME


def test_no_command_hides_another():
    ours = {point.name for point in importlib.metadata.entry_points(
        group=conftest.GROUP)}
    theirs = {point.name for point in importlib.metadata.entry_points(
        group='openstack.data_protection.v1')}
    assert ours
    assert not ours & theirs
    assert all(name.startswith('data_protection_') for name in ours)


@pytest.mark.parametrize('point', importlib.metadata.entry_points(
    group=conftest.GROUP), ids=lambda point: point.name)
def test_every_command_says_what_it_does(point):
    made = point.load()
    assert issubclass(made, command.Command)
    parser = made(None, None).get_parser('x')
    assert made.__doc__.strip()
    assert all(action.help for action in parser._actions)


def test_every_command_is_in_the_documents():
    page = (ROOT / 'doc/source/cli/openstack.rst').read_text()
    for point in importlib.metadata.entry_points(group=conftest.GROUP):
        verb = point.name.removeprefix('data_protection_').replace('_', ' ')
        assert f'``{verb} ' in page
        # with all options of its own
        parser = point.load()(None, None).get_parser('x')
        options = {option for action in parser._optionals._group_actions
                   for option in action.option_strings}
        assert [option for option in options - {'-h', '--help'}
                if f'{option} ' not in page and f'{option}]' not in page] == []


def test_it_has_no_options_of_its_own():
    parser = argparse.ArgumentParser()
    assert plugin.build_option_parser(parser) is parser


def test_a_cloud_without_karbor():
    manager = conftest.Manager(None)
    with pytest.raises(exceptions.CommandError,
                       match='no service of the type data-protect'):
        plugin.make_client(manager)
    # in the region and by the interface that the user wants
    assert manager.asked == [('data-protect', 'here', 'public')]
