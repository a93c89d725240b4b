# SPDX-License-Identifier: Apache-2.0
"""What the protection service costs, and how soon it goes on.

``python tools/bench/protection`` starts daemons on loopback with RabbitMQ and
a new database, and measures four things with resources that are not there:
how long after its POST a checkpoint of many of them is available; how many
operations of one resource a second are taken from a queue of many projects,
and when the last one of each project ends; how long it takes another worker
to go on after one was killed; and what database and bus cost for each
resource. Workers, servers and this program share the machine. Needs RabbitMQ,
the database and the requirements of the tests; ``standalone`` needs neither.
"""

import argparse
import contextlib
import os
from pathlib import Path
import statistics
import sys
import time

import costs
import world as worlds

sys.path.append(str(Path(__file__).parents[1]))

import report


def checkpoint(world, running, count, times):
    """Seconds from the POST until the checkpoint can be used."""
    plan = world.plan_of(count)
    before = sum(one.cpu() for one in running)
    found = []
    for _time in range(times):
        began = time.perf_counter()
        world.available(world.post(plan))
        found.append(time.perf_counter() - began)
    cpu = (sum(one.cpu() for one in running) - before) / times
    middle = statistics.median(found)
    return {'median': middle, 'most': max(found), 'cpu': cpu,
            'each': 1000 * middle / count}


def queue(world, count, projects, workers, large):
    """Operations a second, and when each project's last one has ended.

    :param large: so much of all is of one project
    """
    names = [f'{number:032}' for number in range(projects)]
    rest = count - int(count * large)
    owners = [names[number % len(names)] if number < rest else names[0]
              for number in range(count)]
    # All of a project come together: by age alone, one project would end
    # after the other.
    owners.sort()
    for project in owners:
        world.queue(world.plan_of(1, project))
    running = [world.worker_() for _number in range(workers)]
    world.until(lambda: set(world.statuses()) != {'queued'})
    before = sum(one.cpu() for one in running)
    # seldom, for the question costs the database as much as an operation
    world.until(lambda: world.statuses() == {'success': count}, pause=0.25)
    rows = world.operations()
    first = {}
    for row in rows:
        first[row.owner] = min(row.started_at,
                               first.get(row.owner, row.started_at))
    if len(first) != workers:
        raise SystemExit(f'{len(first)} of {workers} workers had work')
    # when all have begun: one daemon starts sooner than another
    begin = max(first.values())
    end = max(row.ended_at for row in rows)
    done = sum(row.ended_at > begin for row in rows)
    last = {}
    for row in rows:
        took = (row.ended_at - min(first.values())).total_seconds()
        last[row.project_id] = max(took, last.get(row.project_id, 0))
    cpu = sum(one.cpu() for one in running) - before
    small = [took for name, took in last.items()
             if not large or name != names[0]]
    seconds = max(last.values())
    return {'rate': done / (end - begin).total_seconds(), 'seconds': seconds,
            'first': min(small), 'middle': statistics.median(small),
            'last': max(small), 'each': 1000 * cpu / count}


def takeover(world, times):
    """Seconds from the death of a worker, and from its lease's end."""
    # of a resource whose hook does not end, so that nothing else is measured
    world.write_provider(strange=True)
    world.box('box')
    running = world.work(2)
    found = []
    for _time in range(times):
        found.append(_kill(world, running))
        running.append(world.worker_())
        world.until(lambda: running[-1].cpu() > 1)
    kills, leases = zip(*found, strict=True)
    return {'median': statistics.median(kills), 'most': max(kills),
            'late': statistics.median(leases), 'latest': max(leases)}


def _kill(world, running):
    """Kill the worker that has the work; removes it from those that run.

    :return: seconds until another has it, from the kill and from the lease
    """
    place = 'protect.on_main.Box.box'
    order = world.order(place, 'hang')
    before = len(world.trace())
    checkpoint_id = world.post(world.plan(('Test::Box', 'box')))
    world.until(lambda: f'begin {place}' in world.trace()[before:])
    pid = world.held(checkpoint_id).owner.split(':')[1]
    victim = next(one for one in running if pid in one.workers())
    killed = worlds.moment()
    victim.kill()
    running.remove(victim)
    # a heartbeat may have come since
    lease = world.held(checkpoint_id).lease_until
    world.until(lambda: world.held(checkpoint_id).attempt == 2)
    taken = worlds.moment()
    os.unlink(order)
    world.available(checkpoint_id)
    return (taken - killed).total_seconds(), (taken - lease).total_seconds()


