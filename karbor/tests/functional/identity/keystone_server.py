# SPDX-License-Identifier: Apache-2.0
"""A program: a new Keystone of its own in one directory, on loopback.

    python keystone_server.py DIRECTORY PASSWORD

It writes its URL as one line when it answers, and ends when its standard input
does, that is at the latest with whoever started it.
"""

import multiprocessing
import os
from pathlib import Path
import sys

from keystone.cmd import cli
from keystone.server.flask import core

from karbor.api import server

CONFIG = """\
[DEFAULT]
transport_url = fake:
log_file = {root}/keystone.log
[database]
connection = sqlite:///{root}/keystone.sqlite
[token]
provider = fernet
[fernet_tokens]
key_repository = {root}/keys
[fernet_receipts]
key_repository = {root}/keys
[credential]
key_repository = {root}/keys
[cache]
backend = dogpile.cache.memory
[identity]
password_hash_algorithm = bcrypt
password_hash_rounds = 4
[oslo_messaging_notifications]
driver = noop
"""


def manage(config, *arguments):
    """What keystone-manage does, in a child: once, for its options stay.

    A fork, because importing Keystone takes longer than all that it does
    here.
    """
    child = multiprocessing.get_context('fork').Process(
        target=cli.main,
        args=(['keystone-manage', '--config-file', config, *arguments],))
    child.start()
    child.join()
    if child.exitcode:
        raise SystemExit(f'keystone-manage {arguments[0]} failed')


def main(root, password):
    config = Path(root) / 'keystone.conf'
    config.write_text(CONFIG.format(root=root))
    (Path(root) / 'keys').mkdir(mode=0o700)
    # from now on the port is ours, so that the catalogue can name it
    http = server.Server(lambda: core.initialize_application(
        'public', config_files=[str(config)]), '127.0.0.1', 0, threads=4)
    url = f'http://127.0.0.1:{http.port}/v3'
    manage(str(config), 'fernet_setup', '--keystone-user', str(os.getuid()),
           '--keystone-group', str(os.getgid()))
    manage(str(config), 'db_sync')
    manage(str(config), 'bootstrap', '--bootstrap-username', 'bootstrap',
           '--bootstrap-password', password, '--bootstrap-region-id',
           'RegionOne', '--bootstrap-public-url', url,
           '--bootstrap-internal-url', url)
    # Keystone reads these again when it makes its application
    del sys.argv[1:]
    http.start()
    print(url, flush=True)
    sys.stdin.read()
    http.stop(graceful=False)
    http.wait()


if __name__ == '__main__':
    main(*sys.argv[1:])
