# SPDX-License-Identifier: Apache-2.0
"""A scheduled operation: what is to run whenever a trigger fires."""

from collections.abc import Mapping
from dataclasses import dataclass
import datetime
from typing import Any

OVERLAPS = ('skip', 'queue')


@dataclass(frozen=True, slots=True)
class ScheduledOperation:
    """What a user wants done again and again.

    :ivar operation_type: name of an operation type, for example ``protect``
    :ivar operation_definition: what that type needs to know
    :ivar plan_id: of the definition, so that a plan's operations are found
    :ivar user_id: on whose behalf it runs
    :ivar overlap: one of `OVERLAPS`: what becomes of a run whose
        predecessor has not ended yet
    :ivar complete_within: seconds from the expected time after which a run
        that has not ended is reported late, or None
    :ivar retention_at: when its checkpoints are swept next, or None
    """

    id: str
    project_id: str
    user_id: str | None
    name: str
    operation_type: str
    trigger_id: str
    plan_id: str
    operation_definition: Mapping[str, Any]
    description: str | None = None
    enabled: bool = True
    overlap: str = 'skip'
    complete_within: int | None = None
    retention_at: datetime.datetime | None = None
    created_at: datetime.datetime | None = None
    updated_at: datetime.datetime | None = None
