# SPDX-License-Identifier: Apache-2.0
"""Bodies of requests about restores."""

from karbor.api.schemas import types

CREATE = types.body(
    'restore', ['provider_id', 'checkpoint_id', 'parameters'], {
        'provider_id': types.UUID, 'checkpoint_id': types.UUID,
        'parameters': types.PARAMETERS,
        'restore_target': types.TEXT_OR_NULL,
        'restore_auth': types.OBJECT_OR_NULL})
