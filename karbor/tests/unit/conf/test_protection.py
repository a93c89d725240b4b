# SPDX-License-Identifier: Apache-2.0
"""Options of the protection service."""

import pytest

from karbor.bank import section
from karbor.conf import protection
from karbor.tests.unit.conf import options


@pytest.mark.parametrize(('name', 'value'), [
    ('flow_size', 201), ('lease', 1), ('compression_level', 20),
    ('chunk_size', 64 * 2 ** 20 + 1), ('threads', 0), ('max_crashes', 0)])
def test_the_group(name, value):
    options.refuses(options.check(protection), name, value, 'protection')


def test_a_chunk_fits_into_an_object():
    [largest] = [option.type.max for option in protection.OPTS
                 if option.name == 'chunk_size']
    assert largest <= section.MAX_OBJECT
