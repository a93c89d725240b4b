# SPDX-License-Identifier: Apache-2.0
import pytest

from karbor import context
from karbor import exception
from karbor.actions import providers
from karbor.model.resource import Resource
from karbor.tests import fixtures

PROVIDER = fixtures.provider()


def test_finding(member, rules, protection):
    assert providers.list_(member) == protection.all_providers
    assert providers.get(member, fixtures.PROVIDER)['name'] == 'first'
    with pytest.raises(exception.ProviderNotFound, match=fixtures.NOWHERE):
        providers.get(member, fixtures.NOWHERE)


def test_a_provider_that_a_body_names(member, rules, protection):
    found = providers.named(member, fixtures.PROVIDER)
    assert found['name'] == 'first'
    with pytest.raises(exception.Invalid, match='provider_id') as raised:
        providers.named(member, fixtures.NOWHERE)
    assert (raised.value.code, raised.value.facts['field']) == (
        400, 'provider_id')


def test_nobody_without_a_role_is_answered(rules, protection):
    nobody = context.RequestContext(project_id='p', overwrite=False)
    with pytest.raises(exception.Forbidden):
        providers.list_(nobody)
    with pytest.raises(exception.Forbidden):
        providers.get(nobody, fixtures.PROVIDER)
    assert not protection.asked


def test_types():
    good = Resource(fixtures.THING, 'a')
    providers.check_types(PROVIDER, (good,))
    with pytest.raises(exception.Invalid, match=r'resources\[1\].type'):
        providers.check_types(PROVIDER, (good, Resource('X', 'a')))
    with pytest.raises(exception.Invalid, match='nothing'):
        providers.check_types({**PROVIDER, 'resource_types': []}, (good,))


@pytest.mark.parametrize('parameters', [
    {}, {fixtures.THING: {}}, {fixtures.THING: {'speed': 1}},
    {f'{fixtures.THING}#any id': {'speed': 1}}])
def test_good_parameters(parameters):
    providers.check_parameters(PROVIDER, 'options_schema', parameters)


@pytest.mark.parametrize(('parameters', 'words'), [
    ({'X': {}}, r'parameters\.X.*Test::Box, Test::Thing'),
    ({fixtures.THING: {'speed': 0}}, r'parameters\.Test::Thing\.speed'),
    # it would be without effect
    ({f'{fixtures.THING}#': {}}, 'followed by # and an id'),
    ({f'{fixtures.THING}#i': {'x': 0}}, r'parameters\.Test::Thing#i.*x'),
    ({fixtures.BOX: {'x': 0}}, 'x')])
def test_bad_parameters(parameters, words):
    with pytest.raises(exception.Invalid, match=words):
        providers.check_parameters(PROVIDER, 'options_schema', parameters)


def test_what_is_wrong_is_said_in_short():
    with pytest.raises(exception.Invalid) as caught:
        providers.check_parameters(PROVIDER, 'options_schema', {
            fixtures.THING: {'speed': 'x' * 100_000}})
    assert len(str(caught.value)) < 1000


def test_a_plugin_may_allow_what_it_does_not_know():
    open_ = fixtures.provider(options_schema={
        'T': {'additionalProperties': {'type': 'string'}}})
    providers.check_parameters(open_, 'options_schema', {'T': {'x': 'y'}})
    with pytest.raises(exception.Invalid):
        providers.check_parameters(open_, 'options_schema', {'T': {'x': 1}})
