# SPDX-License-Identifier: Apache-2.0
"""What the database knows, read when somebody asks, but not too often.

A scrape never waits long for a database, and any number of them cost one
reading in a while. While the database is away, the series that come from it
are missing, rather than old, and `karbor_database_up` is 0.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
import threading
import time
from typing import Any

from oslo_log import log
from prometheus_client import core
from prometheus_client import registry

LOG = log.getLogger(__name__)

# seconds that a scrape waits for a reading; Prometheus itself waits for 10
PATIENCE = 5


@dataclass(frozen=True, slots=True)
class Load:
    """Operations of a project, of one type, that wait or run.

    :ivar project_id: '' stands for all that have no series of their own
    :ivar oldest_age: seconds since the oldest of those that wait was made
    :ivar abandoned: of those that run, how many nobody holds any more
    """

    project_id: str
    type: str
    queued: int
    oldest_age: float
    running: int
    abandoned: int


@dataclass(frozen=True, slots=True)
class PlanState:
    """What has become of a plan.

    :ivar last_success: seconds since 1970 when a checkpoint of it was last
        completed; 0: never
    :ivar scheduled: an enabled scheduled operation works on it
    """

    plan_id: str
    project_id: str
    last_success: float
    scheduled: bool


@dataclass(frozen=True, slots=True)
class Life:
    """A daemon, as its heartbeats show it.

    :ivar age: seconds since the last one, by the clock of the database
    """

    host: str
    binary: str
    enabled: bool
    age: float


@dataclass(frozen=True, slots=True)
class Reading:
    """All of it, at one moment.

    :ivar plans_left_out: there are plans without series of their own
    """

    loads: Sequence[Load]
    plans: Sequence[PlanState]
    plans_left_out: bool
    lives: Sequence[Life]


class Collector(registry.Collector):
    """Shows readings of the database to Prometheus."""

    def __init__(self, read: Callable[[], Reading], interval: float,
                 patience: float = PATIENCE,
                 clock: Callable[[], float] = time.monotonic) -> None:
        """Prepare; nothing is read before somebody asks.

        :param read: reads the database; may raise anything
        :param interval: least seconds between two readings
        :param patience: seconds that a scrape waits for a reading
        """
        self._read = read
        self._interval = interval
        self._patience = patience
        self._clock = clock
        self._changed = threading.Condition()
        self._reading = False
        self._last: Reading | None = None
        self._ended_at: float | None = None

    def describe(self) -> Iterable[core.Metric]:
        """The names, so that nothing is read only to know them."""
        return _families(None)

    def collect(self) -> Iterable[core.Metric]:
        return _families(self._current())

    def _current(self) -> Reading | None:
        with self._changed:
            if (self._ended_at is not None
                    and self._clock() - self._ended_at < self._interval):
                return self._last
            if not self._reading:
                self._reading = True
                # beside this one, which does not wait for ever
                threading.Thread(target=self._refresh, daemon=True,
                                 name='metrics-database').start()
            if not self._changed.wait_for(lambda: not self._reading,
                                          self._patience):
                return None
            return self._last

    def _refresh(self) -> None:
        found = None
        try:
            found = self._read()
        except Exception:
            # the database is away, which the series say by their absence
            LOG.warning('Metrics could not be read from the database.',
                        exc_info=True)
        finally:
            with self._changed:
                self._last, self._reading = found, False
                self._ended_at = self._clock()
                self._changed.notify_all()


def _families(found: Reading | None) -> list[core.Metric]:
    made: list[core.Metric] = []

    def gauge(name: str, text: str, labels: Sequence[str] = ()) -> Any:
        family = core.GaugeMetricFamily(f'karbor_{name}', text, labels=labels)
        made.append(family)
        return family

    up = gauge('database_up', 'Whether the database could be read.')
    work = ('project_id', 'type')
    depth = gauge('queue_depth', 'Operations that wait for a worker.', work)
    age = gauge('queue_oldest_age_seconds',
                'Time since the oldest operation that waits was asked for.',
                work)
    running = gauge('operations_running', 'Operations that run.', work)
    abandoned = gauge(
        'operations_abandoned', 'Operations that run, but whose workers have '
        'fallen silent and which nobody has taken over.', work)
    of_plan = ('project_id', 'plan_id')
    success = gauge(
        'plan_last_success_timestamp_seconds',
        'When a checkpoint of the plan was last completed; 0: never.', of_plan)
    scheduled = gauge(
        'plan_scheduled', 'Whether an enabled scheduled operation works on '
        'the plan.', of_plan)
    left_out = gauge('plans_left_out',
                     'Whether there are plans that have no series here.')
    daemon = ('host', 'binary')
    beat = gauge('service_heartbeat_age_seconds',
                 'Time since the last heartbeat of a daemon.', daemon)
    enabled = gauge('service_enabled',
                    'Whether an operator lets the daemon begin new work.',
                    daemon)
    up.add_metric((), found is not None)
    if found is None:
        return made
    for load in found.loads:
        labels = load.project_id, load.type
        depth.add_metric(labels, load.queued)
        if load.queued:
            age.add_metric(labels, load.oldest_age)
        running.add_metric(labels, load.running)
        abandoned.add_metric(labels, load.abandoned)
    for plan in found.plans:
        labels = plan.project_id, plan.plan_id
        success.add_metric(labels, plan.last_success)
        scheduled.add_metric(labels, plan.scheduled)
    left_out.add_metric((), found.plans_left_out)
    for life in found.lives:
        labels = life.host, life.binary
        beat.add_metric(labels, life.age)
        enabled.add_metric(labels, life.enabled)
    return made
