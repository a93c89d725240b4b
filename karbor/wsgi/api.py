# SPDX-License-Identifier: Apache-2.0
"""``application`` for uwsgi, gunicorn and other WSGI servers.

The configuration is karbor.conf where oslo.config looks for it, or the
files that OS_KARBOR_CONFIG_FILE names, separated by colons.
"""

import os

from karbor import conf
from karbor import service
from karbor.api import app

ENV = 'OS_KARBOR_CONFIG_FILE'


def _files() -> list[str] | None:
    names = os.environ.get(ENV)
    return names.split(':') if names else None


conf.parse([], default_config_files=_files())
service.named('karbor-api')
service.set_up(conf.CONF)
application = app.build(conf.CONF)
