# SPDX-License-Identifier: Apache-2.0
import pytest

from karbor.api import app as api_app
from karbor.tests import fixtures


@pytest.mark.parametrize('strategy', ['noauth', 'keystone'])
def test_version_documents_need_no_token(parts, strategy):
    parts.set_override('auth_strategy', strategy)
    api = fixtures.Api(api_app.build(parts), {})
    version = {'id': 'v1.0', 'status': 'CURRENT', 'min_version': '1.0',
               'max_version': '1.2', 'version': '1.2', 'links': [
                   {'rel': 'self', 'href': 'http://localhost/v1/'},
                   {'rel': 'describedby', 'type': 'application/json',
                    'href': 'http://localhost/v1/openapi.json'}]}
    assert api.raw('GET', '/', expect=300).json == {'versions': [version]}
    for path in ('/v1', '/v1/'):
        assert api.raw('GET', path).json == {'version': version}
    assert 'x-openstack-request-id' in api.raw('GET', '/v1').headers


def test_the_openapi_document_needs_no_token(parts):
    api = fixtures.Api(api_app.build(parts), {})
    for headers, version in (
            ({}, '1.0'),
            ({'OpenStack-API-Version': 'data-protect 1.1'}, '1.1')):
        answer = api.raw('GET', '/v1/openapi.json', headers=headers)
        assert answer.json['info']['version'] == version
        assert answer.json['servers'] == [{'url': 'http://localhost'}]
        assert answer.headers['OpenStack-API-Version'] == (
            f'data-protect {version}')


def test_links_of_version_documents(parts, app, api):
    behind = {'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'cloud',
              'X-Forwarded-Prefix': '/data-protect'}

    def href():
        return api.raw('GET', '/v1', headers=behind,
                       ).json['version']['links'][0]['href']

    # nobody but an operator who has a proxy may believe these headers
    assert href() == 'http://localhost/v1/'
    parts.set_override('enable_proxy_headers_parsing', True,
                       'oslo_middleware')
    assert href() == 'https://cloud/data-protect/v1/'
    parts.clear_override('enable_proxy_headers_parsing', 'oslo_middleware')
    parts.set_override('base_url', 'https://127.0.0.1/x', 'api')
    api.app = api_app.build(parts)
    assert href() == 'https://127.0.0.1/x/v1/'
