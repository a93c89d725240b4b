# SPDX-License-Identifier: Apache-2.0
from karbor.api import health
from karbor.db import session


def test_healthcheck(parts, app, api, caplog):
    assert api.raw('GET', '/healthcheck').text == 'OK'
    session.dispose()
    answer = api.raw('GET', '/healthcheck', expect=503)
    assert answer.text == 'The database does not answer.'
    assert 'The database does not answer.' in caplog.text
    api.get('/healthcheck', expect=404)


def test_the_check_tells_of_the_database(parts):
    assert health.Database(parts, {}).healthcheck(0).available
    session.dispose()
    assert not health.Database(parts, {}).healthcheck(0).available
