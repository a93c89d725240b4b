# SPDX-License-Identifier: Apache-2.0
"""The pipelines around the application."""

from karbor.api import app as api_app


def test_a_browser_of_another_site(parts, api):
    origin = 'http://127.0.0.1:1234'
    parts.set_override('allowed_origin', [origin], 'cors')
    api.app = api_app.build(parts)
    asked = {'Origin': origin, 'Access-Control-Request-Method': 'PUT',
             'Access-Control-Request-Headers': 'X-Auth-Token'}
    answer = api.send('OPTIONS', '/plans', headers=asked, expect=200)
    assert answer.headers['Access-Control-Allow-Origin'] == origin
    for path, status in (('/plans', 200), ('/nonsense', 404)):
        answer = api.get(path, headers={'Origin': origin}, expect=status)
        assert answer.headers['Access-Control-Allow-Origin'] == origin
        assert 'X-OpenStack-Request-ID' in answer.headers[
            'Access-Control-Expose-Headers']
    answer = api.get('/plans', headers={'Origin': 'http://127.0.0.1:1'})
    assert 'Access-Control-Allow-Origin' not in answer.headers


def test_errors_of_all_parts_are_json_with_an_id(parts, api):
    parts.set_override('max_request_body_size', 10, 'oslo_middleware')
    for answer in (api.post('/plans', body=b'x' * 11, expect=413),
                   api.post('/plans', body=b'x', expect=400),
                   api.get('/nonsense', expect=404),
                   api.ask('/\udcff')):
        assert answer.content_type == 'application/json'
        assert answer.headers['x-openstack-request-id']
