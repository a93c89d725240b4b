# SPDX-License-Identifier: Apache-2.0

import types

import pytest

from karbor import plugin
from karbor.plugins.protectable.registered import RegisteredProtectable
from karbor.tests.unit.plugins import test_registry


class Protectable(RegisteredProtectable):
    resource_type = 'Test::Thing'
    option_group = 'things'
    registry_class = test_registry.Things


@pytest.fixture
def file(tmp_path):
    return tmp_path / 'things.toml'


@pytest.fixture
def protectable(file):
    return Protectable({'things': types.SimpleNamespace(registry=str(file))})


def test_a_resource_tells_id_and_name(file, protectable):
    file.write_text(test_registry.thing(1, note='"secret"')
                    + test_registry.thing(2, projects='["b"]'))
    (found,) = protectable.list(plugin.Context('a'), {})
    assert found == protectable.show(plugin.Context('a'), found.id, {})
    assert found.to_dict() == {
        'type': 'Test::Thing', 'id': str(test_registry.uuid.UUID(int=1)),
        'name': 't1', 'extra_info': None}
    with pytest.raises(plugin.InstanceNotFound):
        protectable.show(plugin.Context('b'), found.id, {})


def test_a_broken_registry_is_no_empty_one(file, protectable):
    file.write_text('broken')
    for ask in (lambda: protectable.list(plugin.Context('a'), {}),
                lambda: protectable.find(plugin.Context('a'), ['x'])):
        with pytest.raises(plugin.PluginError, match='things is broken'):
            ask()
