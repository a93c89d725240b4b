# SPDX-License-Identifier: Apache-2.0
"""Undoing a restore: what there is to undo, and who can.

Everything that is needed is in the journal of the restore: the checkpoint may
be damaged, which is why some restores fail, or deleted since.
"""

import itertools

from karbor.db import operations
from karbor.db import records as stored
from karbor.i18n import _
from karbor.model.graph import Graph
from karbor.model.operation import OperationResource
from karbor.model.resource import Resource
from karbor.protection.flows import hooks
from karbor.protection.run import Run


def begin(run: Run, graph_text: str | None) -> None:
    """Take over what the restore has left, or what an earlier attempt has.

    :param graph_text: of the checkpoint, if there is one
    """
    rows = run.operation.resources
    if not rows:
        rows = tuple(OperationResource(
            position=row.position, type=row.type, id=row.id, name=row.name,
            memo=row.memo, new_id=row.new_id) for row in _restored(run))
        operations.begin(run.context, run.operation, rows)
    found = _known(graph_text, rows)
    run.load(_in_a_row(rows) if found is None else found, rows)
    if found is not None:
        positions = {one.key: at for at, one in enumerate(found.resources)}
        needed_by: dict[tuple[str, str], list[int]] = {}
        for parent, children in found.children.items():
            for child in children:
                needed_by.setdefault(child.key, []).append(positions[parent])
        run.needed_by = needed_by


def graph(text: str | None, rows: tuple[OperationResource, ...]) -> Graph:
    """In which order resources are undone.

    :param text: of the checkpoint's graph; without it, one comes after the
        other as they stand, parents first
    """
    found = _known(text, rows)
    return _in_a_row(rows) if found is None else found


def _known(text: str | None,
           rows: tuple[OperationResource, ...]) -> Graph | None:
    """The checkpoint's graph, if it is of these resources."""
    if text is None:
        return None
    found = Graph.from_json(text)
    keys = [one.key for one in found.resources]
    return found if keys == [row.key for row in rows] else None


def _in_a_row(rows: tuple[OperationResource, ...]) -> Graph:
    resources = tuple(Resource(row.type, row.id, row.name) for row in rows)
    # who depends on whom is not known any more
    return Graph(resources, {}, {
        one.key: depth for depth, one in enumerate(resources)})


def _restored(run: Run) -> tuple[OperationResource, ...]:
    return operations.get(run.context, str(
        run.operation.source_operation_id)).resources or ()


def name_what_stays(run: Run) -> None:
    """Put resources in error that were restored and nobody can undo."""
    announced = stored.positions(run.context,
                                 str(run.operation.source_operation_id))
    for position, row in enumerate(_restored(run)):
        state = run.states[position]
        plugin = run.provider.plugins.get(state.resource.type)
        if (run.progress.status(position) == 'error'
                or hooks.operation_class(run, state) is not None):
            continue
        if position in announced or row.new_id or row.hooks_done or row.memo:
            stays = _names(run, position, row)
        elif (plugin is not None and 'restore' in plugin.operations
              and row.status != 'undefined'):
            # its hook may have been cut off, and told of nothing
            stays = _('what the restore may have made of it')
        else:
            continue
        hooks.fail(run, position, _(
            'Provider %(name)s has no plugin that can undo a restore of '
            '%(type)s. This stays: %(stays)s.') % {
                'name': run.provider.name, 'type': state.resource.type,
                'stays': stays})


def _names(run: Run, position: int, row: OperationResource) -> str:
    found = [] if row.new_id is None else [row.new_id]
    names = dict.fromkeys(f'{record.kind} {record.name}'
                          for record in itertools.islice(
                              stored.newest_first(
                                  run.context,
                                  str(run.operation.source_operation_id),
                                  position), hooks.NAMED + 1))
    found += list(names)
    if not found:
        return _('what the restore has made of it')
    return hooks.listed(found)
