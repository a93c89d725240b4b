# SPDX-License-Identifier: Apache-2.0
"""The reference of the API tells of every method, and of nothing else."""

import itertools
import json
from pathlib import Path
import re

import pytest
import yaml

from karbor.api import openapi
from karbor.api import root
from karbor.api.schemas import method
from karbor.tests.functional import samples

REF = samples.API_REF
ROUTES = [pytest.param(route, id=f'{route.method} {route.path}')
          for route in root.ROUTES]
# what is above the projects, and needs no token
ABOVE = {'GET /', 'GET /v1', 'GET /v1/openapi.json'}


def _sections():
    """Text of the section of each method; they begin with their titles."""
    found = {}
    for path in REF.glob('*.inc'):
        for text in re.split(r'\n(?=[^\n]+\n~{3,}\n)', path.read_text()):
            for name in re.findall(r'\.\. rest_method:: (.+)', text):
                assert name not in found
                found[name] = text
    return found


SECTIONS = _sections()


def section(route):
    return SECTIONS[f'{route.method} /v1/{{project_id}}/{route.path}']


def part(text, title):
    """Names of parameters in the request or in the response."""
    found = re.search(rf'\n{title}\n-+\n(.*?)(?=\n\w+\n-+\n|\Z)', text, re.S)
    return [] if found is None else re.findall(
        r'^   - ([\w-]+): \S+$', found.group(1), re.M)


def statuses(text, kind):
    found = re.search(
        rf'rest_status_code:: {kind} status.yaml\n\n((?:   - \d+\n)+)', text)
    return [] if found is None else [
        int(code) for code in re.findall(r'\d+', found.group(1))]


def properties(schema):
    """Names of a body, and of the object below its one key."""
    names = [name for name in schema['properties']
             if not name.endswith('_links')]
    if len(names) == 1:
        inner = schema['properties'][names[0]]
        names += inner.get('items', inner).get('properties', {})
    return names


def test_every_method_has_its_section():
    assert set(SECTIONS) - ABOVE == {
        f'{route.method} /v1/{{project_id}}/{route.path}'
        for route in root.ROUTES}
    assert set(SECTIONS) >= ABOVE
    included = re.findall(r'include:: (\S+)', (REF / 'index.rst').read_text())
    assert sorted(included) == sorted(path.name for path in REF.glob('*.inc'))


@pytest.mark.parametrize('route', ROUTES)
def test_statuses(route):
    forms = route.does.forms
    assert sorted(statuses(section(route), 'success')) == sorted(
        {form.status for form in forms})
    # who shows no token never learns what there is
    assert set(statuses(section(route), 'error')) >= (
        {400, 403, 406} if route.does.public else {400, 401, 403, 404, 406})
    for before, form in itertools.pairwise(forms):
        if form.status != before.status:
            assert (f'{form.status} from version {form.since} on'
                    in section(route))


@pytest.mark.parametrize('route', ROUTES)
def test_what_a_method_takes(route):
    told = part(section(route), 'Request')
    wanted = {'OpenStack-API-Version', 'project_id',
              *re.findall(r'{(\w+)}', route.path)}
    for form in route.does.forms:
        wanted |= set(form.headers)
        if form.query:
            wanted |= {name for name, _schema in form.query.parameters()}
        if form.body:
            wanted |= set(properties(form.body))
    assert set(told) == wanted


@pytest.mark.parametrize('route', ROUTES)
def test_what_a_method_answers(route):
    wanted = set()
    for form in route.does.forms:
        if form.answer:
            wanted |= set(properties(form.answer))
    assert set(part(section(route), 'Response')) == wanted


@pytest.mark.parametrize('route', ROUTES)
def test_samples_stand_with_their_method(route):
    name = samples.name_of(route)
    wanted = {path.name for path in samples.SAMPLES.glob(f'{name}-re*.json')}
    for what, schemas in (('request', [form.body for form
                                       in route.does.forms]),
                          ('response', [form.answer for form
                                        in route.does.forms])):
        # an empty object needs no sample
        if any(schema and schema['properties'] for schema in schemas):
            assert any(one.startswith(f'{name}-{what}') for one in wanted)
    assert set(re.findall(r'literalinclude:: samples/(\S+)',
                          section(route))) == wanted


def test_every_sample_is_shown():
    shown = [name for text in SECTIONS.values() for name
             in re.findall(r'literalinclude:: samples/(\S+)', text)]
    assert sorted(shown) == sorted(
        path.name for path in samples.SAMPLES.iterdir())


def test_every_parameter_is_used():
    told = yaml.safe_load((REF / 'parameters.yaml').read_text())
    used = {key for text in SECTIONS.values()
            for key in re.findall(r'^   - [\w-]+: (\S+)$', text, re.M)}
    assert used == set(told)


def test_the_published_documents():
    samples.hold(REF / 'openapi', '*.json', {
        f'openapi-{version}.json': json.dumps(
            openapi.document(version, samples.BASE), indent=1) + '\n'
        for version in method.VERSIONS})
    text = Path(REF / 'versions.inc').read_text()
    assert re.findall(r'<openapi/openapi-(\S+)\.json>', text) == [
        str(version) for version in method.VERSIONS]
