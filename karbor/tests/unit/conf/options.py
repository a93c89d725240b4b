# SPDX-License-Identifier: Apache-2.0
"""What is true of every group of options."""

from oslo_config import cfg
import pytest


def check(module):
    """Its options are registered, shown, and their defaults allowed."""
    conf = cfg.ConfigOpts()
    for _time in range(2):
        module.register_opts(conf)
    conf([], default_config_files=[])
    for group, options in module.list_opts():
        values = conf if group == 'DEFAULT' else conf[group]
        for option in options:
            assert option.help, option.name
            if option in getattr(module, 'OPTS', ()):
                assert values[option.dest] == option.default
    return conf


def refuses(conf, name, value, group):
    """A value that makes no sense is refused."""
    with pytest.raises(ValueError, match=r'.'):
        conf.set_override(name, value, group)
