# SPDX-License-Identifier: Apache-2.0
from karbor.api.views import providers
from karbor.tests import fixtures


def test_only_what_the_contract_has_is_shown():
    assert set(providers.show(fixtures.provider())) == {
        'id', 'name', 'description', 'extended_info_schema'}
