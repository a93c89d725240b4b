# SPDX-License-Identifier: Apache-2.0
import types

import pytest

from karbor import exception
from karbor.api import hooks
from karbor.api import request as api_request
from karbor.api.views import plans as views
from karbor.tests import fixtures


def state(path):
    request = api_request.Request.blank(path)
    request.pecan = {'content_type': None}
    return types.SimpleNamespace(request=request)


def test_a_request_gets_what_handlers_need(conf):
    one = state('/v1/p/plans?a=1&b=%C3%A4&a=2')
    hooks.Prepare(conf).on_route(one)
    assert one.request.conf is conf
    assert one.request.query == {'a': '2', 'b': 'ä'}
    assert one.request.pecan['content_type'] == 'application/json'


def test_errors_are_answered_with_the_id_of_the_request():
    one = state('/')
    one.request.environ['openstack.request_id'] = 'req-7'
    answer = hooks.Errors().on_error(one, RuntimeError('secret'))
    assert answer.status_int == 500
    assert 'req-7' in answer.text
    answer = hooks.Errors().on_error(one, exception.PlanNotFound(id='i'))
    assert answer.status_int == 404


@pytest.mark.parametrize(('how', 'status'), [
    ('none', 200), ('warn', 200), ('error', 500)])
def test_answers_that_break_their_schema(api, conf, monkeypatch, caplog, how,
                                         status):
    monkeypatch.setattr(views, 'show', lambda plan, version: {'id': 5})
    conf.set_override('response_validation', how, 'api')
    api.post('/plans', fixtures.plan_body(), expect=status)
    assert ('breaks its schema' in caplog.text) == (how != 'none')
