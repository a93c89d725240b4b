# SPDX-License-Identifier: Apache-2.0
import json
import urllib.parse

import pytest

from karbor.tests import fixtures
from karbor.tests.fixtures import trigger_body

V1_1 = {'OpenStack-API-Version': 'data-protect 1.1'}
DAILY = 'BEGIN:VEVENT\nRRULE:FREQ=DAILY\nEND:VEVENT'
PROPERTIES = trigger_body()['trigger_info']['properties']


def make(api, properties=None, **changes):
    return api.post('/triggers', trigger_body(properties, **changes),
                    ).json['trigger_info']


def refused(answer):
    return answer.json['badRequest']['message']


def test_a_trigger_has_the_fields_of_the_contract(api):
    made = make(api, {'window': 1200, 'end_time': '2126-01-01 00:00:00'})
    assert made == {
        'id': made['id'], 'name': 'nightly', 'type': 'time', 'properties': {
            'format': 'crontab', 'pattern': '0 2 * * 1',
            'start_time': '2026-11-22 18:20:00',
            'end_time': '2126-01-01 00:00:00', 'window': 1200}}
    assert api.get(f'/triggers/{made["id"]}').json == {'trigger_info': made}
    assert api.get('/triggers').json == {'triggers': [made]}


def test_what_is_not_given_is_filled_in(api):
    info = trigger_body()
    del info['trigger_info']['properties']['start_time']
    made = api.post('/triggers', info).json['trigger_info']['properties']
    assert made['window'] == 900
    assert made['end_time'] is None
    # now, in the form that is taken back
    api.post('/triggers', trigger_body(made))


@pytest.mark.parametrize(('format_', 'pattern'), [
    ('calendar', DAILY), ('calendar', DAILY.replace('\n', '\\n')),
    ('calendar', f'BEGIN:VCALENDAR\r\n{DAILY}\r\nEND:VCALENDAR\r\n'),
    ('crontab', '@daily')])
def test_each_trigger_chooses_its_format(api, format_, pattern):
    made = make(api, {'format': format_, 'pattern': pattern})
    assert made['properties']['pattern'] == pattern


@pytest.mark.parametrize(('properties', 'words'), [
    ({'format': 'sundial'}, ['format', 'calendar, crontab']),
    ({'format': None}, ['properties.format']),
    ({'pattern': ''}, ['properties.pattern']),
    ({'pattern': 5}, ['properties.pattern']),
    ({'pattern': 'a' * 16385}, ['properties.pattern', '16384']),
    ({'pattern': '0 2 * *'}, ['pattern', 'five fields', 'it has 4']),
    ({'pattern': '0 99 * * *'}, ['pattern', 'out of range']),
    ({'pattern': '0 0 30 2 *'}, ['pattern', 'never fires']),
    ({'format': 'calendar', 'pattern': '0 2 * * 1'},
     ['pattern', 'iCalendar VEVENT']),
    ({'pattern': '*/30 * * * *'},
     ['1800 seconds apart', '3600', '2126-11-22 18:30:00',
      '2126-11-22 19:00:00', '2126-11-22 19:30:00']),
    ({'end_time': '2126-11-22 18:30:00'},
     ['before end_time', '2126-11-25 02:00:00', '2126-12-02 02:00:00']),
    ({'end_time': '2126-11-22 18:20:00'}, ['end_time', 'after start_time']),
    ({'end_time': '2126-13-01 00:00:00'}, ['properties.end_time']),
    ({'start_time': '2126-11-22T18:20:00'},
     ['properties.start_time', '2026-11-22 18:20:00']),
    ({'start_time': '0001-01-01 00:00:00'}, ['start_time', 'year']),
    ({'start_time': '9999-01-01 00:00:00'}, ['start_time', 'year']),
    ({'start_time': 5}, ['properties.start_time']),
    ({'window': 899}, ['window', '900 to 1800', '899']),
    ({'window': 1801}, ['window', '1801']),
    ({'window': '900'}, ['properties.window', 'integer']),
    ({'window': True}, ['properties.window', 'integer']),
    ({'colour': 'red'}, ['properties', 'colour']),
])
def test_bad_properties_are_refused_with_what_was_expected(
        api, properties, words):
    answer = api.post('/triggers', trigger_body({
        'start_time': '2126-11-22 18:20:00', **properties}), expect=400)
    assert all(word in refused(answer) for word in words), answer.text
    assert len(answer.text) < 700
    assert api.get('/triggers').json == {'triggers': []}


