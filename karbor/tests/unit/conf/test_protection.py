# SPDX-License-Identifier: Apache-2.0
"""Options of the protection service."""

from oslo_config import cfg
import pytest

from karbor.bank import section
from karbor.conf import protection
from karbor.tests.unit.conf import options


@pytest.mark.parametrize(('name', 'value'), [
    ('flow_size', 10_001), ('lease', 1), ('compression_level', 20),
    ('chunk_size', 64 * 2 ** 20 + 1), ('threads', 0), ('max_crashes', 0),
    ('project_operations', -1)])
def test_the_group(name, value):
    options.refuses(options.check(protection), name, value, 'protection')


def type_threads(path, text):
    conf = cfg.ConfigOpts()
    protection.register_opts(conf)
    path.write_text(f'[protection]\ntype_threads = {text}\n')
    conf([], default_config_files=[str(path)])
    return conf.protection.type_threads


def test_types_have_colons(tmp_path):
    assert type_threads(
        tmp_path / 'k.conf', 'OS::Cinder::Volume=2, Karbor::Database=1') == {
            'OS::Cinder::Volume': 2, 'Karbor::Database': 1}


@pytest.mark.parametrize('text', ['T=0', 'T=many', 'T', 'T:2'])
def test_threads_are_numbers(tmp_path, text):
    with pytest.raises(ValueError, match='type_threads|T'):
        type_threads(tmp_path / 'k.conf', text)


def test_a_chunk_fits_into_an_object():
    [largest] = [option.type.max for option in protection.OPTS
                 if option.name == 'chunk_size']
    assert largest <= section.MAX_OBJECT
