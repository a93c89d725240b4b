# SPDX-License-Identifier: Apache-2.0
"""Ports for servers that tests start."""

import random
import socket

# Below those that the system gives to whoever connects to something: such a
# one may be gone before the server that was to have it begins.
_RANGE = range(21_000, 31_000)


def free(count=1):
    """The first of so many in a row that nobody has."""
    while True:
        first = random.choice(_RANGE)
        held = []
        try:
            for port in range(first, first + count):
                held.append(socket.create_server(('127.0.0.1', port)))
            return first
        except OSError:
            continue
        finally:
            for one in held:
                one.close()
