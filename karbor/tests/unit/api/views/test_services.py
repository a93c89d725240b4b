# SPDX-License-Identifier: Apache-2.0
import datetime

from karbor.api.schemas.method import V1_0
from karbor.api.schemas.method import V1_1
from karbor.api.views import services
from karbor.model.service import Service


def test_of_both_versions():
    service = Service(
        id=3, host='h', binary='karbor-protection', status='disabled',
        updated_at=datetime.datetime(2026, 11, 22, 18, tzinfo=datetime.UTC),
        up=False, disabled_reason='why')
    shown = services.show(service, V1_0)
    assert shown == {
        'id': 3, 'host': 'h', 'binary': 'karbor-protection',
        'status': 'disabled', 'state': 'down', 'disabled_reason': 'why',
        'updated_at': '2026-11-22T18:00:00.000000'}
    assert services.show(service, V1_1) == {
        **shown, 'updated_at': '2026-11-22T18:00:00.000000Z'}
