# SPDX-License-Identifier: Apache-2.0
"""A small checkpoint and a bank that fails when it is told to."""

import contextlib
import datetime

from karbor import exception
from karbor.bank.manifest import Manifest
from karbor.bank.store import Store
from karbor.model.resource import Resource
from karbor.plugin.testing import MemoryBank

CHECKPOINT = '11111111-2222-3333-4444-555555555555'
OTHER = '11111111-2222-3333-4444-555555555556'
VOLUME = Resource('OS::Cinder::Volume', 'volume-1', 'data')
SERVER = Resource('OS::Nova::Server', 'server/../1 \u00e9\udcff', 'web')
CONTENT = bytes(range(256)) * 3 + b'\0' * 1000


def make_manifest(status='protecting', attempt=1, **fields):
    return Manifest(
        checkpoint_id=fields.pop('checkpoint_id', CHECKPOINT),
        project_id='project', provider_id='provider',
        plan={'id': 'plan', 'resources': []}, status=status, attempt=attempt,
        created_at=datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC),
        **fields)


def make_store(bank, **options):
    """Chunks and pages so small that little data makes many."""
    return Store(bank, **{'chunk_size': 100, 'page_size': 3, **options})


def protect(store, attempt=1, checkpoint_id=CHECKPOINT):
    """Write a whole checkpoint in the order in which the service does."""
    store.write_manifest(make_manifest(attempt=attempt,
                                       checkpoint_id=checkpoint_id))
    entries = []
    for resource in (SERVER, VOLUME):
        first = store.data(checkpoint_id, resource, attempt)
        first.save({'flavor': 'small', 'n': [1, 2]})
        entry = first.commit()
        if resource is VOLUME:
            main = store.data(checkpoint_id, resource, attempt,
                              previous=entry)
            with main.writer() as writer:
                writer.write(CONTENT)
            with main.writer('second') as writer:
                writer.write(b'few')
            main.save({'n': 3})
            entry = main.commit()
        entries.append(entry)
    manifest = make_manifest('available', attempt, resources=tuple(entries),
                             size=len(CONTENT) + 3,
                             checkpoint_id=checkpoint_id)
    store.write_manifest(manifest)
    return manifest


class Crash(BaseException):
    """The process is gone."""


class FaultyBank(MemoryBank):
    """Fails at the n-th call, counted from 1.

    :ivar at: which call; 0 for none
    :ivar how: ``fail`` raises an error of the bank, ``crash`` ends the
        process before the call has an effect, ``late`` after it
    """

    def __init__(self, objects=None, at=0, how='fail'):
        super().__init__()
        self.objects = {} if objects is None else objects
        self.at, self.how, self.calls = at, how, 0

    def _call(self, function, *args):
        self.calls += 1
        if self.calls == self.at:
            if self.how == 'fail':
                raise exception.BankError(key='k', reason='the disk is full')
            if self.how == 'late':
                with contextlib.suppress(exception.BankKeyNotFound):
                    function(*args)
            raise Crash
        return function(*args)

    def put(self, key, data):
        self._call(super().put, key, data)

    def get(self, key):
        return self._call(super().get, key)

    def list(self, prefix='', after='', limit=None):
        return self._call(super().list, prefix, after, limit)

    def stat(self, key):
        return self._call(super().stat, key)

    def delete(self, key):
        self._call(super().delete, key)