@pytest.mark.parametrize(('changes', 'words'), [
    ({'type': 'event'}, ['type', 'expected time', 'event']),
    ({'type': 'moon'}, ['type', 'expected one of time, event, not moon']),
    ({'type': None}, ['trigger_info.type']),
    ({'name': ' '}, ['trigger_info.name', 'not blank']),
    ({'name': None}, ['trigger_info.name']),
    ({'more': 1}, ['more'])])
def test_bad_triggers_are_refused(api, changes, words):
    message = refused(api.post('/triggers', trigger_body(**changes),
                               expect=400))
    assert all(word in message for word in words), message


@pytest.mark.parametrize(('properties', 'word'), [
    ({'pattern': '@daily'}, "'format' is a required"),
    ({'format': 'crontab'}, "'pattern' is a required"),
    ([], 'trigger_info.properties')])
def test_what_properties_must_have(api, properties, word):
    wanted = trigger_body()
    wanted['trigger_info']['properties'] = properties
    assert word in refused(api.post('/triggers', wanted, expect=400))


def test_the_bounds_are_options(api, conf):
    for name, value in (('min_interval', 60), ('min_window_time', 0),
                        ('max_window_time', 86400)):
        conf.set_override(name, value, 'operationengine')
    made = make(api, {'pattern': '* * * * *', 'window': 86400})
    assert made['properties']['window'] == 86400


def test_a_name_is_changed_alone(api):
    made = make(api)
    changed = api.put(f'/triggers/{made["id"]}', {
        'trigger_info': {'name': 'new'}}).json['trigger_info']
    assert changed == {**made, 'name': 'new'}


def test_properties_are_replaced_as_a_whole(api):
    made = make(api, {'window': 1200})
    path = f'/triggers/{made["id"]}'
    properties = {'format': 'calendar', 'pattern': DAILY,
                  'start_time': '2026-12-01 00:00:00'}
    changed = api.put(path, {'trigger_info': {'properties': properties}},
                      ).json['trigger_info']
    assert changed == {**made, 'properties': {
        **properties, 'end_time': None, 'window': 900}}
    assert api.get(path).json['trigger_info'] == changed
    # what was shown can be sent back
    assert api.put(path, {'trigger_info': {
        'properties': changed['properties']}}).json['trigger_info'] == changed


@pytest.mark.parametrize(('changes', 'word'), [
    ({}, 'name, properties'), ({'type': 'time'}, 'type'),
    ({'properties': {'format': 'crontab', 'pattern': '@daily'}},
     'start_time should be supplied'),
    ({'properties': {**PROPERTIES, 'start_time': None}},
     'start_time should be supplied'),
    ({'properties': {**PROPERTIES, 'pattern': '* * * * *'}}, '60 seconds')])
def test_bad_changes_are_refused(api, changes, word):
    made = make(api)
    path = f'/triggers/{made["id"]}'
    assert word in refused(api.put(path, {'trigger_info': changes},
                                   expect=400))
    assert api.get(path).json['trigger_info'] == made


def test_deleting(api):
    path = f'/triggers/{make(api)["id"]}'
    assert api.delete(path).body == b''
    answer = api.delete(path, expect=404)
    assert 'Trigger' in answer.json['itemNotFound']['message']


@pytest.mark.parametrize('method', ['get', 'put', 'delete'])
def test_ids_are_uuids(api, method):
    answer = getattr(api, method)('/triggers/new', expect=400)
    assert refused(answer) == 'Invalid trigger id provided.'


