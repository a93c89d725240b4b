# SPDX-License-Identifier: Apache-2.0
"""The cloud as one project has it, in one region."""

from collections.abc import Mapping
from typing import Any

import openstack

from karbor import plugin
from karbor.plugins.cloud.errors import asking

PARAMETER = 'region_name'

_ADMIN = 'admin'


class Region:
    """The cloud as one project has it, in one region.

    :ivar project_id: of whom everything that is looked for has to be
    :ivar name: the region that a user has asked for, or None for that of
        the configuration
    :ivar connection: an `openstack.connection.Connection`
    :ivar abroad: who asks is at home in another project, so that services
        have to be asked for what other projects own
    """

    def __init__(self, context: plugin.Context, name: str | None = None,
                 ) -> None:
        """Log in, if that is not yet done.

        :raises plugin.Invalid: there is no such region
        :raises plugin.PluginError: there is no cloud, or Karbor's own user
            is not allowed to see what other projects own
        """
        self.project_id = context.project_id
        self.name = name
        with asking('Keystone', 'a token'):
            self.connection = _in(context.openstack, name)
            session = self.connection.session
            home = session.get_project_id()
            self.abroad = home != context.project_id
            # without roles nobody is let in anyhow, or all are
            access = (session.auth.get_access(session)
                      if hasattr(session.auth, 'get_access') else None)
        if name is not None and access is not None and not any(
                access.service_catalog.get_endpoints(
                    region_name=name).values()):
            raise plugin.Invalid(
                field=PARAMETER,
                reason=f'the catalogue of the cloud has no region {name}')
        if (self.abroad and access is not None
                and _ADMIN not in map(str.lower, access.role_names)):
            # Nova refuses. Cinder, Glance and Neutron do not: they leave out
            # what is not the asker's, and nobody could tell.
            raise plugin.PluginError(
                reason="Karbor's own user has not the role admin, without "
                       'which the services of the cloud do not show what '
                       'other projects own; the operator has to give it '
                       'that role.')

    def details(self) -> dict[str, Any]:
        """What a resource remembers of it."""
        return {} if self.name is None else {PARAMETER: self.name}


def asked(parameters: Mapping[str, Any]) -> str | None:
    """The name of the region in the parameters of a request.

    :raises plugin.Invalid: it is no name
    """
    name = parameters.get(PARAMETER)
    if name is not None and (not isinstance(name, str) or not name):
        raise plugin.Invalid(field=PARAMETER,
                             reason='expected the name of a region')
    return name


def of(resource: plugin.Resource) -> str | None:
    """The name of the region that a resource was found in."""
    name = (resource.extra_info or {}).get(PARAMETER)
    return name if isinstance(name, str) else None


def _in(connection: Any, name: str | None) -> Any:
    if name is None or name == connection.config.region_name:
        return connection
    # the same session, so nobody logs in again
    return openstack.connection.Connection(
        session=connection.session, oslo_conf=None, region_name=name,
        interface=connection.config.config.get('interface'),
        app_name=connection.config._app_name,
        app_version=connection.config._app_version)
