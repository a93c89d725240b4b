# SPDX-License-Identifier: Apache-2.0
import json

import pytest

from karbor.model.record import Record


@pytest.mark.parametrize('record', [
    Record('file', 'a/b'), Record('file', 'a', {'at': 1}, made=False),
    # a name that is no UTF-8, as the file system has it
    Record('file', 'caf\udce9', {'deep': [1, None]})])
def test_a_record_comes_back_as_it_was_stored(record):
    assert Record.from_list(json.loads(json.dumps(
        record.to_list()))) == record


def test_what_is_said_of_millions_is_short():
    assert Record('file', 'a').to_list() == [1, 'file', 'a']
