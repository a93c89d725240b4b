# SPDX-License-Identifier: Apache-2.0
"""Samples for the reference of the API: recorded, and always the same.

What differs from run to run is put in the same words: ids are numbered by
the noun that showed them first, times and sizes go by the name of their key.
"""

import hashlib
import json
import os
from pathlib import Path
import re
import time
import uuid

import requests

from karbor.api import root
from karbor.model import webhook

API_REF = Path(__file__).parents[3] / 'api-ref' / 'source' / 'v1'
SAMPLES = API_REF / 'samples'
# set by tools/checks.sh samples
WRITE = 'KARBOR_WRITE_SAMPLES'
PROJECT = '7f3d1c2b5a6948e7b0a1c2d3e4f50617'
# the base of the URLs that users see
BASE = 'http://127.0.0.1:8799'

_UUID = re.compile(r'[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}')
_TIME = re.compile(r'\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d:\d\d(?:\.\d{6})?Z?)?')
# The moment of each key: an application is protected at three o'clock.
_TIMES = {'created_at': '2026-11-22T15:00:00.120000',
          'queued_at': '2026-11-22T15:00:00.120000',
          'started_at': '2026-11-22T15:00:00.480000',
          'updated_at': '2026-11-22T15:00:07.310000',
          'ended_at': '2026-11-22T15:00:09.750000',
          'next_sweep_at': '2026-11-22T16:00:00.120000',
          'expected_at': '2026-11-22T15:00:00.060000',
          'triggered_at': '2026-11-22T15:00:00.060000',
          'start_by': '2026-11-22T15:15:00.060000',
          'complete_by': '2026-11-22T16:00:00.060000',
          'cancel_requested_at': '2026-11-22T15:00:09.750000'}
# How much there is depends on how the machine writes an archive.
_SIZES = {'size': 1048576, 'bytes_done': 1048576, 'bytes_total': 1048576}

# as good as any other
SECRET = hashlib.sha256(b'secret').hexdigest()