def results(wanted, root):
    number = 0

    def world(kind, **kwargs):
        nonlocal number
        number += 1
        return worlds.world(root / str(number), kind, **kwargs)

    for kind in wanted.database:
        many = wanted.workers if kind != 'standalone' else (1,)
        for workers in many if wanted.resources else ():
            with world(kind) as made:
                running = made.work(workers)
                # what is connected and compiled once is not the question
                for _time in range(3 * workers):
                    made.available(made.post(made.plan_of(1)))
                for count in wanted.resources:
                    times = (wanted.repeat if count < 1000
                             else -(-wanted.repeat // 2))
                    yield ('checkpoint', f'{kind}, {count} resources, '
                           f'{workers} worker(s)',
                           checkpoint(made, running, count, times))
        for workers in many:
            for large in wanted.large if wanted.queue else ():
                with world(kind) as made:
                    yield ('queue', f'{kind}, {wanted.queue} of '
                           f'{wanted.projects} projects'
                           f'{f", {large:.0%} of one" if large else ""}, '
                           f'{workers} worker(s)',
                           queue(made, wanted.queue, wanted.projects,
                                 workers, large))
        if wanted.kills and kind != 'standalone':
            with world(kind, lease=wanted.lease) as made:
                yield ('takeover', f'{kind}, {wanted.kills} kills, lease '
                       f'{wanted.lease} s', takeover(made, wanted.kills))
        with world(kind) if wanted.overhead else (
                contextlib.nullcontext()) as made:
            for count in wanted.overhead:
                # what is compiled once is not the question
                costs.overhead(made, 10)
                profile = costs.Profiles() if wanted.profile else None
                yield ('overhead', f'{kind}, {count} resources',
                       costs.overhead(made, count, profile))
                if profile is not None:
                    profile.print(wanted.profile)


SAID = {
    'checkpoint': 'median {median:.3f} s, most {most:.3f} s; {each:.2f} ms '
                  'each; CPU {cpu:.2f} s',
    'queue': '{rate:.1f}/s in {seconds:.1f} s; projects ended after '
             '{first:.1f}, {middle:.1f}, {last:.1f} s; CPU {each:.1f} ms '
             'each',
    'takeover': 'after the kill median {median:.2f} s, most {most:.2f} s; '
                'after the lease median {late:.2f} s, most {latest:.2f} s',
    'overhead': '{whole:.2f} ms each (hooks {hooks:.3f}, in flows '
                '{flows:.2f}); database {database:.2f} ms, bus {bus:.3f} '
                'ms, CPU {cpu:.2f} ms; an operation {statements:.0f} '
                'statements, {commits:.0f} commits, {messages:.0f} '
                'messages'}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('--database', nargs='+', choices=worlds.KINDS,
                        default=('postgresql',))
    parser.add_argument('--workers', nargs='+', type=int, default=(1, 2))
    parser.add_argument('--resources', nargs='*', type=int,
                        default=(1, 10, 100, 1000, 10_000),
                        help='of a checkpoint')
    parser.add_argument('--repeat', type=int, default=5,
                        help='of each checkpoint; half of it from 1,000 '
                             'resources on')
    parser.add_argument('--queue', type=int, default=1000,
                        help='operations of one resource; 0: none')
    parser.add_argument('--projects', type=int, default=20)
    parser.add_argument('--large', nargs='+', type=float, default=(0, 0.5),
                        help='how much of the queue is of one project '
                             'alone; the others share the rest')
    parser.add_argument('--kills', type=int, default=5)
    parser.add_argument('--lease', type=int, default=10,
                        help='seconds, where workers are killed')
    parser.add_argument('--overhead', nargs='*', type=int,
                        default=(1, 100, 1000), help='resources')
    parser.add_argument('--profile', type=int, default=0,
                        help='lines of a profile of the worker')
    parser.add_argument('--json', type=Path, help='a file for the results')
    return parser.parse_args()


def main():
    wanted = arguments()
    print(f'load before: {os.getloadavg()[0]:.2f}, {os.cpu_count()} cores')
    report.tell(lambda root: results(wanted, root), SAID, wanted.json, 60)


if __name__ == '__main__':
    main()
