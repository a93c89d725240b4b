# SPDX-License-Identifier: Apache-2.0
"""What the API costs: requests a second, and CPU of the server a request.

``python tools/bench/api`` starts, on loopback and for each server and
database, an API with ``karbor-protection`` behind it, fills the database, and
asks. Clients are a process of their own, and the CPU is that of
all processes of the server, so a busy machine changes the first figure and
hardly the second. What PostgreSQL and MariaDB use themselves is not in it.
Needs RabbitMQ, the database and the requirements of the tests.
"""

import argparse
import json
from pathlib import Path
import shutil
import statistics
import subprocess
import sys
import tempfile

import cases
import servers

LOAD = Path(__file__).with_name('load.py')
# columns: key of a result, title, format
COLUMNS = (
    ('server', 'server', ''), ('database', 'database', ''),
    ('case', 'case', ''), ('clients', 'clients', ''),
    ('rate', 'requests/s', '.0f'), ('cpu', 'CPU ms/request', '.2f'),
    ('spread', 'spread', ''), ('median', 'median ms', '.1f'),
    ('p99', '99% ms', '.1f'))


def ask(api, clients, seconds, most, requests):
    """One measurement: what `load.py` answers, and the server's CPU."""
    before = api.cpu()
    done = subprocess.run(
        [sys.executable, LOAD], check=True, stdout=subprocess.PIPE,
        input=json.dumps({'port': api.port, 'clients': clients,
                          'seconds': seconds, 'most': most,
                          'requests': requests}).encode(),
        timeout=seconds + 300)
    answer = json.loads(done.stdout)
    answer['cpu'] = api.cpu() - before
    bad = [status for status in answer['statuses'] if int(status) >= 400]
    if bad:
        raise SystemExit(f'answers with status {bad}')
    return answer


def measure(api, filled, name, clients, wanted):
    """The middle of some measurements, in milliseconds."""
    # what is compiled, connected and remembered once is not the question
    ask(api, clients, wanted.seconds, 20 * clients,
        filled.requests(name, 20 * clients))
    found = [ask(api, clients, wanted.seconds, wanted.requests,
                 filled.requests(name, wanted.requests))
             for _time in range(wanted.repeat)]
    costs = sorted(one['cpu'] / one['requests'] * 1000 for one in found)
    return {
        'rate': statistics.median(one['requests'] / one['seconds']
                                  for one in found),
        'cpu': statistics.median(costs),
        'spread': f'{costs[0]:.2f}-{costs[-1]:.2f}',
        'median': statistics.median(one['median'] for one in found) * 1000,
        'p99': statistics.median(one['p99'] for one in found) * 1000}


def row(result):
    return '| ' + ' | '.join(format(result[key], how)
                             for key, _title, how in COLUMNS) + ' |'


def results(wanted, root):
    for server in wanted.server:
        for database in wanted.database:
            with servers.running(server, database,
                                 root / f'{server}-{database}') as api:
                filled = cases.Cases(api.database, wanted.rows)
                for name in filled.names():
                    if not any(part in name for part in wanted.case):
                        continue
                    for clients in wanted.clients:
                        yield {'server': server, 'database': database,
                               'case': name, 'clients': clients,
                               **measure(api, filled, name, clients, wanted)}
                filled.close()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('--server', nargs='+', choices=servers.SERVERS,
                        default=servers.SERVERS)
    parser.add_argument('--database', nargs='+', choices=servers.DATABASES,
                        default=('sqlite', 'postgresql'))
    parser.add_argument('--case', nargs='+', default=[''],
                        help='only cases with one of these in their name')
    parser.add_argument('--clients', nargs='+', type=int, default=(1, 8, 32))
    parser.add_argument('--rows', nargs='+', type=int, default=cases.COUNTS)
    parser.add_argument('--seconds', type=float, default=3,
                        help='at most, of each measurement')
    parser.add_argument('--requests', type=int, default=1000,
                        help='at most, of each measurement')
    parser.add_argument('--repeat', type=int, default=3)
    parser.add_argument('--quick', action='store_true',
                        help='half a minute: few rows, one and 8 clients, '
                             'each measured once')
    parser.add_argument('--json', type=Path, help='a file for the results')
    wanted = parser.parse_args()
    if wanted.quick:
        wanted.clients, wanted.rows, wanted.repeat = (1, 8), (1, 100), 1
        wanted.seconds, wanted.requests = 1, 200
    return wanted


def main():
    wanted = arguments()
    root = Path(tempfile.mkdtemp(prefix='karbor-bench-'))
    found = []
    try:
        print('| ' + ' | '.join(title for _key, title, _how in COLUMNS)
              + ' |\n' + '|---' * len(COLUMNS) + '|')
        for result in results(wanted, root):
            found.append(result)
            print(row(result), flush=True)
    finally:
        shutil.rmtree(root, ignore_errors=True)
        if wanted.json:
            wanted.json.write_text(json.dumps(found, indent=1) + '\n')


if __name__ == '__main__':
    main()
