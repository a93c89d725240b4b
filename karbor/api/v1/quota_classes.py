# SPDX-License-Identifier: Apache-2.0
"""``/quota_classes``."""

from typing import Any

from karbor.actions import quota_classes as actions
from karbor.api import base
from karbor.api.request import Request
from karbor.api.v1 import quotas
from karbor.api.views import quotas as views


class QuotaClasses:
    """Limits of projects that have none of their own."""

    @base.handler
    def show(self, request: Request, response: base.Response,
             class_name: str) -> Any:
        return {'quota_class': views.show(
            actions.get(request.caller, class_name), class_name)}

    @base.handler
    def update(self, request: Request, response: base.Response,
               class_name: str) -> Any:
        return {'quota_class': views.show(actions.update(
            request.caller, class_name, quotas.limits(request)))}
