# SPDX-License-Identifier: Apache-2.0
from oslo_config import cfg
import pytest

from karbor.conf import events
from karbor.tests.unit.conf import options


def test_options():
    conf = options.check(events)
    options.refuses(conf, 'webhook_tolerance', 0, events.GROUP)
    options.refuses(conf, 'min_interval', 0, events.GROUP)
    options.refuses(conf, 'max_debounce', -1, events.GROUP)
    options.refuses(conf, 'webhook_keys', ['k' * 31], events.GROUP)


def keys(path, text):
    path.write_text(f'[events]\nwebhook_keys = {text}\n')
    conf = cfg.ConfigOpts()
    events.register_opts(conf)
    conf(['--config-file', str(path)], default_config_files=[])
    return conf.events.webhook_keys


def test_a_short_key_is_refused_and_not_told(tmp_path):
    path = tmp_path / 'karbor.conf'
    with pytest.raises(cfg.ConfigFileValueError,
                       match='32 characters or more') as raised:
        keys(path, f'{"k" * 32}, secret-but-short')
    assert 'secret' not in str(raised.value)
    assert keys(path, f'{"k" * 32}, {"l" * 40}') == ['k' * 32, 'l' * 40]
    assert keys(path, '') == []
