# SPDX-License-Identifier: Apache-2.0
"""Who may do what, asked with real tokens; the table is roles.txt."""

from pathlib import Path

import pytest

from karbor.api import root
from karbor.tests.functional.identity import cloud as clouds
from karbor.tests.functional.identity import things as all_things

NAMES = ('reader', 'member', 'manager', 'admin', 'service', 'none',
         'other-manager', 'other-admin', 'system-reader', 'system-admin',
         'domain-admin')
ROUTES = {f'{route.method} {route.path}': route for route in root.ROUTES}


def table():
    """Status by person, by route."""
    rows = {}
    lines = Path(__file__).with_name('roles.txt').read_text().splitlines()
    for line in lines:
        words = line.split()
        if words and words[0].isupper():
            method, path, *statuses = words
            assert f'{method} {path}' not in rows, line
            rows[f'{method} {path}'] = dict(
                zip(NAMES, map(int, statuses), strict=True))
    return rows


ROWS = table()


@pytest.fixture(scope='module')
def things(karbor):
    made = all_things.Things(karbor)
    yield made
    made.close()


@pytest.fixture(scope='module')
def revoked(cloud):
    """A token that was good."""
    token = cloud.new_token('admin')
    assert cloud.accepts(token)
    cloud.revoke(token)
    return token


def test_the_table_is_whole():
    """A route without a row, or a row without a route, is a hole."""
    assert set(ROWS) == {row for row, route in ROUTES.items()
                         if not route.does.public}


@pytest.mark.parametrize('row', ROWS)
def test_who_may(karbor, things, revoked, row):
    route = ROUTES[row]
    version = route.does.forms[0].since
    path = all_things.PATHS.get(row, route.path)
    headers = {'OpenStack-API-Version': f'data-protect {version}'}

    def ask(who, **kwargs):
        return karbor.ask(
            who, route.method, '/' + things.fill(path),
            json=things.fill(all_things.BODIES.get(row)), headers=headers,
            **kwargs)

    mine = karbor.cloud.projects[clouds.MINE]
    other = karbor.cloud.projects[clouds.OTHER]
    # so that all lists have something to hide
    known = {things[name] for name in ('plan_id', 'restore_id')}
    for who, status in ROWS[row].items():
        outside = who in ('other-manager', 'other-admin')
        things.fill([path, all_things.BODIES.get(row)])
        before = things.rows()
        answer = ask(who, project=other if outside else mine)
        assert answer.status_code == status, (who, answer.text)
        if status >= 400:
            (fault, told), = answer.json().items()
            assert fault == {403: 'forbidden', 404: 'itemNotFound'}[status]
            if status == 403:
                assert told['message'] == (
                    f"Policy doesn't allow {route.does.rule} to be performed.")
            assert things.rows() == before, who
        elif route.method != 'GET':
            things.forget()
        elif outside and not route.path.endswith(('}', '/retention')):
            assert not any(id_ in answer.text for id_ in known), who
    before = things.rows()
    for token in (None, '', 'nonsense', revoked):
        assert ask(None, token=token, project=mine).status_code == 401
    # a token of one project for the URL of another, whoever asks
    for who, project in (('manager', other), ('admin', other),
                         ('other-admin', mine)):
        answer = ask(who, project=project)
        assert (answer.status_code, answer.json()['badRequest']['message']
                ) == (400, 'Malformed request url')
    assert things.rows() == before


def test_what_is_public(karbor, things):
    """Who somebody is does not matter there, only what he can sign."""
    [route] = [route for route in root.ROUTES if route.does.public]
    path = '/' + things.fill(route.path.replace('trigger_id', 'webhook_id'))
    mine = karbor.cloud.projects[clouds.MINE]
    before = things.rows()
    answers = {ask.text for ask in (
        *(karbor.ask(who, route.method, path, json={}, project=mine)
          for who in ('admin', 'none', 'system-admin')),
        *(karbor.ask(None, route.method, path, json={}, project=mine,
                     token=token) for token in (None, 'nonsense')))}
    [answer] = answers
    assert 'There is no such webhook, or its signature is wrong.' in answer
    assert things.rows() == before
