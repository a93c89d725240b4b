# SPDX-License-Identifier: Apache-2.0
"""A bank that fails when it is told to."""

from karbor import plugin

BANK = ('put', 'get', 'list', 'stat', 'delete')


class FaultyBank(plugin.BankPlugin):
    """What a process sees of a bank; kinds of calls: `BANK`."""

    def __init__(self, bank, faults):
        self._bank = bank
        self._faults = faults

    def put(self, key, data):
        self._faults.run('put', lambda: self._bank.put(key, data), key)

    def get(self, key):
        return self._faults.run('get', lambda: self._bank.get(key), key)

    def list(self, prefix='', after='', limit=None):
        return self._faults.run(
            'list', lambda: self._bank.list(prefix, after, limit), prefix)

    def stat(self, key):
        return self._faults.run('stat', lambda: self._bank.stat(key), key)

    def delete(self, key):
        self._faults.run('delete', lambda: self._bank.delete(key), key)
