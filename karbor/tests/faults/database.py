# SPDX-License-Identifier: Apache-2.0
"""Transactions that fail, and what comes between them."""

import contextlib
import sys

from karbor.db import session


def watch(monkeypatch):
    """Count the transactions of contexts that have ``faults``.

    Kinds of calls: ``write``, whose effect is the commit; ``commit``, the
    last thing in such a transaction, so that it is rolled back if that fails;
    and ``read``. Each is named by the function that it is in.
    """
    monkeypatch.setattr(session, 'writer', _watched(session.writer, 'write'))
    monkeypatch.setattr(session, 'reader', _watched(session.reader, 'read'))


def _watched(real, kind):
    def begin(context):
        faults = getattr(context, 'faults', None)
        if faults is None:
            return real(context)
        caller = sys._getframe(1)
        module = caller.f_globals['__name__'].rpartition('.')[2]
        return _transaction(real, context, faults, kind,
                            f'{module}.{caller.f_code.co_name}')
    return begin


@contextlib.contextmanager
def _transaction(real, context, faults, kind, name):
    with faults.call(kind, name) as times:
        if times != 1:
            raise TypeError('nobody repeats a transaction or keeps it for '
                            'later')
        with real(context) as found:
            yield found
            if kind == 'write':
                with faults.call('commit', name):
                    pass
