# SPDX-License-Identifier: Apache-2.0
import jsonschema
import pytest

from karbor.api import predicate
from karbor.api import root
from karbor.api.schemas import checkpoints
from karbor.api.schemas import plans
from karbor.api.schemas import restores
from karbor.tests import fixtures

FORMS = [pytest.param(form, id=f'{route.method} {route.path} {form.since}')
         for route in root.ROUTES for form in route.does.forms]


@pytest.mark.parametrize('form', FORMS)
def test_they_are_schemas(form):
    for schema in (form.body, form.answer):
        if schema is not None:
            jsonschema.Draft202012Validator.check_schema(schema)
    # every keyword is known to what looks at requests first
    if form.body is not None:
        predicate.build(form.body)
    for _name, schema in form.query.parameters() if form.query else ():
        predicate.build(schema)


def body(method):
    return method.forms[0].body


def test_what_the_client_sends_for_a_plan():
    jsonschema.validate(fixtures.plan_body(), body(plans.CREATE))
    jsonschema.validate({'plan': {'status': 'started'}}, body(plans.UPDATE))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(fixtures.plan_body(), body(plans.UPDATE))


@pytest.mark.parametrize('extra', [None, {}, {'k': 'v'}])
def test_what_the_client_sends_for_a_checkpoint(extra):
    jsonschema.validate({'checkpoint': {
        'plan_id': fixtures.NOWHERE, 'extra-info': extra}},
        body(checkpoints.CREATE))
    for state in ('available', 'error'):
        jsonschema.validate({'os-resetState': {'state': state}},
                            body(checkpoints.UPDATE))


@pytest.mark.parametrize('auth', [
    None, {'type': 'password', 'username': 'u', 'password': 'p'}])
def test_what_the_client_sends_for_a_restore(auth):
    jsonschema.validate({'restore': {
        'provider_id': fixtures.PROVIDER, 'parameters': {},
        'checkpoint_id': fixtures.NOWHERE, 'restore_target': None,
        'restore_auth': auth}}, body(restores.CREATE))
