# SPDX-License-Identifier: Apache-2.0
from karbor.api.views import quotas
from karbor.model.quota import Usage


def test_the_answer_to_a_change_has_no_id():
    limits = {'plans': 1, 'checkpoints': -1}
    assert quotas.show(limits) == limits
    assert quotas.show(limits, 'p') == {**limits, 'id': 'p'}


def test_nothing_is_reserved():
    assert quotas.usage({'plans': Usage(1, 2)}, 'p') == {
        'plans': {'limit': 1, 'in_use': 2, 'reserved': 0}, 'id': 'p'}
