# SPDX-License-Identifier: Apache-2.0
"""A service: one running daemon, as its heartbeat shows it."""

from collections.abc import Mapping
from dataclasses import dataclass
import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Service:
    """One daemon on one host.

    :ivar binary: ``karbor-protection`` or ``karbor-operationengine``
    :ivar updated_at: its last heartbeat, by the clock of the database
    :ivar up: the heartbeat is young enough
    :ivar limits: of the queue, as it has them configured; see `queue.Limits`
    """

    id: int
    host: str
    binary: str
    status: str
    updated_at: datetime.datetime
    up: bool
    disabled_reason: str | None = None
    limits: Mapping[str, Any] | None = None
