# SPDX-License-Identifier: Apache-2.0
"""Bodies of requests about checkpoints."""

from karbor.api.schemas import types

CREATE = types.body('checkpoint', ['plan_id'], {
    'plan_id': types.UUID,
    # with a hyphen: so the contract has it
    'extra-info': types.OBJECT_OR_NULL})

RESET_STATE = types.body('os-resetState', ['state'], {
    'state': {'enum': ['available', 'error'],
              'description': 'Expected available or error.'}})
