# SPDX-License-Identifier: Apache-2.0
"""A service: one running daemon, as its heartbeat shows it."""

from dataclasses import dataclass
import datetime


@dataclass(frozen=True, slots=True)
class Service:
    """One daemon on one host.

    :ivar binary: ``karbor-protection`` or ``karbor-operationengine``
    :ivar updated_at: its last heartbeat, by the clock of the database
    :ivar up: the heartbeat is young enough
    """

    id: int
    host: str
    binary: str
    status: str
    updated_at: datetime.datetime
    up: bool
    disabled_reason: str | None = None
