# SPDX-License-Identifier: Apache-2.0
"""On whose behalf a request is carried out."""

from typing import Any

from oslo_context import context
from oslo_db.sqlalchemy import enginefacade

# what everybody has where there is no Keystone
NOAUTH_ROLES = ('admin', 'manager', 'member', 'reader')


@enginefacade.transaction_context_provider
class RequestContext(context.RequestContext):
    """The context of oslo, usable as that of a database transaction.

    :ivar is_system: the work of Karbor itself: no project fence
    """

    def __init__(self, *, is_system: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.is_system = is_system

    def to_plain(self) -> dict[str, Any]:
        """What crosses the bus: who, never the token."""
        return {'user_id': self.user_id, 'project_id': self.project_id,
                'roles': list(self.roles or ()), 'is_admin': self.is_admin,
                'request_id': self.request_id}

    @classmethod
    def from_plain(cls, data: dict[str, Any]) -> 'RequestContext':
        """The reverse of :meth:`to_plain`; unknown keys are left out."""
        known = ('user_id', 'project_id', 'roles', 'is_admin', 'request_id')
        return cls(overwrite=False,
                   **{key: data[key] for key in known if key in data})


def system() -> RequestContext:
    """The context of work that nobody in particular asked for."""
    return RequestContext(is_admin=True, is_system=True, overwrite=False)
