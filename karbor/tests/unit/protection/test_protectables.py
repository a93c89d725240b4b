# SPDX-License-Identifier: Apache-2.0
"""Graphs of several plugins: all of it, or an error."""

from oslo_config import cfg
import pytest

from karbor import exception
from karbor import extensions
from karbor import plugin
from karbor.plugin import Resource
from karbor.protection import protectables
from karbor.protection.protectables import Protectables

WHO = plugin.Context(project_id='mine')
WORLD = {'Server': ['s1', 's2'], 'Volume': ['v1', 'v2', 'v3'],
         'Network': ['n1']}
EDGES = {'s1': ['v1', 'v2', 'n1'], 's2': ['v2', 'v3', 'n1'], 'v3': ['n1']}


class Plugin(plugin.ProtectablePlugin):
    """Answers from WORLD, for the project ``mine``; notes who asks what."""

    def __init__(self, type_, parents=(), error=None):
        self.resource_type = type_
        self.parent_types = frozenset(parents)
        self.error = error
        self.asked = []

    def _answer(self, context, *question):
        self.asked.append(question)
        if self.error is not None:
            raise self.error
        return WORLD[self.resource_type] if context.project_id == 'mine' \
            else []

    def list(self, context, parameters):
        return [Resource(self.resource_type, id_) for id_
                in self._answer(context, 'list', parameters)]

    def show(self, context, resource_id, parameters):
        if resource_id not in self._answer(context, 'show', resource_id):
            raise plugin.InstanceNotFound(type=self.resource_type,
                                          id=resource_id)
        return Resource(self.resource_type, resource_id, 'its own name',
                        {'as': 'now'})

    def dependents(self, context, parents):
        known = self._answer(context, 'dependents',
                             [parent.id for parent in parents])
        return {parent.key: [Resource(self.resource_type, id_)
                             for id_ in EDGES.get(parent.id, ())
                             if id_ in known]
                for parent in parents}


def plugins(**errors):
    return [Plugin('Server', error=errors.get('Server')),
            Plugin('Volume', ['Server'], errors.get('Volume')),
            Plugin('Network', ['Server', 'Volume'], errors.get('Network'))]


@pytest.mark.parametrize('enabled', [True, False])
def test_what_needs_a_cloud_is_not_offered_without_one(conf, caplog,
                                                       monkeypatch, enabled):
    class Cloudy(Plugin):
        needs_cloud = True

        def __init__(self, config):
            super().__init__('Cloudy')
    monkeypatch.setattr(extensions, 'names', lambda namespace: ['cloudy'])
    monkeypatch.setattr(extensions, 'load', lambda namespace, name: Cloudy)
    conf.set_override('enabled', enabled, 'cloud')
    caplog.set_level('INFO')
    assert list(Protectables.load(conf).types()) == ['Cloudy'] * enabled
    assert [record.getMessage() for record in caplog.records] == [
        'Protectable cloudy is left out: it needs a cloud, and [cloud] '
        'enabled is false.'] * (not enabled)
    assert {record.levelname for record in caplog.records} <= {'INFO'}


def test_a_graph_is_made_of_the_answers_of_all_plugins():
    graph = Protectables(plugins()).graph(
        WHO, [Resource('Server', 's1'), Resource('Server', 's2')])
    assert {r.id: [c.id for c in graph.children_of(r)]
            for r in graph.resources} == {
        's1': ['v1', 'v2', 'n1'], 's2': ['v2', 'v3', 'n1'],
        'v1': [], 'v2': [], 'v3': ['n1'], 'n1': []}


def test_each_plugin_is_asked_once_for_a_type_and_level():
    server, volume, network = three = plugins()
    Protectables(three).graph(
        WHO, [Resource('Server', 's1'), Resource('Server', 's2')])
    assert server.asked == [('show', 's1'), ('show', 's2')]
    assert volume.asked == [('dependents', ['s1', 's2'])]
    assert network.asked == [('dependents', ['s1', 's2']),
                             ('dependents', ['v1', 'v2', 'v3'])]


def test_a_name_of_the_plan_stays_and_the_rest_is_as_it_is_now():
    graph = Protectables(plugins()).graph(
        WHO, [Resource('Volume', 'v1', 'as I call it', {'as': 'then'}),
              Resource('Volume', 'v2')])
    assert [(r.name, r.extra_info) for r in graph.resources[:2]] == [
        ('as I call it', {'as': 'now'}), ('its own name', {'as': 'now'})]


@pytest.mark.parametrize(('context', 'id_'), [
    (WHO, 'gone'), (plugin.Context(project_id='other'), 's1')])