def test_triggers_of_others_do_not_exist(api, other, admin):
    path = f'/triggers/{make(api)["id"]}'
    other.get(path, expect=404)
    other.put(path, {'trigger_info': {'name': 'x'}}, expect=404)
    other.delete(path, expect=404)
    theirs = make(other)
    assert other.get('/triggers?all_tenants=1').json == {'triggers': [theirs]}
    assert len(admin.get('/triggers?all_tenants=1').json['triggers']) == 2
    assert admin.get(
        f'/triggers?all_tenants=1&project_id={fixtures.OTHER}',
    ).json == {'triggers': [theirs]}


def test_filters(api):
    first = make(api, name='a')
    make(api, {'window': 1000}, name='ab')
    text = json.dumps(first['properties'])

    def found(**query):
        return [one['name'] for one in api.get(
            f'/triggers?{urllib.parse.urlencode(query)}').json['triggers']]

    assert found(name='a') == ['a']
    assert found(type='time', sort='name:asc') == ['a', 'ab']
    assert found(type='event') == []
    assert found(properties=text) == ['a']
    assert found(properties='{}') == []
    # left out in silence, as the contract has it
    assert len(found(window='1000')) == 2


def test_a_page_links_to_the_next(api):
    for name in 'ab':
        make(api, name=name)
    page = api.get('/triggers?limit=1&sort=name:asc').json
    assert [one['name'] for one in page['triggers']] == ['a']
    [link] = page['triggers_links']
    path = link['href'].partition(api.base)[2]
    assert [one['name'] for one in api.get(path).json['triggers']] == ['b']


def test_from_1_1_on(api):
    info = trigger_body({'start_time': '2026-11-22T19:20:00+01:00',
                 'end_time': '2126-11-22T18:20:00.5'})
    answer = api.post('/triggers', info, headers=V1_1, expect=201)
    made = answer.json['trigger_info']
    assert answer.headers['Location'].endswith(f'/triggers/{made["id"]}')
    assert made['properties']['start_time'] == '2026-11-22T18:20:00.000000Z'
    assert made['properties']['end_time'] == '2126-11-22T18:20:00.000000Z'
    assert made['project_id'] == fixtures.PROJECT
    path = f'/triggers/{made["id"]}'
    shown = api.get(path, headers=V1_1).json['trigger_info']
    assert shown == made
    assert api.get(path).json['trigger_info']['properties'][
        'start_time'] == '2026-11-22 18:20:00'
    changed = api.put(path, {'trigger_info': {
        'properties': shown['properties']}}, headers=V1_1).json
    assert changed['trigger_info']['updated_at'] is not None
    api.get('/triggers?window=5', headers=V1_1, expect=400)
    api.delete(path, headers=V1_1, expect=204)


@pytest.mark.parametrize('text', ['2026-13-01T00:00:00Z', 'yesterday',
                                  '0001-01-01T00:00:00+23:59', '2026-W47'])
def test_what_is_no_time_is_refused(api, text):
    answer = api.post('/triggers', trigger_body({'start_time': text}),
                      headers=V1_1, expect=400)
    assert 'start_time' in refused(answer)


def test_a_list_costs_the_same_number_of_statements(api):
    make(api)
    with fixtures.Statements() as one:
        assert len(api.get('/triggers').json['triggers']) == 1
    for _number in range(9):
        make(api)
    with fixtures.Statements() as ten:
        assert len(api.get('/triggers').json['triggers']) == 10
    assert one.count == ten.count > 0


# far enough that no time of it has come
FAR = {'start_time': '2126-11-22 18:20:00'}


