# SPDX-License-Identifier: Apache-2.0
"""One hook of a plugin: its step, its outcome, its entry in the journal."""

from collections.abc import Callable, Iterable, Iterator, Sequence
import json
from typing import Any, TypeVar

from oslo_log import log

from karbor import exception
from karbor.bank.data import WritableData
from karbor.db import records as stored
from karbor.i18n import _
from karbor.metrics import instruments
from karbor.model.record import Record
from karbor.plugin import protection as plugin_protection
from karbor.plugin.errors import Cancelled
from karbor.plugin.errors import PluginError
from karbor.plugin.step import Data
from karbor.plugin.step import Step
from karbor.protection.flows import outcome
from karbor.protection.flows.build import Call
from karbor.protection.run import Run
from karbor.protection.run import sentence
from karbor.protection.run import State

LOG = log.getLogger(__name__)
T = TypeVar('T')


class HookStep(Step):
    """A `Step` that works on the bank and the journal."""

    def __init__(self, run: Run, position: int) -> None:
        self._run = run
        self._position = position
        self._state: State = run.states[position]
        self.operation_id = run.operation.id
        self.checkpoint_id = run.operation.checkpoint_id
        self.resource = self._state.resource
        assert run.graph is not None  # noqa: S101 - hooks come from a graph
        self.children = run.graph.children_of(self.resource)
        self.parameters = run.parameters(self.resource)
        self.origin = run.origin
        self.context = run.plugin_context
        self.data = self._open()
        self.source = self._open_source()
        self.undoes = run.operation.source_operation_id
        self._fresh = False

    def _open(self) -> Data:
        store = self._run.provider.store
        entry = self._state.entry
        type_ = self._run.operation.type
        on_bytes = self._run.counter(self._position)
        if self._run.operation.makes_checkpoint:
            return store.data(
                self.checkpoint_id, self.resource,
                self._run.operation.attempt, previous=entry,
                on_bytes=on_bytes, check=self.check)
        if entry is None or self._run.operation.type == 'undo':
            return _Nothing()
        if type_ == 'verify':
            # all of it was read and counted before
            return store.read(self.checkpoint_id, entry, check=self.check)
        return store.read(self.checkpoint_id, entry, on_bytes=on_bytes,
                          check=self.check)

    def _open_source(self) -> Data | None:
        source = self._run.source
        if source is None:
            return None
        entry = source.entries.get(self.resource.key)
        if entry is None:
            return _Nothing()
        return source.store.read(
            source.checkpoint_id, entry, check=self.check,
            on_bytes=instruments.BYTES.labels(
                'read', self._run.operation.type).inc)

    def remember(self, key: str, make: Callable[[], T]) -> T:
        self.check()
        if key not in self._state.memo:
            self._run.prove()
            made = json.loads(json.dumps(make()))
            self._state.memo[key] = made
            self._run.write({'position': self._position,
                             'memo': dict(self._state.memo)})
        found: T = self._state.memo[key]
        return found

    def recall(self, key: str, default: Any = None) -> Any:
        return self._state.memo.get(key, default)

    def announce(self, records: Iterable[Record]) -> None:
        if self._run.operation.type != 'restore':
            raise PluginError(reason=_(
                'Only a restore can announce what can be undone.'))
        self.check()
        if found := list(records):
            self._run.announce(self._position, found)

    def records(self) -> Iterator[Record]:
        return stored.newest_first(
            self._run.context, self.undoes or self.operation_id,
            self._position)

    def progress(self, fraction: float | None = None, *,
                 bytes_done: int | None = None,
                 bytes_total: int | None = None) -> None:
        self._run.progress.set(self._position, fraction, bytes_done,
                               bytes_total)

    def note(self, reason: str) -> None:
        self._state.reason = sentence(reason)

    def replaced_by(self, new_id: str) -> None:
        if not isinstance(new_id, str) or not 0 < len(new_id) <= 255:
            raise PluginError(reason=_(
                'The new id %r is no text of 1 to 255 characters.') % new_id)
        self._state.new_id = new_id

    def new_id(self, resource: Any) -> str:
        for state in self._run.states:
            if state.resource == resource and state.new_id is not None:
                return state.new_id
        raise PluginError(reason=_('%s has not been restored.') % resource)

    @property
    def cancelled(self) -> bool:
        return self._run.halted is not None

    def sleep(self, seconds: float) -> None:
        self._run.sleep(seconds)

    def finish(self) -> None:
        """Make what the hook wrote part of the checkpoint."""
        if isinstance(self.data, WritableData) and self.data.dirty:
            self._state.entry = self.data.commit()
            self._fresh = True

    def sweep(self) -> None:
        """Remove what earlier attempts left of this resource.

        Only after the journal names what is kept: until then it names what
        is removed here, and another attempt would build on that.
        """
        entry = self._state.entry
        if (not self._fresh or entry is None or not entry.attempts
                or self._run.operation.attempt == 1):
            return
        try:
            self._run.provider.store.drop_attempts(
                self.checkpoint_id, self.resource, set(entry.attempts))
        except exception.BankError:
            # it only takes room, and goes when the checkpoint is deleted
            LOG.warning('Leftovers of %s in checkpoint %s stay.',
                        self.resource, self.checkpoint_id, exc_info=True)


