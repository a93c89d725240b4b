# SPDX-License-Identifier: Apache-2.0
"""What the service does for each type of operation, from top to bottom.

Each story may begin anew after a crash at any line: what the journal or the
bank has already is left out, the rest is done again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
import functools

from oslo_config import cfg
from oslo_log import log

from karbor import exception
from karbor.bank import layout
from karbor.bank.manifest import Manifest
from karbor.bank.manifest import ResourceEntry
from karbor.bank.store import Store
from karbor.clients import openstack
from karbor.context import RequestContext
from karbor.db import checkpoints
from karbor.db import operations
from karbor.i18n import _
from karbor.model.checkpoint import Checkpoint
from karbor.model.graph import Graph
from karbor.model.operation import cancelled_by
from karbor.model.operation import Operation
from karbor.model.operation import OperationResource
from karbor.model.queue import Limits
from karbor.model.resource import Resource
from karbor.model.subset import Subset
from karbor.plugin.base import Context
from karbor.plugin.errors import Cancelled
from karbor.protection import discovery
from karbor.protection import undo
from karbor.protection.flows import build
from karbor.protection.flows import engine
from karbor.protection.flows import hooks
from karbor.protection.flows import outcome
from karbor.protection.flows import readback
from karbor.protection.flows import repair
from karbor.protection.protectables import Protectables
from karbor.protection.providers import Providers
from karbor.protection.run import CANCELLED
from karbor.protection.run import GIVEN_UP
from karbor.protection.run import LOST
from karbor.protection.run import NOT_DONE
from karbor.protection.run import Run
from karbor.protection.run import sentence
from karbor.protection.run import Source

LOG = log.getLogger(__name__)


@dataclass
class Workshop:
    """What all operations of a process share.

    :ivar executor: the threads of hooks
    :ivar own: by resource type, the threads of those that have some
    """

    conf: cfg.ConfigOpts
    providers: Providers
    protectables: Protectables
    executor: engine.Threads
    own: Mapping[str, engine.Threads] = field(default_factory=dict)

    @property
    def limits(self) -> Limits:
        """Of what all workers together run at the same time."""
        return Limits(self.conf.protection.project_operations, {
            id_: provider.operations
            for id_, provider in self.providers.by_id.items()
            if provider.operations})


def plugin_context(conf: cfg.ConfigOpts, *, project_id: str,
                   user_id: str | None = None, roles: tuple[str, ...] = (),
                   request_id: str | None = None) -> Context:
    """The context that plugins are given."""
    return Context(project_id=project_id, user_id=user_id, roles=roles,
                   request_id=request_id,
                   connect=functools.partial(openstack.connect, conf,
                                             project_id))


def carry_out(shop: Workshop, context: RequestContext, operation: Operation,
              started: Callable[[Run], None]) -> str | None:
    """Work on a claim until it ends or has to stop.

    :param started: told of the run, so that it can be halted from outside
    :return: why it stopped without an outcome, or None
    """
    try:
        provider = shop.providers.get(operation.provider_id)
        checkpoint = _checkpoint(context, operation)
    except exception.NotFound as error:
        if operation.cancel_requested_by is None:
            outcome.failed(context, operation, str(error))
        else:
            outcome.cancelled(context, operation,
                              operation.cancel_requested_by)
        return None
    run = Run(context, operation, provider, plugin_context(
        shop.conf, project_id=operation.project_id,
        user_id=operation.user_id,
        roles=tuple(operation.request.get('roles', ())),
        request_id=operation.request_id),
        lease=shop.conf.protection.lease)
    run.provider = provider.waiting(run.sleep)
    if checkpoint is not None:
        run.origin = checkpoint.origin
        if operation.type != 'undo':
            run.missing = checkpoint.missing
    if operation.cancel_requested_by is not None:
        # while another worker had it, which has not ended it
        run.cancel(operation.cancel_requested_by)
    started(run)
    why = _to_its_end(shop, run, checkpoint)
    if why != GIVEN_UP and (
            why is not None or operation.attempt > 1
            # who made it may write to it until the row is gone
            or operation.type == 'delete'):
        repair.after(context, operation,
                     provider.store.waiting(run.linger))
    return why


def _checkpoint(context: RequestContext,
                operation: Operation) -> Checkpoint | None:
    """What an operation works on; an undo needs it no more."""
    try:
        return checkpoints.get(context, operation.provider_id,
                               operation.checkpoint_id)
    except exception.CheckpointNotFound:
        if operation.type != 'undo':
            raise
        return None


def _to_its_end(shop: Workshop, run: Run,
                checkpoint: Checkpoint | None) -> str | None:
    """Write an outcome; why there is none, if there is none."""
    try:
        try:
            _tell(shop, run, checkpoint)
        except Cancelled:
            if run.halted is None:
                raise
            if run.halted != CANCELLED:
                return run.halted
            _cancel(run, checkpoint)
    except exception.LeaseLost:
        run.halt(LOST)
        return run.halted
    except Cancelled:
        # the journal did not take how far a cancelled run came
        if run.halted is None:
            raise
        return run.halted
    return None


def _tell(shop: Workshop, run: Run, checkpoint: Checkpoint | None) -> None:
    try:
        run.check()
        if run.operation.crashes > shop.conf.protection.max_crashes:
            raise exception.PluginError(reason=_(
                'Given up: %d workers fell silent while they worked on '
                'it.') % run.operation.crashes)
        if checkpoint is None or run.operation.type == 'undo':
            _undo(shop, run, checkpoint)
        else:
            story = {'protect': _protect, 'restore': _restore,
                     'delete': _delete, 'verify': _verify,
                     'copy': _copy}[run.operation.type]
            story(shop, run, checkpoint)
    except (exception.LeaseLost, Cancelled):
        raise
    except exception.KarborError as error:
        # may be a consequence of the stop
        run.check()
        outcome.note_damage(run, error)
        _fail(run, checkpoint, sentence(str(error)))


def _fail(run: Run, checkpoint: Checkpoint | None, reason: str) -> None:
    _note_the_end(run, checkpoint, reason)
    outcome.failed(run.context, run.operation, reason,
                   run.progress.totals(), run.tell_end)


def _cancel(run: Run, checkpoint: Checkpoint | None) -> None:
    """Every hook that was begun has returned: nothing writes any more."""
    _note_the_end(run, checkpoint, cancelled_by(run.cancelled_by))
    outcome.cancelled(run.context, run.operation, run.cancelled_by,
                      run.progress.totals(), run.tell_end)


def _note_the_end(run: Run, checkpoint: Checkpoint | None,
                  reason: str) -> None:
    """Tell resources and bank of an end that is no success."""
    text = None if checkpoint is None else checkpoint.resource_graph
    if run.operation.resources and not run.states:
        # it failed before its journal was read, which says what there is
        if run.operation.type == 'undo':
            run.load(undo.graph(text, run.operation.resources),
                     run.operation.resources)
        elif text is not None:
            run.load(Graph.from_json(text), run.operation.resources)
    run.settle(reason)
    if checkpoint is not None and run.operation.makes_checkpoint:
        outcome.check_claim(run.context, run.operation)
        outcome.tell_bank_of_error(run, checkpoint, reason)


# -- the stories --------------------------------------------------------------

def _protect(shop: Workshop, run: Run, checkpoint: Checkpoint) -> None:
    if run.operation.resources:
        graph = Graph.from_json(str(checkpoint.resource_graph))
        run.load(graph, run.operation.resources)
    else:
        graph, run.missing = discovery.graph(
            run, shop.protectables,
            [Resource.from_dict(r) for r in checkpoint.plan['resources']],
            shop.conf.protection.discovery_timeout)
        _begin(run, graph, {}, graph_text=graph.to_json())
    _fill(shop, run, checkpoint)


def _fill(shop: Workshop, run: Run, checkpoint: Checkpoint) -> None:
    """Data, documents, manifest: the rest of what makes a checkpoint."""
    _need_plugins(run)
    if run.operation.resources:
        # who has just begun the journal has proved it with that
        outcome.check_claim(run.context, run.operation)
    run.provider.store.write_manifest(
        outcome.manifest(run, checkpoint, 'protecting'))
    _run_hooks(shop, run)
    _raise_if_failed(run)
    outcome.seal(run, checkpoint)


def _restore(shop: Workshop, run: Run, checkpoint: Checkpoint) -> None:
    _refuse_damaged(run, checkpoint)
    manifest = _available(run.provider.store, checkpoint.id)
    _begin_from_bank(run, checkpoint, manifest)
    _need_plugins(run, go_on=True)
    _run_hooks(shop, run)
    _raise_if_failed(run)
    outcome.succeeded(run)


def _verify(shop: Workshop, run: Run, checkpoint: Checkpoint) -> None:
    manifest = _available(run.provider.store, checkpoint.id)
    asked = run.operation.request.get('subset')
    subset = None if asked is None else Subset.from_dict(asked)
    _begin_from_bank(run, checkpoint, manifest, subset)
    for batch in readback.batches(run, shop.conf.protection.flow_size):
        run.check()
        engine.run(batch, functools.partial(readback.call, run),
                   lambda _call: shop.executor)
    # A type without a plugin that verifies has nothing outside to look at.
    _run_hooks(shop, run)
    _raise_if_failed(run)
    outcome.succeeded(run, sound=subset is None)


def _copy(shop: Workshop, run: Run, checkpoint: Checkpoint) -> None:
    outcome.copying(run)
    # The source is held against deletion, so it says the same each time.
    source = shop.providers.get(run.operation.request['source_provider_id'])
    _refuse_damaged(run, checkpoints.get(run.context, source.id,
                                         run.source_id))
    source_store = source.store.waiting(run.sleep)
    manifest = _available(source_store, run.source_id)
    run.missing = manifest.missing
    run.source = Source(source_store, manifest)
    graph = Graph.from_json(str(manifest.resource_graph))
    if run.operation.resources:
        run.load(graph, run.operation.resources)
    else:
        _begin(run, graph, {}, graph_text=manifest.resource_graph,
               sizes=run.source.entries)
    _fill(shop, run, checkpoint)


def _delete(shop: Workshop, run: Run, checkpoint: Checkpoint) -> None:
    store = run.provider.store
    manifest = _manifest_if_readable(run, checkpoint)
    if manifest is not None:
        outcome.check_claim(run.context, run.operation)
        if manifest.status != 'deleting':
            # what is half deleted must not look available to anybody
            try:
                store.write_manifest(outcome.deleting(manifest))
            except exception.BankFull:
                # Deleting is what makes room. The manifest is needed until
                # the hooks have ended, and goes before anything of the bank.
                LOG.warning('The bank is too full to say that checkpoint %s '
                            'is being deleted.', checkpoint.id)
        _begin_from_bank(run, checkpoint, manifest)
        # first what was made outside, while the bank still says what it was
        _run_hooks(shop, run)
        _raise_if_failed(run)
    run.check()
    store.delete(checkpoint.id, check=run.check)
    outcome.removed(run)


def _undo(shop: Workshop, run: Run, checkpoint: Checkpoint | None) -> None:
    undo.begin(run, None if checkpoint is None
               else checkpoint.resource_graph)
    undo.name_what_stays(run)
    _run_hooks(shop, run)
    _raise_if_failed(run)
    outcome.succeeded(run)


# -- their parts --------------------------------------------------------------

def _begin(run: Run, graph: Graph,
           entries: Mapping[tuple[str, str], ResourceEntry],
           graph_text: str | None = None,
           sizes: Mapping[tuple[str, str], ResourceEntry] | None = None,
           subset: Subset | None = None) -> None:
    """Begin the journal.

    :param entries: what the checkpoint holds already
    :param graph_text: to be stored with the checkpoint
    :param sizes: what a copy will hold; only the bytes are taken from it
    :param subset: others than these are not looked at; None: all are
    """
    sizes = entries if sizes is None else sizes
    left_out = {} if subset is None else {
        resource.key: _('Not looked at: it is not in subset %(number)d of '
                        '%(of)d.') % subset.to_dict()
        for resource in graph.resources if resource not in subset}
    rows = [OperationResource(
        position=position, type=resource.type, id=resource.id,
        name=resource.name,
        entry=(entries[resource.key].to_dict()
               if resource.key in entries else None),
        status='skipped' if resource.key in left_out else 'undefined',
        reason=left_out.get(resource.key),
        bytes_total=(sizes[resource.key].bytes if resource.key in sizes
                     and resource.key not in left_out else 0))
        for position, resource in enumerate(graph.resources)]
    # they have no place in the graph, but users are to be told of them
    missing = [OperationResource(
        position=position, type=resource.type, id=resource.id,
        name=resource.name, status='skipped', reason=_(
            'It was missing when the checkpoint was made.'))
        for position, resource in enumerate(run.missing, len(rows))]
    operations.begin(run.context, run.operation, [*rows, *missing], (
        None if graph_text is None
        else {'graph': graph_text, 'missing': run.missing}))
    run.load(graph, rows)


def _available(store: Store, checkpoint_id: str) -> Manifest:
    """The manifest of a checkpoint that is to be used.

    :raises exception.BankError: it cannot be read, or is damaged
    """
    try:
        manifest = store.read_manifest(checkpoint_id)
    except exception.CheckpointNotFound as error:
        # the database has it, so it is the bank that has lost something
        raise exception.BankCorrupt(
            key=layout.manifest(checkpoint_id),
            reason=_('it is missing')) from error
    if manifest.status != 'available':
        raise exception.CheckpointNotAvailable(id=checkpoint_id,
                                               status=manifest.status)
    if manifest.resource_graph is None:
        # nobody seals such a thing; to take it for empty would be a lie
        raise exception.BankCorrupt(key=layout.manifest(checkpoint_id),
                                    reason=_('it names no resources'))
    return manifest


def _refuse_damaged(run: Run, checkpoint: Checkpoint) -> None:
    """Whatever was found since it was asked for."""
    damage = checkpoint.damage
    if (damage is not None and not run.operation.request.get('force')
            # what it has found itself is in its journal
            and damage.found_by != run.operation.id):
        raise exception.CheckpointDamaged(id=checkpoint.id,
                                          reason=damage.reason)


def _begin_from_bank(run: Run, checkpoint: Checkpoint, manifest: Manifest,
                     subset: Subset | None = None) -> None:
    """The graph and what there is of it, as the bank says, not the index."""
    run.missing = manifest.missing
    text = manifest.resource_graph or checkpoint.resource_graph
    if text is None:
        # it ended before its resources were known, so nothing was made
        run.load(Graph.of((), {}), ())
        return
    graph = Graph.from_json(text)
    if run.operation.resources:
        run.load(graph, run.operation.resources)
        return
    _begin(run, graph, {(entry.type, entry.id): entry
                        for entry in manifest.resources}, subset=subset)


def _manifest_if_readable(run: Run, checkpoint: Checkpoint,
                          ) -> Manifest | None:
    try:
        return run.provider.store.read_manifest(checkpoint.id)
    except exception.CheckpointNotFound:
        return None
    except exception.BankCorrupt:
        # A checkpoint that is damaged must still be deletable. What plugins
        # made outside cannot be known any more; it bears their mark.
        LOG.error('The manifest of checkpoint %s is damaged; things that '
                  'its plugins made outside the bank are not deleted.',
                  checkpoint.id, exc_info=True)
        return None


def _need_plugins(run: Run, go_on: bool = False) -> None:
    """Put resources in error for which there is nobody to work.

    :param go_on: the others are done all the same
    """
    for position, state in enumerate(run.states):
        if (not run.progress.is_out(position)
                and hooks.operation_class(run, state) is None):
            hooks.fail(run, position, _(
                'Provider %(name)s has no plugin that can %(operation)s '
                '%(type)s.') % {'name': run.provider.name,
                                'operation': run.operation.type,
                                'type': state.resource.type})
    if not go_on:
        _raise_if_failed(run)


def _run_hooks(shop: Workshop, run: Run) -> None:
    """All phases, with a barrier after each batch."""
    assert run.graph is not None  # noqa: S101 - every story loads it first
    positions = {resource.key: number for number, resource
                 in enumerate(run.graph.resources)}

    def threads_of(call: build.Call) -> engine.Threads:
        type_ = run.states[call.position].resource.type
        return shop.own.get(type_, shop.executor)

    plan = build.phases(
        run.graph,
        lambda resource: hooks.hooks_of(run, positions[resource.key]),
        shop.conf.protection.flow_size,
        parents_first=run.operation.type == 'undo')
    for _phase, batches in plan:
        for batch in batches:
            run.check()
            engine.run(batch, functools.partial(hooks.call, run), threads_of)
    run.check()
    making = run.operation.makes_checkpoint
    # the others go on, so what is left there had nothing to do
    run.settle(NOT_DONE if run.failed.is_set() and making else None)


def _raise_if_failed(run: Run) -> None:
    if run.failed.is_set():
        raise exception.PluginError(reason=(
            run.first_reason() or _('A resource failed.')))
