# SPDX-License-Identifier: Apache-2.0
"""How a service is shown."""

from typing import Any

from microversion_parse import Version

from karbor.api.schemas.method import V1_1
from karbor.api.views import times
from karbor.model.service import Service


def show(service: Service, version: Version) -> dict[str, Any]:
    """One service, in lists too."""
    moment = times.exact if version >= V1_1 else times.naive
    return {'id': service.id, 'binary': service.binary, 'host': service.host,
            'status': service.status,
            'state': 'up' if service.up else 'down',
            'updated_at': moment(service.updated_at),
            'disabled_reason': service.disabled_reason}
