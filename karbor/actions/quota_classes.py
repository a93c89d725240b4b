# SPDX-License-Identifier: Apache-2.0
"""Use cases of quota classes: limits of projects that have none of their own.

Every project is in the class ``default``; others can be written and read, as
the contract has it, and hold for nobody.
"""

from collections.abc import Mapping

from karbor import policy
from karbor.actions import quotas
from karbor.context import RequestContext
from karbor.db import quota_classes as db


def get(context: RequestContext, class_name: str) -> dict[str, int]:
    """Limits of a class by resource."""
    policy.authorize(context, 'quota_class:get')
    return db.get(context, class_name, quotas.configured())


def update(context: RequestContext, class_name: str,
           limits: Mapping[str, int]) -> dict[str, int]:
    """Give a class limits.

    :param limits: by resource; what is not named stays as it is
    :return: all that hold now
    :raises exception.Invalid: a limit is out of range
    """
    policy.authorize(context, 'quota_class:update')
    quotas.check(limits)
    db.update(context, class_name, limits)
    return db.get(context, class_name, quotas.configured())
