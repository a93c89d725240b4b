# SPDX-License-Identifier: Apache-2.0
"""A checkpoint: one state of an application, kept in a bank."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import datetime
from typing import Any

from karbor.i18n import _
from karbor.model.resource import Resource


@dataclass(frozen=True, slots=True)
class Damage:
    """The bank does not hold of a checkpoint what was written.

    :ivar found_by: id of the operation that found it
    :ivar found_at: by the clock of the database
    :ivar reason: a sentence that names the operation and what is damaged
    """

    found_by: str
    found_at: datetime.datetime
    reason: str


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
    :ivar damage: what was found since, or None
    :ivar missing: resources of the plan that did not exist any more when it
        was made, so nothing is kept of them
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
    damage: Damage | None = None
    missing: tuple[Resource, ...] = ()
    updated_at: datetime.datetime | None = None


# so many missing resources are named, the others are counted
_NAMED = 5


def without(missing: Sequence[Resource]) -> str | None:
    """A sentence about what a checkpoint lacks; None if it lacks nothing."""
    if not missing:
        return None
    names = ', '.join(str(resource) for resource in missing[:_NAMED])
    if len(missing) > _NAMED:
        names += _(' and %d more') % (len(missing) - _NAMED)
    return _('Without %s: missing when the checkpoint was made.') % names
