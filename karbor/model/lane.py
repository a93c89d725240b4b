# SPDX-License-Identifier: Apache-2.0
"""Lanes: operations of one lane run one after another, on any workers.

A lane is a text. Those that protect a plan share one, and so do those that
restore in place what the plan protects: one would read what another writes.
A restore elsewhere shares one with others into the same place; if it goes to
several places, it is in several lanes at once.
"""

from collections.abc import Iterable, Mapping, Sequence
import hashlib
import json
import posixpath
from typing import Any

from karbor.model.plan import parameters_for
from karbor.model.resource import Resource

# what the plugins say of their restores, see `ProtectionPlugin`
Places = Mapping[str, Sequence[str] | None]


def of_plan(plan_id: str) -> str:
    """The lane of what protects a plan."""
    return f'plan:{plan_id}'


def of_checkpoint(checkpoint_id: str) -> str:
    """The lane of what works on a checkpoint and on nothing else."""
    return f'checkpoint:{checkpoint_id}'


def of_restore(plan_id: str, checkpoint_id: str,
               resources: Iterable[Resource] | None,
               parameters: Mapping[str, Mapping[str, Any]],
               places: Places) -> tuple[str, ...]:
    """The lanes of a restore.

    If one resource goes back in place, that of the plan; one for each place
    to which others go. If all are made anew, it keeps only equal restores of
    the same checkpoint apart.

    :param resources: None if they are not known
    :param places: by type; a type that is not there goes back in place
    """
    if resources is None:
        return (of_plan(plan_id),)
    in_place, targets = set(), set()
    for resource in resources:
        names = places.get(resource.type, ())
        if names is None:
            continue
        mine = parameters_for(parameters, resource)
        where = {name: _plain(mine[name]) for name in names if name in mine}
        if where:
            targets.add(f'place:{_digest([resource.type, where])}')
        else:
            in_place.add(of_plan(plan_id))
    return (*in_place, *sorted(targets)) or (
        f'restore:{_digest([checkpoint_id, parameters])}',)


def _plain(value: Any) -> Any:
    """The same for all ways to write one path."""
    if isinstance(value, str) and value.startswith('/'):
        return '/' + posixpath.normpath(value).lstrip('/')
    return value


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _digest(value: Any) -> str:
    return hashlib.sha256(_text(value).encode()).hexdigest()
