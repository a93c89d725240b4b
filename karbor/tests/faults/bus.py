# SPDX-License-Identifier: Apache-2.0
"""Messages that are lost, doubled or late."""


class FaultyClient:
    """What a process sees of the bus to the protection service.

    Kinds of calls: ``cast`` for what is only told, ``ask`` for questions. A
    message that is lost on its way is one that comes `LATER` and is never
    delivered.
    """

    _CASTS = frozenset({'run', 'cancel'})

    def __init__(self, client, faults):
        self._client = client
        self._faults = faults

    def __getattr__(self, name):
        method = getattr(self._client, name)
        if not callable(method):
            return method
        kind = 'cast' if name in self._CASTS else 'ask'

        def send(context, *args, **kwargs):
            return self._faults.run(
                kind, lambda: method(context, *args, **kwargs),
                ' '.join([name, *map(str, args)]))
        return send
