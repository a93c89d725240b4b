# SPDX-License-Identifier: Apache-2.0
"""A checkpoint: one state of an application, kept in a bank."""

from collections.abc import Mapping
from dataclasses import dataclass
import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One row of the index of checkpoints.

    :ivar plan: the plan as it was: ``{id, name, provider_id, resources}``
    :ivar status_reason: a sentence for every status that wants one
    :ivar resource_graph: text form of the graph (`Graph.to_json`), or None
        while it is not yet known
    :ivar extra_info: what the user attached, and ``created_by``
    :ivar origin: who asked for it: ``manual`` or ``schedule``; ``copy`` if it
        was copied from another, which ``extra_info`` names as ``copied_from``
    :ivar created_at: when its content was protected: a copy has the time of
        what it is a copy of
    :ivar size: bytes of the application that were read, None until it ends
    :ivar sealed: the bank holds a manifest that says ``available``
    """

    id: str
    project_id: str
    provider_id: str
    plan_id: str
    plan: Mapping[str, Any]
    status: str
    origin: str
    created_at: datetime.datetime
    status_reason: str | None = None
    resource_graph: str | None = None
    extra_info: Mapping[str, Any] | None = None
    size: int | None = None
    sealed: bool = False
    updated_at: datetime.datetime | None = None