class _Nothing(Data):
    """Data of a resource of which the checkpoint holds none."""

    def save(self, info: Any) -> None:
        raise PluginError(reason=_('It can only be read.'))

    def load(self) -> dict[str, Any]:
        return {}

    def writer(self, stream: str = 'content') -> Any:
        raise PluginError(reason=_('It can only be read.'))

    def reader(self, stream: str = 'content') -> Any:
        raise exception.BankKeyNotFound(key=stream)

    def streams(self) -> dict[str, int]:
        return {}


def hooks_of(run: Run, position: int) -> tuple[str, ...]:
    """Hooks that are still to run for a resource."""
    state = run.states[position]
    operation = operation_class(run, state)
    if operation is None or run.progress.is_out(position):
        return ()
    return tuple(hook for hook in operation.hooks()
                 if hook not in state.hooks_done)


def operation_class(run: Run, state: State,
                    ) -> type[plugin_protection.Operation] | None:
    """What the plugin of a resource does in this operation, if anything."""
    plugin = run.provider.plugins.get(state.resource.type)
    return (None if plugin is None
            else plugin.operations.get(run.operation.type))


def call(run: Run, what: Call) -> None:
    """Run one hook and write its outcome to the journal.

    Returns in any case: the outcome is in the journal, or the run is halted
    and says why.
    """
    position = what.position
    state = run.states[position]
    if run.halted is not None or run.progress.is_out(position):
        return
    if run.failed.is_set() and run.operation.makes_checkpoint:
        return          # a checkpoint that lacks a resource is of no use
    operation = operation_class(run, state)
    if operation is None or _is_in_use(run, position):
        return
    run.progress.begin(position, _bytes_before(run, state))
    try:
        step = HookStep(run, position)
        hook = getattr(operation(run.provider.plugins[state.resource.type]),
                       what.hook)
        hook(step)
        run.check_held()
        step.finish()
        end(run, position, what.hook)
        step.sweep()
    except BaseException as error:
        # A plugin may raise anything, and a library that it uses may call
        # sys.exit(). It becomes the reason of the resource, unless the run
        # stops anyhow: then it may be a consequence of that, and the hook is
        # run again.
        if run.halted is None:
            try:
                outcome.note_damage(run, error, state.resource)
            except Cancelled:
                return      # the run is halted and says why
            fail_with(run, position, error)


def _is_in_use(run: Run, position: int) -> bool:
    """In an undo: put in error what a thing that stays may use."""
    for parent in run.needed_by.get(run.states[position].resource.key, ()):
        if run.progress.status(parent) == 'error':
            fail(run, position, _(
                'Left as it is, because %s, which may use it, was not '
                'undone.') % run.states[parent].resource)
            return True
    return False


def _bytes_before(run: Run, state: State) -> int:
    """What was counted of earlier hooks: a rerun counts anew."""
    if (run.operation.type in ('restore', 'delete', 'undo')
            or state.entry is None):
        return 0
    return state.entry.bytes


def end(run: Run, position: int, hook: str) -> None:
    """Note that a hook of a resource has ended well."""
    state = run.states[position]
    state.hooks_done.append(hook)
    last = not hooks_of(run, position)
    if last and run.operation.type == 'undo':
        state.reason = overwritten(run, position) or state.reason
    run.write({
        'position': position, 'hooks_done': list(state.hooks_done),
        'entry': None if state.entry is None else state.entry.to_dict(),
        'reason': state.reason, 'new_id': state.new_id,
        **run.progress.end(position, 'success' if last else 'running')})


def fail_with(run: Run, position: int, error: BaseException) -> None:
    """Put a resource in error because of what was raised."""
    state = run.states[position]
    if isinstance(error, exception.KarborError) and not isinstance(
            error, Cancelled):
        reason = str(error)
        LOG.warning('%s failed in operation %s: %s', state.resource,
                    run.operation.id, reason)
    else:
        reason = f'{type(error).__name__}: {error}'
        LOG.error('The plugin of %s failed in operation %s.', state.resource,
                  run.operation.id, exc_info=error)
    fail(run, position, reason)


def fail(run: Run, position: int, reason: str) -> None:
    """Put a resource in error, with its sentence."""
    state = run.states[position]
    state.reason = sentence(reason)
    run.failed.set()
    row = run.progress.end(position, 'error')
    try:
        run.write({'position': position, 'reason': state.reason, **row})
    except Cancelled:
        # the run is halted and says why; the next one finds the error again
        return


# of each kind, so many are named
NAMED = 5


def overwritten(run: Run, position: int) -> str | None:
    """The sentence of an undo about what its restore has overwritten."""
    found: dict[str, dict[str, None]] = {}
    for record in stored.newest_first(
            run.context, str(run.operation.source_operation_id), position):
        if not record.made:
            names = found.setdefault(record.kind, {})
            # those that came first stay, and one that tells of more
            names.pop(record.name, None)
            names[record.name] = None
            if len(names) > NAMED + 1:
                del names[next(iter(names))]
    if not found:
        return None
    return sentence(_(
        'Not undone, because the restore replaced it in place, as far as it '
        'came: %s.') % '; '.join(
            f'{kind} {listed(tuple(reversed(names)))}'
            for kind, names in sorted(found.items())))


def listed(names: Sequence[str]) -> str:
    """The first of some names, and whether there are more."""
    # a file may have any name
    return ', '.join(''.join(
        sign if sign.isprintable() else ascii(sign)[1:-1] for sign in name)
        for name in names[:NAMED]) + (
        _(' and more') if len(names) > NAMED else '')
