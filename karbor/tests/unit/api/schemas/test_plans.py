# SPDX-License-Identifier: Apache-2.0
import jsonschema
import pytest

from karbor.api.schemas import plans
from karbor.tests import fixtures


@pytest.mark.parametrize('schema', [plans.CREATE, plans.UPDATE])
def test_they_are_schemas(schema):
    jsonschema.Draft202012Validator.check_schema(schema)


def test_what_the_client_sends():
    jsonschema.validate(fixtures.plan_body(), plans.CREATE)
    jsonschema.validate({'plan': {'status': 'started'}}, plans.UPDATE)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(fixtures.plan_body(), plans.UPDATE)
