# SPDX-License-Identifier: Apache-2.0
"""A plan: which resources of an application are protected together."""

from collections.abc import Mapping
from dataclasses import dataclass, field
import datetime
from typing import Any

from karbor import exception
from karbor.i18n import _
from karbor.model.resource import Resource

# What becomes of a checkpoint when resources of the plan do not exist any
# more: it fails, or it is made without them and says so.
MISSING = ('error', 'skip')


@dataclass(frozen=True, slots=True)
class Plan:
    """What a user wants protected, and how.

    :ivar parameters: options of the plugins by ``TYPE`` or ``TYPE#ID``; the
        latter wins for its resource
    :ivar missing_resources: one of `MISSING`
    """

    id: str
    project_id: str
    name: str
    provider_id: str
    resources: tuple[Resource, ...]
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    description: str | None = None
    status: str = 'suspended'
    missing_resources: str = 'error'
    created_at: datetime.datetime | None = None
    updated_at: datetime.datetime | None = None

    def check_provider(self, provider_id: str) -> None:
        """Refuse to be used with another provider than its own.

        :raises exception.InvalidPlan: it is another
        """
        if self.provider_id != provider_id:
            raise exception.InvalidPlan(
                reason=_('plan %(plan)s uses provider %(provider)s, not '
                         '%(other)s') % {'plan': self.id,
                                         'provider': self.provider_id,
                                         'other': provider_id})

    def why_no_run(self) -> str | None:
        """Why it takes no scheduled run now; None if it takes one.

        What a user asks for himself is done whatever the status is.
        """
        if self.status == 'started':
            return None
        return _('Plan %(name)s is %(status)s; it takes scheduled runs when '
                 'it is started.') % {'name': self.name,
                                      'status': self.status}

    def snapshot(self) -> dict[str, Any]:
        """The plan as a checkpoint keeps it, in the shape of REST v1."""
        return {'id': self.id, 'name': self.name,
                'provider_id': self.provider_id,
                'resources': [r.to_dict() for r in self.resources]}


def parameters_for(parameters: Mapping[str, Mapping[str, Any]],
                   resource: Resource) -> dict[str, Any]:
    """Parameters of one resource: those of its type, then its own."""
    return {**parameters.get(resource.type, {}),
            **parameters.get(f'{resource.type}#{resource.id}', {})}
