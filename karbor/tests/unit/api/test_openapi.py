# SPDX-License-Identifier: Apache-2.0
import json

import openapi_spec_validator
import pytest

from karbor.api import openapi
from karbor.api import root
from karbor.api.schemas import method


@pytest.mark.parametrize('version', method.VERSIONS)
def test_it_is_what_it_says(version):
    document = openapi.document(version, 'http://localhost')
    openapi_spec_validator.validate(document)
    assert document['openapi'].startswith('3.1')
    # other languages know neither \A nor \Z
    assert '\\\\A' not in json.dumps(document)
    assert '\\\\Z' not in json.dumps(document)
    found = {(name.upper(), path) for path, methods
             in document['paths'].items() for name in methods}
    assert found == {(route.method, f'/v1/{{project_id}}/{route.path}')
                     for route in root.ROUTES if route.does.form(version)}


def test_an_operation():
    document = openapi.document(method.V1_1)
    plans = document['paths']['/v1/{project_id}/plans']
    assert plans['post']['operationId'] == 'plans.create'
    assert set(plans['post']['responses']) == {
        '201', '400', '401', '403', '404', 'default'}
    names = {(one['in'], one['name']) for one in plans['get']['parameters']}
    assert {('path', 'project_id'), ('query', 'limit'), ('query', 'status'),
            ('header', 'OpenStack-API-Version')} <= names
    one = document['paths']['/v1/{project_id}/plans/{plan_id}']
    assert 'content' not in one['delete']['responses']['204']


def test_nouns_and_ids_that_are_unlike_others():
    paths = openapi.document(method.V1_0)['paths']
    detail = paths['/v1/{project_id}/quotas/{quota_project_id}/detail']
    assert detail['get']['operationId'] == 'quotas.detail'
    assert detail['get']['tags'] == ['quotas']
    assert paths['/v1/{project_id}/operation_logs']['get']['tags'] == [
        'operation_logs']
    types = {one['name']: one['schema']['type'] for one in paths[
        '/v1/{project_id}/os-services/{service_id}']['put']['parameters']}
    assert types == {'project_id': 'string', 'service_id': 'integer'}


def test_operations_have_names_of_their_own():
    ids = [one['operationId'] for methods
           in openapi.document(method.VERSIONS[-1])['paths'].values()
           for one in methods.values()]
    assert len(ids) == len(set(ids)) > 20


def test_a_property_may_be_called_like_a_keyword():
    schema = {'properties': {'pattern': {'pattern': r'\Ax\Z'},
                             'enum': {'pattern': r'\Ax\Z'}},
              'patternProperties': {r'\Ay\Z': {'pattern': r'\Ax\Z'}}}
    assert openapi._published(schema) == {
        'properties': {'pattern': {'pattern': '^x$'},
                       'enum': {'pattern': '^x$'}},
        'patternProperties': {'^y$': {'pattern': '^x$'}}}
