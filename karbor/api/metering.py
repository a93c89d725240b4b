# SPDX-License-Identifier: Apache-2.0
"""How many requests there are, and how long their answers take."""

from collections.abc import Callable, Iterable
import time
from typing import Any

from karbor.metrics import instruments

# what else anybody may send would make as many series
_METHODS = frozenset({'GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE',
                      'OPTIONS'})


class Metering:
    """Middleware that measures each request."""

    def __init__(self, app: Any,
                 clock: Callable[[], float] = time.monotonic) -> None:
        self._app = app
        self._clock = clock

    def __call__(self, environ: dict[str, Any],
                 start_response: Callable[..., Any]) -> Iterable[bytes]:
        begun = self._clock()
        method = environ['REQUEST_METHOD']

        def started(status: str, *rest: Any) -> Any:
            instruments.REQUEST.labels(
                method if method in _METHODS else 'other',
                status[:3]).observe(self._clock() - begun)
            return start_response(status, *rest)

        body: Iterable[bytes] = self._app(environ, started)
        return body
