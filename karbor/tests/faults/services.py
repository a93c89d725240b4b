# SPDX-License-Identifier: Apache-2.0
"""Services of an OpenStack cloud over HTTP, as far as lists go.

What they answer has the shape that the real ones give it. They count what
they are asked, and fail where they are told to.
"""

import contextlib
import http.server
import json
import threading
import urllib.parse

from keystoneauth1 import session as sessions
from keystoneauth1.identity import v3
from openstack import connection

REGION = 'RegionOne'
CUT = 'cut'
GARBAGE = 'garbage'
HANG = 'hang'
PROXY = 'proxy'

_TYPES = {'compute': 'compute/v2.1', 'block-storage': 'volume/v3',
          'image': 'image', 'network': 'network', 'identity': 'identity/v3'}
_VERSIONS = {
    'compute': ('v2.1', '2.100', 'compute/v2.1/'),
    'volume': ('v3.0', '3.71', 'volume/v3/'),
    'image': ('v2.17', None, 'image/v2/'),
    'network': ('v2.0', None, 'network/v2.0/'),
    'identity': ('v3.14', None, 'identity/v3/'),
}


class Services:
    """The services of a cloud, and what is in it.

    :ivar things: by collection (``servers``, ``volumes``, ...), plain data
    :ivar asked: ``(service, path)`` of every question but those for versions
        and tokens
    :ivar fails: by ``(service, number)``, what becomes of the question of a
        service that has this number, counted from 1: a status, CUT, GARBAGE,
        HANG or PROXY
    :ivar home: the project that tokens are for
    :ivar roles: of who asks, in it
    :ivar missing: types of services that are not in the catalogue
    """

    page = 2

    def __init__(self):
        self.things = {name: [] for name in (
            'servers', 'volumes', 'images', 'networks', 'ports', 'projects')}
        self.members = set()
        self.asked = []
        self.queries = []
        self.fails = {}
        self.home = 'karbor'
        self.roles = ['admin']
        self.missing = ()
        self.regions = [REGION]
        self.released = threading.Event()

    @contextlib.contextmanager
    def running(self):
        """Answer, on a port of their own."""
        services = self

        class Handler(_Handler):
            cloud = services

        server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        server.daemon_threads = True
        self.url = f'http://127.0.0.1:{server.server_port}'
        thread = threading.Thread(target=server.serve_forever,
                                  kwargs={'poll_interval': 0.01})
        thread.start()
        try:
            yield self
        finally:
            self.released.set()
            server.shutdown()
            server.server_close()
            thread.join()

    def connect(self, timeout=30):
        """A connection of who asks; it begins without a token."""
        return connection.Connection(
            session=sessions.Session(v3.Password(
                f'{self.url}/identity/v3', username='karbor',
                password='secret', user_domain_id='default',
                project_id=self.home), timeout=timeout),
            region_name=REGION)

    def count(self, service):
        """How often a service was asked."""
        return sum(asked == service for asked, _path in self.asked)

    def token(self):
        return {'token': {
            'methods': ['password'], 'expires_at': '2099-01-01T00:00:00Z',
            'issued_at': '2026-01-01T00:00:00Z', 'audit_ids': ['a'],
            'user': {'id': 'karbor', 'name': 'karbor',
                     'domain': {'id': 'default', 'name': 'Default'}},
            'project': {'id': self.home, 'name': self.home,
                        'domain': {'id': 'default', 'name': 'Default'}},
            'roles': [{'id': name, 'name': name} for name in self.roles],
            'catalog': [
                {'type': type_, 'name': type_, 'id': type_, 'endpoints': [
                    {'interface': 'public', 'region': region,
                     'region_id': region, 'id': f'{type_}-{region}',
                     'url': f'{self.url}/{path}'}
                    for region in self.regions]}
                for type_, path in _TYPES.items()
                if type_ not in self.missing]}}