class Recorder:
    """Asks a real server, and keeps what it says.

    :ivar samples: text by name of its file
    :param projects: ids of projects that are shown as `PROJECT`
    :param constants: ids that are shown as they are
    """

    def __init__(self, url, projects, constants):
        self.samples = {}
        self.statuses = set()
        self._url = url
        self._names = dict.fromkeys(projects, PROJECT)
        self._constants = constants
        # those that were asked, but for the first
        self._versions = []
        self.begin(None, next(iter(projects)))

    def begin(self, version, project):
        """Ask from now on with this version; ids are counted anew."""
        self._version = version
        if version is not None:
            self._versions.append(version)
        self._project = project
        self._ids = {one: one for one in self._constants}
        self._count = {}
        self._numbers = {}

    def ask(self, method, path, body=None, **query):
        """Send a request below the project and return what is answered."""
        return self._send(method, f'/v1/{self._project}/{path}', body,
                          query)[1]

    def record(self, method, path, body=None, **query):
        """Do the same and keep it as the sample of its route."""
        status, answer = self._send(
            method, f'/v1/{self._project}/{path}', body, query)
        route, _ids = root.match(method, path.split('/'))
        name = name_of(route)
        self.statuses.add((name, self._version, status))
        self._keep(name, 'request', body)
        self._keep(name, 'response', answer)
        return answer

    def record_call(self, secret, path, body):
        """Do the same with a webhook, as somebody without a token."""
        path = f'/v1/{self._project}/{path}'
        sent = json.dumps(body).encode()
        timestamp = str(int(time.time()))
        answer = requests.post(self._url + path, data=sent, timeout=60,
                               headers={
            'Content-Type': 'application/json',
            'OpenStack-API-Version': f'data-protect {self._version or "1.0"}',
            'X-Karbor-Timestamp': timestamp,
            'X-Karbor-Signature': webhook.signature(secret, timestamp, sent)})
        assert answer.ok, answer.text
        name = 'triggers-webhook'
        self.statuses.add((name, self._version, answer.status_code))
        self._keep(name, 'request', body)
        self._keep(name, 'response', answer.json())

    def record_above(self, name, path):
        """Keep what is answered above the projects."""
        _status, answer = self._send('GET', path, None, {})
        self._keep(name, 'response', answer)

    def ask_newest(self, method, path, body):
        """Ask for what the version that is recorded has not."""
        return self._send(method, f'/v1/{self._project}/{path}', body, {},
                          'latest')[1]

    def _send(self, method, path, body, query, version=None):
        headers = {'X-Auth-Token': f'user:{self._project}'}
        if version := version or self._version:
            headers['OpenStack-API-Version'] = f'data-protect {version}'
        answer = requests.request(method, self._url + path, json=body,
                                  params=query, headers=headers, timeout=60)
        assert answer.ok, answer.text
        return answer.status_code, (answer.json() if answer.content else None)

    def _keep(self, name, what, document):
        if not document:
            return
        text = json.dumps(self._plain(name, document), indent=4,
                          ensure_ascii=False) + '\n'
        *older, own = (
            f'{name}-{what}.json' if version is None
            else f'{name}-{what}-{version}.json'
            for version in (None, *self._versions))
        shown = [self.samples[one] for one in older if one in self.samples]
        if shown[-1:] != [text]:
            self.samples[own] = text

    # -- always the same ------------------------------------------------------

    def _plain(self, noun, value, key=''):
        if isinstance(value, dict):
            return {self._text(noun, one): self._plain(noun, item, one)
                    for one, item in value.items()}
        if isinstance(value, list):
            return [self._plain(noun, item, key) for item in value]
        if isinstance(value, str):
            return self._string(noun, value, key)
        if key in _SIZES and value:
            return _SIZES[key]
        if key == 'id':
            # which of the daemons was first is chance
            return self._numbers.setdefault(value, len(self._numbers) + 1)
        return value

    def _string(self, noun, value, key):
        if key == 'secret':
            return SECRET
        if value[:1] in ('{', '['):
            # a text of JSON, which clients of v1 know so
            return json.dumps(self._plain(noun, json.loads(value)))
        if _TIME.fullmatch(value) and key in _TIMES:
            moment = _TIMES[key]
            if ' ' in value:
                moment = moment.replace('T', ' ')
            if value.endswith('Z'):
                return moment[:len(value) - 1] + 'Z'
            return moment[:len(value)]
        return self._text(noun, value)

    def _text(self, noun, value):
        value = value.replace(self._url, BASE)
        for found, shown in self._names.items():
            value = value.replace(found, shown)
        return _UUID.sub(lambda match: self._id(noun, match.group()), value)

    def _id(self, noun, found):
        if found not in self._ids:
            noun = noun.rpartition('-')[0]
            self._count[noun] = self._count.get(noun, 0) + 1
            made = uuid.uuid5(uuid.NAMESPACE_URL,
                              f'{noun}/{self._count[noun]}').hex
            # one that a random one could be
            self._ids[found] = str(uuid.UUID(made, version=4))
        return self._ids[found]


def name_of(route):
    """The name of a route's samples: ``plans-create``."""
    handler = route.handler
    noun = re.sub(r'(?<=[a-z])(?=[A-Z])', '-', type(handler.__self__).__name__)
    return f'{noun.lower()}-{handler.__name__.replace("_", "-")}'


def hold(directory, pattern, samples):
    """Compare files with what they should be, or write them.

    :param samples: text by name of the file; all that match the pattern
    """
    if os.environ.get(WRITE):
        for path in directory.glob(pattern):
            if path.name not in samples:
                path.unlink()
        for name, text in samples.items():
            (directory / name).write_text(text)
    found = {path.name: path.read_text() for path in directory.glob(pattern)}
    assert found == samples, (
        'tools/checks.sh samples writes what the service says now')
