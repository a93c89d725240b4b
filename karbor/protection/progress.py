# SPDX-License-Identifier: Apache-2.0
"""How far an operation is, kept in memory and written now and then."""

from collections.abc import Sequence
from dataclasses import dataclass
import threading
from typing import Any

from karbor.model.operation import OperationResource


@dataclass
class _Meter:
    """What one resource has done."""

    status: str
    fraction: float = 0.0
    bytes_done: int = 0
    bytes_total: int = 0
    changed: bool = False


class Progress:
    """Meters of all resources of an operation; safe between threads.

    Those that are not to be done have none. A fraction never goes back: a
    hook that runs again after a crash repeats what the user has seen done.
    """

    def __init__(self, resources: Sequence[OperationResource]) -> None:
        self._lock = threading.Lock()
        self._meters = {r.position: _Meter(
            r.status, r.fraction, r.bytes_done, r.bytes_total)
            for r in resources if r.status != 'skipped'}
        self._sum = sum(m.fraction for m in self._meters.values())

    def begin(self, position: int, bytes_done: int) -> None:
        """A hook of a resource begins, with what earlier hooks had done."""
        with self._lock:
            meter = self._meters[position]
            meter.status = 'running'
            meter.bytes_done = bytes_done
            meter.changed = True

    def add_bytes(self, position: int, count: int) -> None:
        """So many bytes went into or out of the bank."""
        with self._lock:
            meter = self._meters[position]
            meter.bytes_done += count
            self._move(meter, None)

    def set(self, position: int, fraction: float | None,
            bytes_done: int | None, bytes_total: int | None) -> None:
        """What a plugin says of itself."""
        with self._lock:
            meter = self._meters[position]
            if bytes_done is not None:
                meter.bytes_done = bytes_done
            if bytes_total is not None:
                meter.bytes_total = bytes_total
            self._move(meter, fraction)

    def end(self, position: int, status: str) -> dict[str, Any]:
        """A hook ended; returns what the journal shall say of the meter.

        :param status: ``success``, ``error``, or ``running`` if more of its
            hooks follow
        """
        with self._lock:
            meter = self._meters[position]
            meter.status = status
            if status == 'success':
                self._move(meter, 1.0)
            meter.changed = False
            return self._row(meter)

    def status(self, position: int) -> str:
        """The status of a resource."""
        with self._lock:
            meter = self._meters.get(position)
            return 'skipped' if meter is None else meter.status

    def is_out(self, position: int) -> bool:
        """Whether nothing more is done for a resource that did not end well.

        It has failed, or was to be left out.
        """
        return self.status(position) in ('error', 'skipped')

    def bytes_done(self, position: int) -> int:
        """Bytes of a resource that went through so far."""
        with self._lock:
            return self._meters[position].bytes_done

    def take_changed(self) -> list[dict[str, Any]]:
        """Rows of the meters that moved since the last call."""
        with self._lock:
            rows = []
            for position, meter in self._meters.items():
                if meter.changed:
                    meter.changed = False
                    rows.append({'position': position, **self._row(meter)})
            return rows

    def totals(self) -> dict[str, Any]:
        """Of the whole operation: fraction, bytes_done, bytes_total.

        By bytes if every resource knows its own, else by resources.
        """
        with self._lock:
            meters = self._meters.values()
            total = sum(m.bytes_total for m in meters)
            done = sum(m.bytes_done for m in meters)
            if meters and all(m.bytes_total for m in meters):
                fraction = sum(m.fraction * m.bytes_total
                               for m in meters) / total
            else:
                fraction = self._sum / len(meters) if meters else 0.0
            return {'fraction': min(max(fraction, 0.0), 1.0),
                    'bytes_done': done, 'bytes_total': total}

    def _move(self, meter: _Meter, fraction: float | None) -> None:
        if fraction is None and meter.bytes_total:
            fraction = meter.bytes_done / meter.bytes_total
        if fraction is not None:
            new = max(meter.fraction, min(fraction, 1.0))
            self._sum += new - meter.fraction
            meter.fraction = new
        meter.changed = True

    def _row(self, meter: _Meter) -> dict[str, Any]:
        return {'status': meter.status, 'fraction': meter.fraction,
                'bytes_done': meter.bytes_done,
                'bytes_total': meter.bytes_total}
