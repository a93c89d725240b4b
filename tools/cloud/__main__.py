# SPDX-License-Identifier: Apache-2.0
"""A small OpenStack of real services, on loopback, for tests.

    python tools/cloud install          packages, into a cache
    python tools/cloud up [SERVICE...]  set up and start; default: all
    eval "$(python tools/cloud env)"    OS_* of its administrator
    python tools/cloud status           processes and their memory
    python tools/cloud down             stop what was started, and no more
    python tools/cloud save             stop, and keep the state ...
    python tools/cloud reset            ... to go back to; --empty: to none

Every command may be repeated. KARBOR_CLOUD_HOME says where all is kept (by
default in the user's cache), KARBOR_CLOUD_NAME which cloud it is of those that
share what is installed there, and KARBOR_CLOUD_PORTS what is added to every
usual port. doc/source/contributor/testing.rst tells what is real in it.
"""

import argparse
from concurrent import futures
import datetime
import os
import subprocess
import sys
import time

from place import DATA
from place import DONE
from place import environment
from place import ETC
from place import Failed
from place import HERE
from place import HOME
from place import LOG
from place import once
from place import OWN
from place import PASSWORD
from place import REGION
from place import remove
from place import RUN
from place import SAVED
from place import say
from place import SHIMS
from place import STATE
from place import VENV
from place import write
from processes import memory
from processes import running
from processes import stop
from service import KEYSTONE
from service import register
from service import Service
from services import closure
from services import DATABASE
from services import SERVICES

SUDO = """\
#!/bin/sh
# Stands in for sudo and for rootwrap: all of the cloud runs as one user.
while [ "${1#-}" != "$1" ]; do shift; done
case "$1" in *-rootwrap) shift 2;; esac
exec "$@"
"""
# set up at a time: they wait for each other's answers more than they work
JOBS = 3


def install(_args: argparse.Namespace) -> None:
    """Install packages and the Python environment."""
    write(SHIMS / 'sudo', SUDO, 0o755)
    done = subprocess.run([HERE / 'install.sh', VENV], check=False,
                          stdout=sys.stderr)
    if done.returncode:
        raise Failed('what the cloud is made of could not be installed')


def up(args: argparse.Namespace) -> None:
    """Set up and start services, with all that they need."""
    if not (VENV / '.karbor-cloud').exists():
        raise Failed('"install" comes before "up"')
    wanted = closure(args.service or SERVICES)
    for folder in (ETC, DATA, LOG, RUN, DONE):
        folder.mkdir(parents=True, exist_ok=True)
    for service in wanted:
        service.configure()
    for service in wanted:
        if not service.catalog:
            _launch(service)
    databases = [name for service in wanted for name in service.databases]
    if databases:
        DATABASE.create(databases)
    rest = [service for service in wanted if service.catalog]
    if rest:
        keystone = rest.pop(0)
        once(keystone.name, keystone.prepare)
        _launch(keystone)
        entries = {service.name: service.catalog
                   for service in wanted if service.catalog}
        once('-'.join(['catalog', *sorted(entries)]),
             lambda: register(services=entries))
    with futures.ThreadPoolExecutor(JOBS) as pool:
        jobs = {service: pool.submit(_bring, service) for service in rest}
    failures = [f'{service.name}: {job.exception()}'
                for service, job in jobs.items() if job.exception()]
    if failures:
        raise Failed('\n'.join(failures))
    say(f'up: {" ".join(service.name for service in wanted)}')


def _bring(service: Service) -> None:
    once(service.name, service.prepare)
    since = datetime.datetime.now(datetime.UTC)
    _launch(service)
    once(f'{service.name}-after', service.after)
    service.wait(since.strftime('%Y-%m-%dT%H:%M:%S'))


def _launch(service: Service) -> None:
    processes = service.processes()
    for process in processes:
        process.start()
        if process.name == 'epmd':
            # RabbitMQ asks it once
            process.wait()
    for process in processes:
        process.wait()


def down(_args: argparse.Namespace) -> None:
    """Stop what was started."""
    files = sorted(RUN.glob('*.pid'))
    servers = {'database', 'rabbit', 'epmd', 'memcached'}
    # none of them shall end its work with a server gone
    stop([file for file in files if file.stem not in servers])
    stop([file for file in files if file.stem in servers])
    say(f'stopped: {len(files)} processes')


def status(_args: argparse.Namespace) -> None:
    """List processes and their memory; fails if one is not there."""
    total = 0.0
    gone = []
    files = sorted(RUN.glob('*.pid'))
    for file in files:
        pid = running(file)
        size = memory(pid) if pid else 0
        total += size
        if not pid:
            gone.append(file.stem)
        print(f'{file.stem:20} {"up" if pid else "DOWN":5} '
              f'{pid or "":>8} {size:8.0f} MiB')
    print(f'{"in all":35} {total:8.0f} MiB')
    if gone or not files:
        raise Failed(f'not running: {" ".join(gone) or "the cloud"}')


def save(args: argparse.Namespace) -> None:
    """Stop, and keep a copy of the state for reset."""
    down(args)
    remove(SAVED)
    _copy(STATE, SAVED)


def reset(args: argparse.Namespace) -> None:
    """Stop, and go back to the saved state, or to none."""
    down(args)
    remove(OWN if args.empty else STATE)
    if SAVED.exists():
        _copy(SAVED, STATE)


def _copy(source: os.PathLike[str], target: os.PathLike[str]) -> None:
    # volumes are mostly holes
    subprocess.run(['cp', '-a', '--reflink=auto', '--sparse=always', source,
                    target], check=True, env=environment())


def env(_args: argparse.Namespace) -> None:
    """Print OS_* of the administrator for a shell."""
    if not running(RUN / 'keystone.pid'):
        raise Failed('the cloud does not run')
    for key, value in {
            'AUTH_URL': KEYSTONE, 'USERNAME': 'admin', 'PASSWORD': PASSWORD,
            'PROJECT_NAME': 'admin', 'USER_DOMAIN_ID': 'default',
            'PROJECT_DOMAIN_ID': 'default', 'REGION_NAME': REGION,
            'IDENTITY_API_VERSION': '3'}.items():
        print(f'export OS_{key}={value}')


def main() -> int:
    parser = argparse.ArgumentParser(
        prog='tools/cloud', description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True, metavar='COMMAND')
    for function in (install, up, down, status, save, reset, env):
        command = commands.add_parser(function.__name__,
                                      help=function.__doc__)
        command.set_defaults(function=function)
        if function is up:
            command.add_argument('service', nargs='*',
                                 help=f'of {", ".join(SERVICES)}')
        if function is reset:
            command.add_argument('--empty', action='store_true',
                                 help='to none, and forget the saved one')
    args = parser.parse_args()
    HOME.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    try:
        args.function(args)
    except Failed as error:
        say(f'tools/cloud: {error}')
        return 1
    if args.function is not env:
        say(f'{args.function.__name__}: {time.monotonic() - began:.0f} s')
    return 0


if __name__ == '__main__':
    sys.exit(main())
