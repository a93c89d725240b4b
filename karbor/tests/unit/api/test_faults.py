# SPDX-License-Identifier: Apache-2.0
import json

from oslo_db import exception as db_exception
from oslo_messaging._drivers import common as messaging
import pytest
import webob.exc

from karbor import exception
from karbor.actions import plans
from karbor.api import faults
from karbor.rpc import transport


@pytest.mark.parametrize(('code', 'name'), [
    (400, 'badRequest'), (401, 'unauthorized'), (403, 'forbidden'),
    (404, 'itemNotFound'), (405, 'badMethod'), (409, 'conflictingRequest'),
    (413, 'overLimit'), (415, 'badMediaType'), (501, 'notImplemented'),
    (503, 'serviceUnavailable'), (424, 'computeFault'),
    (500, 'computeFault'), (418, 'computeFault')])
def test_names_of_the_contract(code, name):
    answer = faults.response(code, 'words')
    assert answer.status_int == code
    assert answer.content_type == 'application/json'
    fault = json.loads(answer.text)[name]
    assert (fault['code'], fault['message']) == (code, 'words')
    assert ('retryAfter' in fault) == (code == 413)


def test_an_error_from_the_other_side_shows_its_sentence_only():
    try:
        raise exception.InstanceNotFound(type='T', id='i')
    except exception.InstanceNotFound:
        import sys
        wire = messaging.serialize_remote_exception(sys.exc_info())
    error = messaging.deserialize_remote_exception(
        wire, transport.ALLOWED_REMOTE)
    assert 'Traceback' in str(error)
    answer = faults.of(error, 'req-1')
    assert json.loads(answer.text) == {'itemNotFound': {
        'code': 404, 'message': 'T i could not be found.'}}


def test_errors_of_webob_are_no_html():
    answer = faults.of(webob.exc.HTTPBadRequest('<b>words</b>'), 'req-1')
    assert json.loads(answer.text)['badRequest']['message'] == '<b>words</b>'
    assert faults.of(webob.exc.HTTPNotImplemented(), None).status_int == 501


def break_plans(monkeypatch, error):
    def fail(*_args):
        raise error
    monkeypatch.setattr(plans, 'list_', fail)


def test_what_nobody_expected_is_told_to_the_log_only(
        api, monkeypatch, caplog):
    break_plans(monkeypatch, RuntimeError('the password is secret'))
    answer = api.get('/plans', expect=500)
    id_ = answer.headers['x-openstack-request-id']
    assert id_ in answer.json['computeFault']['message']
    assert 'secret' not in answer.text
    assert 'the password is secret' in caplog.text


def test_our_own_errors_of_the_server_are_logged(api, monkeypatch, caplog):
    break_plans(monkeypatch, exception.BankError(key='k', reason='gone'))
    answer = api.get('/plans', expect=500)
    assert answer.json['computeFault']['message'] == (
        'The bank failed at k: gone')
    assert 'BankError' in caplog.text


def test_a_database_that_is_away(api, conf, tmp_path):
    from karbor.db import session
    conf.set_override('connection', f'sqlite:///{tmp_path}/empty.db',
                      'database')
    session.init(conf)
    answer = api.get('/plans', expect=500)
    assert 'plans' not in answer.json['computeFault']['message']


def test_a_database_that_cannot_be_reached(api, monkeypatch):
    break_plans(monkeypatch, db_exception.DBConnectionError())
    answer = api.get('/plans', expect=503)
    assert answer.json['serviceUnavailable']['message'] == (
        'The database cannot be reached; try again later.')
