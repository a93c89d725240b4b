# SPDX-License-Identifier: Apache-2.0
"""Options of quotas."""

from karbor.conf import quota
from karbor.tests.unit.conf import options


def test_the_group():
    conf = options.check(quota)
    conf.set_override('plans', -1, 'quota')
    options.refuses(conf, 'plans', -2, 'quota')


def test_names_of_the_original_are_known(conf, tmp_path):
    file = tmp_path / 'karbor.conf'
    file.write_text('[DEFAULT]\nquota_plans = 3\n')
    conf.reset()
    conf([], default_config_files=[str(file)])
    assert conf.quota.plans == 3
