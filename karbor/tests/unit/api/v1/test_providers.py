# SPDX-License-Identifier: Apache-2.0
from karbor import exception
from karbor.tests import fixtures


def names(api, query=''):
    return [one['name'] for one
            in api.get(f'/providers{query}').json['providers']]


def test_a_provider_has_the_fields_of_the_contract(api):
    shown = api.get(f'/providers/{fixtures.PROVIDER}').json['provider']
    assert set(shown) == {'id', 'name', 'description', 'extended_info_schema'}
    assert set(shown['extended_info_schema']) == {
        'options_schema', 'restore_schema', 'saved_info_schema',
        'verify_schema', 'copy_schema'}
    assert api.get('/providers').json['providers'][0] == shown


def test_ids(api):
    answer = api.get('/providers/x', expect=400)
    assert 'Invalid provider id provided.' in answer.text
    answer = api.get(f'/providers/{fixtures.NOWHERE}', expect=404)
    assert fixtures.NOWHERE in answer.text


def test_filters_and_pages(api):
    assert names(api, '?name=second') == ['second']
    assert names(api, '?description=the+first+one') == ['first']
    assert names(api, '?name=fir') == []
    assert names(api, '?colour=red') == ['first', 'second']
    assert names(api, '?limit=1') == ['first']
    assert names(api, f'?marker={fixtures.PROVIDER}') == ['second']
    assert names(api, f'?marker={fixtures.PROVIDER_2}') == []
    assert names(api, '?offset=1') == ['second']
    api.get('/providers?marker=x', expect=404)


def test_nobody_answers(api, protection):
    protection.error = exception.NoAnswer(service='karbor-protection',
                                          seconds=15)
    answer = api.get('/providers', expect=503)
    assert 'karbor-protection' in (
        answer.json['serviceUnavailable']['message'])
    # what the database knows is still there
    api.get('/plans')
    api.post('/plans', fixtures.plan_body(), expect=503)
