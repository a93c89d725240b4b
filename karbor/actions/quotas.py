# SPDX-License-Identifier: Apache-2.0
"""Use cases of quotas: how much a project may have.

A limit of the project itself holds before that of the class ``default``, and
that before the option. What is in use is counted when it is asked for.
"""

from collections.abc import Mapping

from karbor import exception
from karbor import policy
from karbor.conf import CONF
from karbor.context import RequestContext
from karbor.db import quota_classes
from karbor.db import quotas as db
from karbor.i18n import _
from karbor.model import quota


def configured() -> dict[str, int]:
    """Limits by resource where the database has none; -1 is no limit."""
    return {resource: int(CONF.quota[resource])
            for resource in quota.RESOURCES}


def check(limits: Mapping[str, int]) -> None:
    """Refuse what is no limit.

    :raises exception.Invalid: names the resource
    """
    for resource, limit in limits.items():
        if not quota.UNLIMITED <= limit <= quota.MOST:
            raise exception.Invalid(field=resource, reason=_(
                'expected an integer from -1, which is no limit, to '
                '%(most)d, not %(limit)d')
                % {'most': quota.MOST, 'limit': limit})


def get(context: RequestContext, project_id: str) -> dict[str, int]:
    """Limits of a project by resource."""
    policy.authorize(context, 'quota:get', {'project_id': project_id})
    return db.get(context, project_id, configured())


def usage(context: RequestContext, project_id: str) -> dict[str, quota.Usage]:
    """Limits of a project, and what it has now, by resource."""
    policy.authorize(context, 'quota:get', {'project_id': project_id})
    return db.usage(context, project_id, configured())


def defaults(context: RequestContext, project_id: str) -> dict[str, int]:
    """What would hold for a project without limits of its own."""
    policy.authorize(context, 'quota:get_default', {'project_id': project_id})
    return quota_classes.get(context, quota.DEFAULT_CLASS, configured())


def update(context: RequestContext, project_id: str,
           limits: Mapping[str, int]) -> dict[str, int]:
    """Give a project limits of its own.

    :param limits: by resource; what is not named stays as it is
    :return: all that hold now
    :raises exception.Invalid: a limit is out of range
    """
    policy.authorize(context, 'quota:update', {'project_id': project_id})
    check(limits)
    db.update(context, project_id, limits)
    return db.get(context, project_id, configured())


def delete(context: RequestContext, project_id: str) -> None:
    """Take its own limits from a project, so that the defaults hold."""
    policy.authorize(context, 'quota:delete', {'project_id': project_id})
    db.delete(context, project_id)
