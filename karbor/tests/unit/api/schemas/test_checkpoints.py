# SPDX-License-Identifier: Apache-2.0
import jsonschema
import pytest

from karbor.api.schemas import checkpoints
from karbor.tests import fixtures


@pytest.mark.parametrize('schema', [checkpoints.CREATE,
                                    checkpoints.RESET_STATE])
def test_they_are_schemas(schema):
    jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize('extra', [None, {}, {'k': 'v'}])
def test_what_the_client_sends(extra):
    jsonschema.validate({'checkpoint': {
        'plan_id': fixtures.NOWHERE, 'extra-info': extra}},
        checkpoints.CREATE)
    for state in ('available', 'error'):
        jsonschema.validate({'os-resetState': {'state': state}},
                            checkpoints.RESET_STATE)
