# SPDX-License-Identifier: Apache-2.0
"""What a worker spends on the database and the bus.

The worker is in this process, so that each statement and each message can be
counted; what it talks to are the real servers.
"""

import collections
import contextlib
import cProfile
import functools
import pstats
import threading
import time

import oslo_messaging as messaging
import sqlalchemy as sa
import world as worlds

from karbor import conf as karbor_conf
from karbor.db import session
from karbor.model.graph import Graph
from karbor.model.resource import Resource
from karbor.plugin.testing.step import MemoryStep
from karbor.protection import protectables
from karbor.protection import providers
from karbor.protection import work
from karbor.protection import worker
from karbor.protection.flows import build
from karbor.protection.flows import engine
from karbor.rpc import notifications
from karbor.tests.functional import daemons


class Meter:
    """Numbers and seconds, by what took them, of all threads together."""

    def __init__(self):
        self._lock = threading.Lock()
        self.times = collections.Counter()
        self.seconds = collections.Counter()

    def add(self, what, seconds):
        with self._lock:
            self.times[what] += 1
            self.seconds[what] += seconds

    @contextlib.contextmanager
    def replaced(self, owner, name, what):
        """Measure each call of a method meanwhile."""
        method = getattr(owner, name)

        @functools.wraps(method)
        def measured(*arguments, **kwargs):
            began = time.perf_counter()
            try:
                return method(*arguments, **kwargs)
            finally:
                self.add(what, time.perf_counter() - began)

        own = name in vars(owner)
        setattr(owner, name, measured)
        try:
            yield
        finally:
            if own:
                setattr(owner, name, method)
            else:
                delattr(owner, name)

    @contextlib.contextmanager
    def listening(self, engine):
        """Measure all that goes to the database and to the bus meanwhile."""
        def before(connection, cursor, statement, parameters, context, many):
            context.began = time.perf_counter()

        def after(connection, cursor, statement, parameters, context, many):
            self.add('statement', time.perf_counter() - context.began)

        sa.event.listen(engine, 'before_cursor_execute', before)
        sa.event.listen(engine, 'after_cursor_execute', after)
        transport = messaging.transport.Transport
        try:
            with contextlib.ExitStack() as stack:
                for owner, name, what in (
                        (engine.dialect, 'do_commit', 'commit'),
                        (engine.dialect, 'do_rollback', 'rollback'),
                        (transport, '_send', 'message'),
                        (transport, '_send_notification', 'message')):
                    stack.enter_context(self.replaced(owner, name, what))
                yield self
        finally:
            sa.event.remove(engine, 'before_cursor_execute', before)
            sa.event.remove(engine, 'after_cursor_execute', after)


def shop():
    """What `karbor.protection.service` gives its worker."""
    conf = karbor_conf.CONF
    return work.Workshop(
        conf, providers.load(conf), protectables.Protectables.load(conf),
        engine.Threads(conf.protection.threads))


def alone(made, count):
    """Seconds of the hooks of so many resources, and nothing around them.

    :return: in a loop, and in flows of taskflow
    """
    graph = Graph.of([Resource(worlds.TYPE, str(number), 'noop')
                      for number in range(count)], {})
    plugin = made.providers.get(daemons.PROVIDER).plugins[worlds.TYPE]
    operation = plugin.operations['protect']
    steps = [MemoryStep(resource) for resource in graph.resources]

    def hook(call):
        getattr(operation(plugin), call.hook)(steps[call.position])

    plan = [batches for _phase, batches in build.phases(
        graph, lambda _resource: operation.hooks(),
        made.conf.protection.flow_size)]
    began = time.perf_counter()
    for batches in plan:
        for batch in batches:
            for call in batch:
                hook(call)
    middle = time.perf_counter()
    for batches in plan:
        for batch in batches:
            engine.run(batch, hook, lambda _call: made.executor)
    return middle - began, time.perf_counter() - middle


class Profiles:
    """CPU of all threads that begin meanwhile, by cProfile."""

    def __init__(self):
        self._made = []

    def __enter__(self):
        threading.setprofile(self._begin)
        return self

    def __exit__(self, *_exc):
        threading.setprofile(None)

    def _begin(self, *_event):
        # in a thread's first call: its profile takes the place of this
        profile = cProfile.Profile(time.thread_time)
        self._made.append(profile)
        profile.enable()

    def print(self, lines):
        stats = pstats.Stats(*self._made)
        for order in ('tottime', 'cumulative'):
            stats.sort_stats(order).print_stats(lines)


def overhead(made, count, profile=None):
    """What operations cost beside their hooks.

    :param count: resources of one; there are as many operations as make 100
        resources
    :param profile: `Profiles` that see the worker's threads
    :return: milliseconds of each resource, and what each operation sends
    """
    times = -(-100 // count)
    begun = [made.queue(made.plan_of(count)) for _time in range(times)]
    with contextlib.ExitStack() as stack:
        if profile is not None:
            stack.enter_context(profile)
        mine = shop()
        stack.callback(mine.executor.shutdown)
        meter = Meter()
        stack.enter_context(meter.listening(session.engine()))
        working = worker.Worker(mine)
        cpu, began = time.process_time(), time.perf_counter()
        working.start()
        stack.callback(working.stop)
        for checkpoint in begun:
            made.available(checkpoint.id)
        seconds = time.perf_counter() - began
        cpu = time.process_time() - cpu
        notifications.flush(60)
    mine = shop()
    hooks, flows = alone(mine, count)
    mine.executor.shutdown()
    each = 1000 / count
    database = sum(meter.seconds[what] for what in (
        'statement', 'commit', 'rollback'))
    return {
        'whole': seconds / times * each, 'cpu': cpu / times * each,
        'hooks': hooks * each, 'flows': flows * each,
        'database': database / times * each,
        'bus': meter.seconds['message'] / times * each,
        'statements': meter.times['statement'] / times,
        'commits': meter.times['commit'] / times,
        'messages': meter.times['message'] / times}