def test_from_1_2_on_a_trigger_has_a_zone(api):
    new = api.at('1.2')
    made = new.post('/triggers', trigger_body({
        **FAR, 'timezone': 'Europe/Berlin'}), expect=201).json['trigger_info']
    assert made['properties']['timezone'] == 'Europe/Berlin'
    assert made['next_time'] == '2126-11-25T01:00:00.000000Z'
    path = f'/triggers/{made["id"]}'
    assert new.get(path).json['trigger_info'] == made
    assert new.get('/triggers').json['triggers'] == [made]
    # older versions do not show it, do not take it, and leave it as it is
    for old in (api, api.at('1.1')):
        shown = old.get(path).json['trigger_info']
        assert 'timezone' not in shown['properties']
        assert 'next_time' not in shown
        message = refused(old.post('/triggers', trigger_body(
            {'timezone': 'UTC'}), expect=400))
        assert 'timezone' in message
        old.put(path, {'trigger_info': {
            'properties': {**shown['properties'], 'window': 1800}}})
        assert new.get(path).json['trigger_info']['properties'] == {
            **made['properties'], 'window': 1800}
    # an update has its effect at once
    changed = new.put(path, {'trigger_info': {'properties': {
        **made['properties'], 'timezone': 'Asia/Tokyo'}}},
    ).json['trigger_info']
    assert changed['next_time'] == '2126-11-24T17:00:00.000000Z'


def test_made_by_an_older_version_it_is_in_utc(api):
    made = make(api, FAR)
    text = json.dumps(made['properties'])
    shown = api.at('1.2').get(f'/triggers/{made["id"]}').json['trigger_info']
    assert shown['properties']['timezone'] == 'UTC'
    assert shown['next_time'] == '2126-11-25T02:00:00.000000Z'
    # and is found by what that version shows
    query = urllib.parse.urlencode({'properties': text})
    assert api.get(f'/triggers?{query}').json['triggers'] == [made]


@pytest.mark.parametrize('zone', ['Mars', 'europe/berlin', '../x', '', 5,
                                  'x' * 300])
def test_what_is_no_zone_is_refused(api, zone):
    for path in ('/triggers', '/triggers/preview'):
        message = refused(api.at('1.2').post(
            path, trigger_body({'timezone': zone}), expect=400))
        assert 'timezone' in message
        assert 'Europe/Berlin' in message
        assert len(message) < 400
    assert api.get('/triggers').json == {'triggers': []}


def preview(api, properties=None, query='', **kwargs):
    return api.at('1.2').post(f'/triggers/preview{query}',
                              trigger_body({**FAR, **(properties or {})}),
                              **kwargs)


def test_a_preview(api):
    with fixtures.Statements() as statements:
        shown = preview(api, {'timezone': 'Europe/Berlin'}).json['preview']
    # nothing but the pattern is looked at
    assert statements.count == 0
    assert shown['times'] == [
        {'time': f'2126-{day}T01:00:00.000000Z',
         'local_time': f'2126-{day}T02:00:00+01:00'}
        for day in ('11-25', '12-02', '12-09')]
    assert shown['properties'] == {
        'format': 'crontab', 'pattern': '0 2 * * 1', 'window': 900,
        'start_time': '2126-11-22T18:20:00.000000Z', 'end_time': None,
        'timezone': 'Europe/Berlin'}
    assert api.get('/triggers').json == {'triggers': []}


@pytest.mark.parametrize('count', [1, 100])
def test_a_preview_of_so_many_times(api, count):
    found = preview(api, query=f'?count={count}').json['preview']['times']
    assert len(found) == count


@pytest.mark.parametrize('count', ['0', '101', '-1', '', 'x', '1.0', '9' * 99,
                                   '\u0663'])
def test_a_preview_of_another_number(api, count):
    query = urllib.parse.urlencode({'count': count})
    message = refused(preview(api, query=f'?{query}', expect=400))
    assert 'count' in message
    assert 'Expected 1 to 100' in message


def test_a_preview_needs_no_name(api):
    wanted = trigger_body(FAR)
    del wanted['trigger_info']['name']
    api.at('1.2').post('/triggers/preview', wanted)
    message = refused(api.at('1.2').post('/triggers', wanted, expect=400))
    assert "'name' is a required" in message


def test_a_preview_is_new_at_1_2(api):
    api.at('1.1').post('/triggers/preview', trigger_body(FAR), expect=404)


def test_events_have_no_preview(api):
    message = refused(api.at('1.2').post(
        '/triggers/preview', trigger_body(FAR, type='event'), expect=400))
    assert 'nobody knows when' in message
