# SPDX-License-Identifier: Apache-2.0
"""What the services stand on: memcached, RabbitMQ and MariaDB of their own.

The cloud shares none of them with the machine, so nothing of it stays there.
"""

import os

from place import call
from place import ETC
from place import HOST
from place import LOG
from place import OFFSET
from place import port
from place import write
from processes import Process
from service import DATABASE
from service import MEMCACHED
from service import RABBIT
from service import Service

RABBITMQ = '/usr/lib/rabbitmq/bin/rabbitmq-server'
# None of these programs wants to be root unless it is told to.
ROOT = os.geteuid() == 0


class Memcached(Service):
    name = 'memcached'

    def processes(self) -> list[Process]:
        return [Process('memcached', [
            'memcached', '-l', HOST, '-p', MEMCACHED, '-m', 32, '-t', 1,
            *(['-u', 'root'] if ROOT else [])], number=MEMCACHED)]


class Rabbit(Service):
    name = 'rabbit'

    def processes(self) -> list[Process]:
        home, conf = self.home, ETC / 'rabbit/rabbitmq.conf'
        home.mkdir(parents=True, exist_ok=True)
        mapper, peers = port(4369), port(5673)
        write(conf, '\n'.join([
            f'listeners.tcp.1 = {HOST}:{RABBIT}',
            'vm_memory_high_watermark.absolute = 512MiB',
            'disk_free_limit.absolute = 100MB',
            'cluster_name = karbor-cloud',
            'log.console = true', 'log.console.level = warning',
            'log.file = false', '']))
        env = {
            'HOME': home,
            'RABBITMQ_NODENAME': f'karbor{OFFSET}@localhost',
            'RABBITMQ_CONFIG_FILE': conf,
            'RABBITMQ_ENABLED_PLUGINS_FILE': home / 'plugins',
            'RABBITMQ_MNESIA_BASE': home / 'mnesia',
            'RABBITMQ_LOG_BASE': LOG,
            'RABBITMQ_PID_FILE': home / 'pid',
            'RABBITMQ_CONF_ENV_FILE': '/dev/null',
            'RABBITMQ_DIST_PORT': peers,
            'RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS':
                '+S 1:1 +sbwt none -start_epmd false '
                '-kernel inet_dist_use_interface {127,0,0,1}',
            'ERL_EPMD_PORT': mapper, 'ERL_EPMD_ADDRESS': HOST,
        }
        return [
            Process('epmd', ['epmd', '-address', HOST, '-port', mapper],
                    number=mapper),
            Process('rabbit', [RABBITMQ],
                    {key: str(value) for key, value in env.items()},
                    number=RABBIT)]


class Database(Service):
    name = 'database'

    def processes(self) -> list[Process]:
        home = self.home
        user = ['--user=root'] if ROOT else []
        if not home.exists():
            call('database-setup', [
                'mariadb-install-db', '--no-defaults', f'--datadir={home}',
                '--auth-root-authentication-method=normal',
                '--skip-test-db', *user])
        # what it has need not outlive a power cut
        return [Process('database', [
            'mariadbd', '--no-defaults', f'--datadir={home}', *user,
            f'--bind-address={HOST}', f'--port={DATABASE}',
            f'--socket={home}/socket', f'--pid-file={home}/pid',
            '--skip-name-resolve', '--skip-log-bin', '--max-connections=600',
            '--character-set-server=utf8mb4', '--performance-schema=OFF',
            '--innodb-buffer-pool-size=192M', '--innodb-log-file-size=64M',
            '--innodb-flush-log-at-trx-commit=0', '--innodb-doublewrite=0',
            '--innodb-flush-method=nosync'], number=DATABASE)]

    def create(self, names: list[str]) -> None:
        call('database-setup', [
            'mariadb', '--no-defaults', f'--host={HOST}',
            f'--port={DATABASE}', '--user=root', '--execute',
            ';'.join(f'CREATE DATABASE IF NOT EXISTS {n}' for n in names)])
