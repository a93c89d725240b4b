# SPDX-License-Identifier: Apache-2.0
"""The cloud as plugins see it: one connection of openstacksdk a process."""

import threading
from typing import Any

from keystoneauth1 import loading
import openstack
from oslo_config import cfg

from karbor import exception
from karbor.i18n import _
from karbor.version import version_info

# the configuration and its session; a configuration cannot be hashed
_known: tuple[cfg.ConfigOpts, Any] | None = None
_lock = threading.Lock()


def _session(conf: cfg.ConfigOpts) -> Any:
    global _known
    with _lock:
        if _known is None or _known[0] is not conf:
            auth = loading.load_auth_from_conf_options(conf, 'cloud')
            _known = conf, loading.load_session_from_conf_options(
                conf, 'cloud', auth=auth)
        return _known[1]


def connect(conf: cfg.ConfigOpts, project_id: str) -> Any:
    """A connection with Karbor's own credentials.

    :param project_id: of whom the work is; told to the services in the
        agent's name, so that their logs show it
    :raises exception.PluginError: there is no cloud, or [cloud] is wrong
    """
    if not conf.cloud.enabled:
        raise exception.PluginError(reason=_(
            'This deployment has no OpenStack cloud: [cloud] enabled is '
            'false.'))
    try:
        return openstack.connection.Connection(
            session=_session(conf), oslo_conf=None,
            region_name=conf.cloud.region_name,
            interface=conf.cloud.interface,
            app_name=f'karbor-{project_id}',
            app_version=version_info.version_string())
    except Exception as error:
        # keystoneauth and the SDK have no common base of their errors
        raise exception.PluginError(reason=_(
            'The cloud of [cloud] cannot be used: %s') % error) from error