def test_a_root_that_is_not_there_is_an_error(context, id_):
    with pytest.raises(exception.PluginError,
                       match=f'Server {id_} does not exist, or the project'):
        Protectables(plugins()).graph(
            context, [Resource('Server', 's2') if context is WHO else
                      Resource('Server', id_), Resource('Server', id_)])


@pytest.mark.parametrize('type_', ['Server', 'Volume', 'Network'])
@pytest.mark.parametrize('error', [ValueError('why'), SystemExit('why')])
def test_a_plugin_that_fails_leaves_no_graph(type_, error):
    found = Protectables(plugins(**{type_: error}))
    kind = type(error).__name__
    with pytest.raises(exception.PluginError,
                       match=f'{type_} cannot be looked up: {kind}: why'):
        found.graph(WHO, [Resource('Server', 's1')])


def test_an_error_with_a_sentence_is_passed_on():
    error = plugin.PluginError(reason='the cloud is away')
    found = Protectables(plugins(Server=error))
    for ask in (lambda: found.graph(WHO, [Resource('Server', 's1')]),
                lambda: found.instances(WHO, 'Server', {}),
                lambda: found.instance(WHO, 'Server', 's1', {})):
        with pytest.raises(exception.PluginError,
                           match='^the cloud is away$'):
            ask()


def test_children_of_a_stranger_are_an_error():
    class Odd(Plugin):
        def dependents(self, context, parents):
            return {('Server', 'nobody asked for'): []}

    with pytest.raises(exception.PluginError, match='Volume cannot be'):
        Protectables([Plugin('Server'), Odd('Volume', ['Server'])]).graph(
            WHO, [Resource('Server', 's1')])


def test_a_circle_is_an_error():
    class Back(Plugin):
        def dependents(self, context, parents):
            return {parent.key: [Resource('Server', 's1')]
                    for parent in parents}

    with pytest.raises(exception.Invalid, match='form a circle'):
        Protectables([Back('Server', ['Server'])]).graph(
            WHO, [Resource('Server', 's1')])


def test_types_name_their_dependents():
    assert Protectables(plugins()).types() == {
        'Network': {'name': 'Network', 'dependent_types': []},
        'Server': {'name': 'Server',
                   'dependent_types': ['Network', 'Volume']},
        'Volume': {'name': 'Volume', 'dependent_types': ['Network']}}


def test_instances_are_those_of_the_project():
    server, *_others = three = plugins()
    found = Protectables(three)
    assert [r.id for r in found.instances(WHO, 'Server', {'a': 1})] == [
        's1', 's2']
    assert server.asked == [('list', {'a': 1})]
    assert found.instance(WHO, 'Server', 's1', {}).id == 's1'
    other = plugin.Context(project_id='other')
    assert found.instances(other, 'Server', {}) == []
    with pytest.raises(exception.InstanceNotFound):
        found.instance(other, 'Server', 's1', {})


def test_an_unknown_type_is_not_found():
    found = Protectables(plugins())
    for ask in (lambda: found.instances(WHO, 'X', {}),
                lambda: found.instance(WHO, 'X', '1', {}),
                lambda: found.graph(WHO, [Resource('X', '1')])):
        with pytest.raises(exception.ProtectableTypeNotFound):
            ask()


class Good(Plugin):
    resource_type = 'Good'
    option_group = 'good'
    options = (cfg.IntOpt('size', default=3),)

    def __init__(self, config):
        super().__init__('Good')
        self.config = config[self.option_group]


class Bad(Good):
    def __init__(self, config):
        raise RuntimeError('no')


def test_a_broken_plugin_is_left_out(monkeypatch):
    classes = {'good': Good, 'bad': Bad}

    def load(namespace, name):
        assert namespace == 'karbor.protectables'
        return classes[name]

    monkeypatch.setattr(extensions, 'names',
                        lambda namespace: ['bad', 'good', 'missing'])
    monkeypatch.setattr(extensions, 'load', load)
    found = Protectables.load(cfg.ConfigOpts())
    assert list(found.types()) == ['Good']
    assert found._plugin('Good').config.size == 3


def test_the_installed_ones_are_found(conf):
    assert 'Karbor::Noop' in protectables.Protectables.load(conf).types()


def test_a_plugin_that_gives_up_is_an_error():
    """Cancelled has no meaning here, and would leave no outcome."""
    class Quitter(plugin.ProtectablePlugin):
        resource_type = 'Test::Quitter'

        def list(self, context, parameters):
            raise plugin.Cancelled()

        def show(self, context, resource_id, parameters):
            raise plugin.Cancelled()

    asked = Protectables([Quitter(None)])
    with pytest.raises(exception.PluginError, match='Test::Quitter'):
        asked.graph(plugin.Context(project_id='p'),
                    [Resource('Test::Quitter', 'x')])
