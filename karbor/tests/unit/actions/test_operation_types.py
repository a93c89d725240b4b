# SPDX-License-Identifier: Apache-2.0
import pytest

from karbor import exception
from karbor.actions import operation_types

IDS = {'provider_id': 'v', 'plan_id': 'p'}


def check(name='retention_protect', *, strict=True, **more):
    return operation_types.check(name, {**IDS, **more}, strict=strict)


def test_numbers_that_came_as_text_are_numbers():
    assert check(max_backups='3', retention_duration=-1) == {
        **IDS, 'max_backups': 3, 'retention_duration': -1}
    assert check('protect') == IDS


@pytest.mark.parametrize('value', [0, '0', '-3', '3.5', 3.5, True, None, [],
                                   '1' * 11, 2 ** 31, '\u0663', '3\n'])
def test_what_is_no_number_is_refused(value):
    with pytest.raises(exception.Invalid, match='max_backups: .*or -1'):
        check(max_backups=value)


def test_what_is_not_known():
    with pytest.raises(exception.Invalid, match='protect, retention_protect'):
        check('dance')
    with pytest.raises(exception.Invalid,
                       match='max_backup: .*max_backups, retention'):
        check(max_backup=3)
    assert check(max_backup=3, strict=False) == {**IDS, 'max_backup': 3}
    with pytest.raises(exception.Invalid, match='max_backups'):
        check('protect', max_backups=3)


def test_a_definition_is_not_endless():
    with pytest.raises(exception.Invalid, match='longer than 65536'):
        check(strict=False, more='x' * 65_536)
