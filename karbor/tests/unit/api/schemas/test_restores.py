# SPDX-License-Identifier: Apache-2.0
import jsonschema
import pytest

from karbor.api.schemas import restores
from karbor.tests import fixtures


def test_it_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(restores.CREATE)


@pytest.mark.parametrize('auth', [
    None, {'type': 'password', 'username': 'u', 'password': 'p'}])
def test_what_the_client_sends(auth):
    jsonschema.validate({'restore': {
        'provider_id': fixtures.PROVIDER, 'parameters': {},
        'checkpoint_id': fixtures.NOWHERE, 'restore_target': None,
        'restore_auth': auth}}, restores.CREATE)
