# SPDX-License-Identifier: Apache-2.0
"""What the operation engine costs, and how late it is.

``python tools/bench/engine`` starts engines on loopback with RabbitMQ and a
new database and measures three things: how long after its time work is handed
over, and the engines' CPU, when many operations are due in the same second;
what it costs to make triggers and operations; and what an idle engine costs
with many triggers. What the database uses itself is not in it. Needs RabbitMQ,
the database and the requirements of the tests.
"""

import argparse
import contextlib
import datetime
from pathlib import Path
import sys
import time

import world as worlds

sys.path.append(str(Path(__file__).parents[1]))

import report

# an engine that has not begun all runs by then has lost some
PATIENCE = 600


def _wait(seconds):
    time.sleep(max(seconds, 0))


def due(world, count, engines):
    """So many operations in the same second."""
    with contextlib.ExitStack() as stack:
        now = datetime.datetime.now(datetime.UTC)
        moment = now.replace(second=0, microsecond=0) + worlds.MINUTE
        if (moment - now).total_seconds() < 20 + count / 1000:
            moment += worlds.MINUTE
        world.fill(count, moment)
        running = [stack.enter_context(worlds.Engine(world))
                   for _number in range(engines)]
        _wait((moment - datetime.datetime.now(
            datetime.UTC)).total_seconds() - 1)
        before = sum(engine.cpu() for engine in running)
        end = time.monotonic() + PATIENCE
        while len(delays := world.delays()) < count:
            if time.monotonic() > end:
                raise SystemExit(f'{count} were due and {len(delays)} began: '
                                 f'{world.statuses()}')
            _wait(1)
        cpu = sum(engine.cpu() for engine in running) - before
    if world.operations() != count:
        raise SystemExit(f'{count} were due and {world.operations()} '
                         'operations were made')
    delays.sort()
    return {'median': delays[len(delays) // 2],
            'p99': delays[int(len(delays) * 0.99) - 1], 'most': delays[-1],
            'cpu': cpu, 'each': 1000 * cpu / count}


def idle(world, count, seconds):
    """An engine that has nothing to do for so many triggers."""
    world.fill(count, datetime.datetime.now(datetime.UTC).replace(
        microsecond=0) + datetime.timedelta(days=20))
    with worlds.Engine(world) as engine:
        _wait(15)
        before = engine.cpu()
        _wait(seconds)
        return {'share': 100 * (engine.cpu() - before) / seconds,
                'memory': engine.memory() / 2 ** 20}


def results(wanted, root):
    number = 0
    for database in wanted.database:
        for count in wanted.due:
            for engines in wanted.engines:
                number += 1
                with worlds.world(root / str(number), database) as world:
                    yield ('due', f'{database}, {count} due at once, '
                           f'{engines} engine(s)', due(world, count, engines))
        if wanted.make:
            number += 1
            with worlds.world(root / str(number), database) as world:
                seconds = world.make(wanted.make)
                yield ('make', f'{database}, {wanted.make} triggers and '
                       'operations', {
                           'seconds': seconds,
                           'each': 1000 * seconds / wanted.make})
        for count in wanted.idle:
            number += 1
            with worlds.world(root / str(number), database) as world:
                yield ('idle', f'{database}, {count} triggers',
                       idle(world, count, wanted.seconds))


SAID = {
    'due': 'median {median:.2f} s, 99 % {p99:.2f} s, most {most:.2f} s; CPU '
           '{cpu:.2f} s, {each:.1f} ms each',
    'make': '{seconds:.1f} s, {each:.2f} ms each',
    'idle': '{share:.2f} % of a core, {memory:.0f} MiB'}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('--database', nargs='+', choices=worlds.DATABASES,
                        default=('postgresql',))
    parser.add_argument('--due', nargs='*', type=int,
                        default=(100, 500, 5000))
    parser.add_argument('--engines', nargs='+', type=int, default=(1, 2))
    parser.add_argument('--make', type=int, default=10_000)
    parser.add_argument('--idle', nargs='*', type=int,
                        default=(1000, 10_000, 100_000))
    parser.add_argument('--seconds', type=float, default=60,
                        help='of an idle engine')
    parser.add_argument('--json', type=Path, help='a file for the results')
    return parser.parse_args()


def main():
    wanted = arguments()
    report.tell(lambda root: results(wanted, root), SAID, wanted.json)


if __name__ == '__main__':
    main()
