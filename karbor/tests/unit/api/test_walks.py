# SPDX-License-Identifier: Apache-2.0
"""Walks through lists by their links, while rows come and go."""

import urllib.parse

import pytest

from karbor.db import models
from karbor.db import session
from karbor.tests import fixtures
from karbor.tests import walks


class OverHttp(walks.Store):
    """A list of the API, whose links are followed as they are."""

    def __init__(self, api, path):
        super().__init__()
        self.api = api
        self.path = path
        self.collection = path.rpartition('/')[2]

    def _page(self, path):
        body = self.api.raw('GET', path).json
        links = body.get(f'{self.collection}_links')
        return [one['id'] for one in body[self.collection]], (
            links and links[0]['href'].removeprefix('http://localhost'))

    def first(self, sort, limit, offset):
        query = urllib.parse.urlencode({
            'limit': limit, 'offset': offset,
            'sort': ','.join(':'.join(pair) for pair in sort)})
        return self._page(f'{self.api.base}{self.path}?{query}')

    def next(self, rest):
        return self._page(rest)


class Plans(OverHttp):
    def __init__(self, api, path='/plans'):
        super().__init__(api, path)

    def clear(self):
        super().clear()
        with session.engine().begin() as connection:
            connection.execute(models.Plan.__table__.delete())

    def make(self, name, time):
        with self.at(time):
            made = self.api.post('/plans', fixtures.plan_body(name=name))
        return made.json['plan']['id']

    def change(self, id_, key, name):
        path = f'/plans/{id_}'
        was = self.api.get(path).json['plan']['status']
        other = 'started' if was == 'suspended' else 'suspended'
        if key == 'status':
            self.api.put(path, {'plan': {'status': other}})
        elif was == 'suspended':
            self.api.put(path, {'plan': {'name': name}})

    def delete(self, id_):
        self.api.delete(f'/plans/{id_}')


class Instances(OverHttp):
    """A list that is in memory, in an order that cannot be chosen."""

    keys = ('created_at',)
    always = ('name', 'id')
    changing = ('name',)

    def __init__(self, api, protection):
        super().__init__(api, f'/protectables/{fixtures.THING}/instances')
        self.protection = protection
        self.made = 0

    def _number(self, id_):
        return next(number for number, one
                    in enumerate(self.protection.all_instances)
                    if one['id'] == id_)

    def clear(self):
        super().clear()
        self.made = 0
        del self.protection.all_instances[:]

    def make(self, name, time):
        self.made += 1
        self.protection.all_instances.insert(
            0, {**fixtures.instance(self.made), 'name': name})
        return f'thing-{self.made}'

    def change(self, id_, key, name):
        self.protection.all_instances[self._number(id_)]['name'] = name

    def delete(self, id_):
        del self.protection.all_instances[self._number(id_)]


class NoPosition(Plans):
    """Links as they were once: to a marker, wherever it is by then."""

    def next(self, rest):
        path, _mark, query = rest.partition('?')
        values = dict(urllib.parse.parse_qsl(query))
        del values['position']
        return super().next(f'{path}?{urllib.parse.urlencode(values)}')


def test_walks_see_every_row_once(manager):
    walks.run(Plans(manager))


def test_walks_in_memory_see_every_item_once(manager, protection):
    walks.run(Instances(manager, protection))


def test_walks_would_fail_without_positions(manager):
    """Proof that walks find what they are made for."""
    with pytest.raises(AssertionError, match='The marker .* not be found'):
        walks.run(NoPosition(manager))