class _Handler(http.server.BaseHTTPRequestHandler):
    """One question."""

    protocol_version = 'HTTP/1.1'
    wbufsize = -1
    disable_nagle_algorithm = True
    cloud = None

    def log_message(self, *_args):
        pass

    def do_POST(self):
        self.rfile.read(int(self.headers.get('Content-Length', 0)))
        self._json(201, self.cloud.token(), {'X-Subject-Token': 'token'})

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        service, _slash, rest = url.path.lstrip('/').partition('/')
        rest = rest.strip('/')
        version, micro, path = _VERSIONS[service]
        if not rest.strip('v0123456789.'):
            self._versions(service, version, micro, path)
            return
        cloud = self.cloud
        cloud.asked.append((service, rest))
        query = urllib.parse.parse_qs(url.query)
        cloud.queries.append(query)
        fail = cloud.fails.get((service, cloud.count(service)))
        if fail == CUT:
            self._cut()
        elif fail == HANG:
            cloud.released.wait()
            self.close_connection = True
        elif fail == GARBAGE:
            self._json(200, {'surprise': []})
        elif fail == PROXY:
            self._send(200, 'text/html', b'<p>Welcome')
        elif fail:
            self._json(fail, {'error': {'message': f'failed at {cloud.url}'}})
        else:
            self._answer(service, rest.split('/')[1:] if rest.startswith('v')
                         else rest.split('/'), query)

    def _answer(self, service, path, query):
        collection, *rest = path
        things = self.cloud.things[collection]
        if len(rest) == 3:
            self._member(rest[0], rest[2])
        elif rest and rest != ['detail']:
            self._one(collection, things, rest[0])
        else:
            chosen = self._chosen(service, things, query)
            if chosen is None:
                self._json(403, {'forbidden': {'message': 'no'}})
            else:
                self._page(service, collection, chosen, query)

    def _chosen(self, service, things, query):
        """What is in a list before it is cut into pages."""
        cloud, all_ = self.cloud, 'all_tenants' in query
        admin = 'admin' in cloud.roles
        if service == 'compute' and all_ and not admin:
            return None
        if service in ('compute', 'volume'):
            # the real Cinder does not tell that it has not heard the filter
            wanted = (query.get('project_id', [None])[0] if all_ and admin
                      else cloud.home)
            return [t for t in things if wanted in (None, _owner(t))
                    or t.get('leaks')]
        owner = (query.get('owner') or query.get('project_id') or [None])[0]
        ids = query.get('id')
        if ids and ids[0].startswith('in:'):
            ids = ids[0][3:].split(',')
        hidden = query.get('os_hidden', ['False'])[0] == 'True'
        return [t for t in things
                if (owner in (None, _owner(t)) or t.get('leaks'))
                and (not ids or t['id'] in ids)
                and (service != 'image' or t['os_hidden'] == hidden)]

    def _page(self, service, collection, things, query):
        size = self.cloud.page
        ids = [thing['id'] for thing in things]
        marker = query.get('marker', [None])[0]
        start = ids.index(marker) + 1 if marker else 0
        page = things[start:start + size]
        told = {collection: page}
        if start + size < len(things):
            query['marker'] = [page[-1]['id']]
            where = self.path.partition('?')[0]
            href = f'{where}?{urllib.parse.urlencode(query, True)}'
            if service == 'image':
                told['next'] = href.removeprefix('/image')
            else:
                told[f'{collection}_links'] = [
                    {'rel': 'next', 'href': self.cloud.url + href}]
        self._json(200, told)

    def _one(self, collection, things, id_):
        for thing in things:
            if thing['id'] == id_:
                self._json(200, thing if collection == 'images'
                           else {collection[:-1]: thing})
                return
        self._json(404, {'itemNotFound': {'message': 'not found'}})

    def _member(self, image, project):
        if (image, project) in self.cloud.members:
            self._json(200, {'image_id': image, 'member_id': project,
                             'status': 'pending'})
        else:
            self._json(404, {'itemNotFound': {'message': 'not found'}})

    def _versions(self, service, version, micro, path):
        told = {'id': version, 'status': 'CURRENT', 'links': [
            {'rel': 'self', 'href': f'{self.cloud.url}/{path}'}]}
        if micro:
            told.update({'version': micro,
                         'min_version': micro.partition('.')[0] + '.1'})
        single = service in ('compute', 'identity')
        self._json(200, {'version': told} if single
                   else {'versions': [told]})

    def _cut(self):
        """Promise more than is sent."""
        self.send_response(200)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', '1000')
        self.end_headers()
        self.wfile.write(b'{"servers": [')
        self.close_connection = True

    def _json(self, status, told, headers=None):
        self._send(status, 'application/json', json.dumps(told).encode(),
                   headers)

    def _send(self, status, type_, body, headers=None):
        self.send_response(status)
        self.send_header('Content-Type', type_)
        self.send_header('Content-Length', str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _owner(thing):
    for name in ('tenant_id', 'os-vol-tenant-attr:tenant_id', 'owner',
                 'project_id'):
        if name in thing:
            return thing[name]
    return thing['id']


def server(id_, project, *, image=None, volumes=(), **more):
    """A server as Nova tells of it."""
    return {'id': id_, 'name': f'server {id_}', 'tenant_id': project,
            'status': 'ACTIVE', 'OS-EXT-AZ:availability_zone': 'nova',
            'flavor': {'original_name': 'small', 'vcpus': 1, 'ram': 64},
            'image': {'id': image} if image else '',
            'os-extended-volumes:volumes_attached': [
                {'id': volume, 'delete_on_termination': False}
                for volume in volumes], **more}


def volume(id_, project, **more):
    """A volume as Cinder tells of it."""
    return {'id': id_, 'name': f'volume {id_}', 'size': 1,
            'status': 'available', 'volume_type': 'file',
            'availability_zone': 'nova',
            'os-vol-tenant-attr:tenant_id': project, **more}


def image(id_, project, **more):
    """An image as Glance tells of it."""
    return {'id': id_, 'name': f'image {id_}', 'owner': project,
            'status': 'active', 'size': 100, 'disk_format': 'raw',
            'visibility': 'shared', 'os_hidden': False, **more}


def network(id_, project, **more):
    """A network as Neutron tells of it."""
    return {'id': id_, 'name': f'network {id_}', 'project_id': project,
            'tenant_id': project, **more}


def port(id_, project, network_id, device_id=''):
    """A port as Neutron tells of it."""
    return {'id': id_, 'project_id': project, 'tenant_id': project,
            'network_id': network_id, 'device_id': device_id}


def project(id_, **more):
    """A project as Keystone tells of it."""
    return {'id': id_, 'name': f'project {id_}', 'enabled': True,
            'domain_id': 'default', **more}
