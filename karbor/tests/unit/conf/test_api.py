# SPDX-License-Identifier: Apache-2.0
"""Options of the REST API."""

from karbor.conf import api
from karbor.tests.unit.conf import options


def test_the_group():
    conf = options.check(api)
    assert conf.api.host == '127.0.0.1'
    options.refuses(conf, 'port', 70000, 'api')
    options.refuses(conf, 'max_limit', 0, 'api')


def test_names_of_the_original_are_known(conf, tmp_path):
    file = tmp_path / 'karbor.conf'
    file.write_text('[DEFAULT]\nosapi_karbor_listen_port = 1234\n'
                    'osapi_max_limit = 7\n')
    conf.reset()
    conf([], default_config_files=[str(file)])
    assert (conf.api.port, conf.api.max_limit) == (1234, 7)
