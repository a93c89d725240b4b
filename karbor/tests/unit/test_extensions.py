# SPDX-License-Identifier: Apache-2.0
"""Finding plugins by the names that operators write."""

from importlib import metadata

import pytest

from karbor import exception
from karbor import extensions
from karbor import plugin


@pytest.mark.parametrize('name', extensions.names(extensions.PROTECTIONS))
def test_every_bank_and_protection_plugin_can_be_loaded(name):
    cls = extensions.load(extensions.PROTECTIONS, name)
    assert issubclass(cls, (plugin.BankPlugin, plugin.ProtectionPlugin))


@pytest.mark.parametrize('name', extensions.names(extensions.PROTECTABLES))
def test_every_protectable_can_be_loaded(name):
    assert issubclass(extensions.load(extensions.PROTECTABLES, name),
                      plugin.ProtectablePlugin)


@pytest.mark.parametrize('name', extensions.names(extensions.TIME_FORMATS))
def test_every_time_format_can_be_loaded(name):
    assert issubclass(extensions.load(extensions.TIME_FORMATS, name),
                      plugin.TimeFormat)


@pytest.mark.parametrize('name',
                         extensions.names(extensions.OPERATION_TYPES))
def test_every_operation_type_can_be_loaded(name):
    assert issubclass(extensions.load(extensions.OPERATION_TYPES, name),
                      plugin.OperationType)


def test_names_are_those_of_operators():
    assert {'karbor-fs-bank-plugin', 'karbor-noop-protection-plugin'} <= set(
        extensions.names(extensions.PROTECTIONS))
    assert extensions.names('karbor.nothing') == []


def test_a_name_of_nothing_says_what_there_is():
    with pytest.raises(exception.PluginError, match=(
            'no plugin karbor-tape is installed; there are .*'
            'karbor-fs-bank-plugin')):
        extensions.load(extensions.PROTECTIONS, 'karbor-tape')


@pytest.mark.parametrize(('value', 'said'), [
    ('karbor.tests.no_such_module:Plugin', 'ModuleNotFoundError'),
    ('karbor.plugin:NoSuchName', 'NoSuchName')])
def test_a_plugin_that_cannot_be_imported(monkeypatch, value, said):
    entry = metadata.EntryPoint('broken', value, 'karbor.test')
    monkeypatch.setattr(
        'stevedore.ExtensionManager.list_entry_points',
        lambda self: [entry])
    with pytest.raises(exception.PluginError,
                       match=f'plugin broken cannot be loaded.*{said}'):
        extensions.load('karbor.test', 'broken')
