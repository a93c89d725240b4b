# SPDX-License-Identifier: Apache-2.0
from karbor.api.schemas.method import V1_0
from karbor.api.views import plans
from karbor.model.plan import Plan
from karbor.model.resource import Resource


def test_as_the_original_showed_it():
    plan = Plan(id='60e6b4f5', project_id='1111', name='one volume',
                provider_id='cf56bd3e', description='measuring', resources=(
                    Resource('OS::Cinder::Volume', '7b87d5b5', 'v0'),))
    assert plans.show(plan, V1_0) == {
        'description': 'measuring', 'id': '60e6b4f5', 'name': 'one volume',
        'parameters': {}, 'provider_id': 'cf56bd3e', 'status': 'suspended',
        'resources': [{'id': '7b87d5b5', 'name': 'v0',
                       'type': 'OS::Cinder::Volume'}]}
