# SPDX-License-Identifier: Apache-2.0
"""What is asked, and the rows that it is asked about."""

import datetime
import itertools
import json
import uuid

from servers import PROVIDER
import sqlalchemy as sa

from karbor.db import models
from karbor.model.graph import Graph
from karbor.model.resource import Resource

BEGAN = datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC)
COUNTS = (1, 100, 1000, 10000)
RESOURCE = Resource('Karbor::Noop', '1', 'noop')
# new plans are of so many projects, because each counts its own
PROJECTS = 100


def project(number):
    return f'{number:032}'


def request(method, path, project_, document=None):
    """A request as text."""
    body = '' if document is None else json.dumps(document)
    lines = [f'{method} {path} HTTP/1.1', 'Host: 127.0.0.1',
             f'X-Auth-Token: bench:{project_}']
    if body:
        lines += ['Content-Type: application/json',
                  f'Content-Length: {len(body)}']
    return '\r\n'.join([*lines, '', body])


def _id():
    return str(uuid.uuid4())


def _plans(connection, count, project_):
    """Insert plans; returns their ids."""
    ids = [_id() for _number in range(count)]
    connection.execute(sa.insert(models.Plan), [
        {'id': id_, 'project_id': project_, 'name': f'plan {number}',
         'description': 'for the benchmark', 'provider_id': PROVIDER,
         'status': 'suspended', 'parameters': {},
         'created_at': BEGAN + datetime.timedelta(seconds=number)}
        for number, id_ in enumerate(ids)])
    connection.execute(sa.insert(models.PlanResource), [
        {'plan_id': id_, 'position': 0, 'resource_type': RESOURCE.type,
         'resource_id': RESOURCE.id, 'name': RESOURCE.name}
        for id_ in ids])
    return ids


def _checkpoints(connection, count, project_):
    graph = Graph.of((RESOURCE,), {}).to_json()
    plan = {'id': _id(), 'name': 'plan', 'provider_id': PROVIDER,
            'resources': [RESOURCE.to_dict()]}
    connection.execute(sa.insert(models.Checkpoint), [
        {'id': _id(), 'project_id': project_, 'provider_id': PROVIDER,
         'plan_id': plan['id'], 'plan': plan, 'status': 'available',
         'origin': 'manual', 'resource_graph': graph, 'sealed': True,
         'extra_info': {'created_by': 'manual'}, 'size': 1,
         'created_at': BEGAN + datetime.timedelta(seconds=number)}
        for number in range(count)])


class Cases:
    """Requests by the name of a case.

    :param url: of the database, which is filled
    """

    def __init__(self, url, counts=COUNTS):
        self._engine = sa.create_engine(url)
        self._counts = counts
        with self._engine.begin() as connection:
            for count in counts:
                self._shown = _plans(connection, count, project(count))[0]
            for count in (50, max(50, *counts)):
                _checkpoints(connection, count, project(count))

    def close(self):
        self._engine.dispose()

    def names(self):
        yield 'versions'
        for count, limit in itertools.product(self._counts, (50, None)):
            yield self._listed(count, limit)
        yield from ('show plan', 'create plan', 'delete plan')
        for count in sorted({50, max(50, *self._counts)}):
            yield f'list checkpoints, 50 of {count}'

    @staticmethod
    def _listed(count, limit):
        return f'list plans, {"no limit" if limit is None else limit} ' \
               f'of {count}'

    def requests(self, name, most):
        """Requests of a case, to be repeated; each is good once in deletes.

        :param most: so many will be sent at most
        """
        if name == 'versions':
            return [request('GET', '/v1', 'bench')]
        if name == 'show plan':
            owner = project(self._counts[-1])
            return [request('GET', f'/v1/{owner}/plans/{self._shown}',
                            owner)]
        if name == 'create plan':
            return [request('POST', f'/v1/{owner}/plans', owner, {'plan': {
                'name': 'made', 'provider_id': PROVIDER, 'parameters': {},
                'resources': [{'type': RESOURCE.type, 'id': RESOURCE.id,
                               'name': RESOURCE.name}]}})
                for owner in (project(10 ** 9 + number)
                              for number in range(PROJECTS))]
        if name == 'delete plan':
            owner = project(10 ** 10)
            with self._engine.begin() as connection:
                ids = _plans(connection, most, owner)
            return [request('DELETE', f'/v1/{owner}/plans/{id_}', owner)
                    for id_ in ids]
        owner = project(int(name.rpartition(' ')[2]))
        path = ('plans' if name.startswith('list plans')
                else f'providers/{PROVIDER}/checkpoints')
        query = '' if 'no limit' in name else '?limit=50'
        return [request('GET', f'/v1/{owner}/{path}{query}', owner)]
