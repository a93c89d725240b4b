# SPDX-License-Identifier: Apache-2.0
from karbor.api import base


def test_an_empty_answer_is_json_all_the_same():
    response = base.Response()
    assert base.empty(response) is response
    assert (response.status_int, response.body) == (200, b'')
    assert response.content_type == 'application/json'


def test_a_handler_speaks_json():
    @base.handler
    def show(self, request, response):
        return {}
    assert show._pecan['content_types'] == {'application/json': 'json'}


def test_pecan_need_not_work_out_what_a_handler_takes():
    class Nouns:
        @base.handler
        def show(self, request, response, noun_id):
            return noun_id

    assert list(Nouns.show.__signature__.parameters) == [
        'self', 'request', 'response', 'noun_id']
    assert Nouns().show(None, None, 'x') == 'x'
    assert Nouns.show.exposed
