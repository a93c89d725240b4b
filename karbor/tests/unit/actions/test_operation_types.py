# SPDX-License-Identifier: Apache-2.0
import datetime

import pytest

from karbor import exception
from karbor import plugin
from karbor.actions import operation_types
from karbor.api.schemas import scheduled_operations as schemas
from karbor.api.schemas.method import V1_1
from karbor.api.schemas.method import V1_2

IDS = {'provider_id': 'v', 'plan_id': 'p'}
OLD = schemas.hidden(V1_1)


def check(name='retention_protect', *, strict=True, hidden=(), **more):
    return operation_types.check(name, {**IDS, **more}, strict=strict,
                                 hidden=hidden)


@pytest.fixture
def use(monkeypatch):
    """Installs an operation type of the name ``test``."""
    def install(type_):
        installed = operation_types.INSTALLED
        monkeypatch.setattr(installed, 'names', lambda: ('test',))
        monkeypatch.setattr(installed, 'made', lambda name: type_)
        return type_
    return install


class Picky(plugin.OperationType):
    """Takes nothing, and says so in a way of its own."""

    def __init__(self, *message, **facts):
        self.error = plugin.Invalid(*message, **facts)

    def check(self, definition):
        raise self.error

    def run(self, definition, actions):
        actions.protect()


def test_numbers_that_came_as_text_are_numbers():
    assert check(max_backups='3', retention_duration=-1) == {
        **IDS, 'max_backups': 3, 'retention_duration': -1}
    assert check('protect') == IDS
    assert check('verify', checkpoints='10') == {**IDS, 'checkpoints': 10}


def test_numbers_are_whole():
    """To JSON, 3.0 and 3 are one number; to who counts they are not."""
    found = check(max_backups=3.0, keep={'daily': 7.0})
    assert [type(found['max_backups']), type(found['keep']['daily'])] == [
        int, int]


@pytest.mark.parametrize('value', [0, '0', '-3', '3.5', 3.5, True, None, [],
                                   '1' * 11, 2 ** 31, '\u0663', '3\n',
                                   float('inf'), float('nan'), 1e300])
def test_what_is_no_number_is_refused(value):
    with pytest.raises(exception.Invalid, match='max_backups: .*or -1'):
        check(max_backups=value)


def test_what_is_not_known():
    with pytest.raises(exception.Invalid, match=(
            'operation_type: expected one of protect, retention_protect, '
            'verify, not dance')):
        check('dance')
    with pytest.raises(exception.Invalid,
                       match='max_backup: .*max_backups, retention'):
        check(max_backup=3)
    assert check(max_backup=3, strict=False) == {**IDS, 'max_backup': 3}
    with pytest.raises(exception.Invalid, match='max_backups'):
        check('protect', max_backups=3)


@pytest.mark.parametrize('strict', [True, False])
def test_what_came_later_is_not_known_to_older_versions(strict):
    """Nor does it slip in where anything is stored, to mean something."""
    assert not schemas.hidden(V1_2)
    with pytest.raises(exception.Invalid,
                       match='one of protect, retention_protect, not verify'):
        check('verify', hidden=OLD, strict=strict)
    for name, value in (('max_age', 5), ('keep', {'daily': 1}),
                        ('timezone', 'UTC'), ('timezone', 'junk')):
        with pytest.raises(exception.Invalid, match=(
                rf'definition.{name}: .* it knows provider_id, plan_id, '
                r'max_backups, retention_duration$')):
            check(hidden=OLD, strict=strict, **{name: value})
    assert check(hidden=OLD, max_backups=3)['max_backups'] == 3
    assert check(max_age=5)['max_age'] == 5


def test_members_that_do_not_go_together():
    with pytest.raises(exception.Invalid, match=(
            'field operation_definition.max_age: expected either')):
        check(max_age=5, retention_duration=3)
    with pytest.raises(exception.Invalid, match=(
            'field operation_definition.timezone: .*not Mars')):
        check(timezone='Mars')


def test_the_field_is_where_the_definition_stands():
    with pytest.raises(exception.Invalid, match=r'field retention\.keep: '):
        operation_types.check('retention_protect', {'keep': 5},
                              field='retention')
    with pytest.raises(exception.Invalid, match=r'field retention\.timezon'):
        operation_types.check('retention_protect', {'timezone': 'M'},
                              field='retention')


def test_a_stranger_says_it_in_his_words(use):
    use(Picky(field='speed', reason='expected slow'))
    with pytest.raises(exception.Invalid, match=(
            'field operation_definition.speed: expected slow')):
        check('test')
    use(Picky('Nothing will do.'))
    with pytest.raises(exception.Invalid, match='^Nothing will do.$'):
        check('test')


def test_a_definition_is_not_endless():
    with pytest.raises(exception.Invalid, match='longer than 65536'):
        check(strict=False, more='x' * 65_536)


def test_retention():
    zone = datetime.timezone(datetime.timedelta(hours=3))
    assert operation_types.retention('protect', IDS) is None
    assert operation_types.retention(
        'retention_protect', {**IDS, 'max_backups': 2, 'other': 1},
        zone=zone) == plugin.Retention(number=2, zone=zone)


@pytest.mark.parametrize(('name', 'definition'), [
    ('dance', {}), ('retention_protect', {'keep': 'soon', 'max_backups': 1}),
    ('retention_protect', {'timezone': 'Mars', 'max_backups': 1})])
def test_nothing_is_kept_by_what_is_not_understood(name, definition):
    """A row of another release is no reason to remove anything."""
    with pytest.raises(exception.Invalid):
        operation_types.retention(name, definition)
