# SPDX-License-Identifier: Apache-2.0
from karbor.api.views import protectables
from karbor.tests import fixtures


def test_only_what_the_contract_has_is_shown():
    assert protectables.show({'name': 'T', 'dependent_types': ('B',),
                              'secret': 1}) == {
        'name': 'T', 'dependent_types': ['B']}
    found = fixtures.instance(1)
    assert protectables.instance({**found, 'secret': 1}) == found
