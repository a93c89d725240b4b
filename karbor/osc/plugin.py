# SPDX-License-Identifier: Apache-2.0
"""What ``openstack`` asks of a plugin.

Commands that are here are of what came to the API after python-karborclient
was written. That has a plugin of its own; neither needs the other.
"""

import argparse
from typing import Any

from karbor.osc import client

# The group of commands is openstack.NAME.vMAJOR.
API_NAME = 'karbor'
API_VERSION_OPTION = 'os_karbor_api_version'
DEFAULT_API_VERSION = '1'


def make_client(instance: Any) -> client.Client:
    """The client of commands, as ``app.client_manager.karbor``.

    :param instance: the manager of clients
    """
    return client.Client(instance.session, client.endpoint(instance))


def build_option_parser(
        parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Add options for all commands; there is none."""
    return parser
