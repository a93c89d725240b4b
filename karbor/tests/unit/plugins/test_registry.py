# SPDX-License-Identifier: Apache-2.0
import os
import traceback
import uuid

import pytest

from karbor import plugin
from karbor.plugin.testing import MemoryStep
from karbor.plugins import registry

ID = '11111111-2222-4333-8444-555555555555'


class Things(registry.Registry[registry.Entry]):
    resource_type = 'Test::Thing'
    noun = 'thing'
    table = 'thing'
    keys = ('id', 'name', 'projects', 'note', 'wait')

    def build(self, table):
        table.optional_text('note')
        table.seconds('wait')
        return registry.Entry(table.uuid('id'), table.text('name'),
                              table.projects())


def thing(number=1, **fields):
    fields = {'id': f'"{uuid.UUID(int=number)}"', 'name': f'"t{number}"',
              'projects': '["a"]'} | fields
    return '[[thing]]\n' + ''.join(
        f'{key} = {value}\n' for key, value in fields.items()
        if value is not None)


@pytest.fixture
def file(tmp_path):
    return tmp_path / 'things.toml'


def test_a_missing_file_registers_nothing(file):
    assert dict(Things(str(file)).entries()) == {}


def test_entries_keep_the_order_of_the_file(file):
    file.write_text(thing(3) + thing(1) + thing(2))
    assert [e.name for e in Things(str(file)).entries().values()] == [
        't3', 't1', 't2']


def test_a_project_sees_its_own_and_what_is_for_all(file):
    file.write_text(thing(1) + thing(2, projects='["b", "c"]')
                    + thing(3, projects='["*"]'))
    things = Things(str(file))
    assert [e.name for e in things.of('a')] == ['t1', 't3']
    assert [e.name for e in things.of('c')] == ['t2', 't3']
    assert things.get('b', str(uuid.UUID(int=2))).name == 't2'
    for project, wanted in (('a', str(uuid.UUID(int=2))), ('b', 'nothing')):
        with pytest.raises(plugin.InstanceNotFound) as caught:
            things.get(project, wanted)
        assert str(caught.value) == (
            f'Test::Thing {wanted} could not be found.')


def test_a_rule_between_entries_sees_all(file):
    file.write_text(thing(1) + thing(2, projects='["b"]'))
    things = Things(str(file))
    assert things.whosever(str(uuid.UUID(int=2))).name == 't2'
    assert things.whosever('nothing') is None


def test_a_step_works_on_what_its_project_may_use(file):
    file.write_text(thing(1) + thing(2, projects='["b"]'))
    things = Things(str(file))
    mine, other = (str(uuid.UUID(int=number)) for number in (1, 2))
    step = MemoryStep(plugin.Resource('Test::Thing', mine),
                      context=plugin.Context('a'))
    assert things.of_step(step).name == 't1'
    assert things.of_step(step, mine).name == 't1'
    with pytest.raises(plugin.PluginError,
                       match=f'^The thing {other} is not registered'):
        things.of_step(step, other)
    file.unlink()
    with pytest.raises(plugin.PluginError, match='or not any more'):
        things.of_step(step)


def test_an_id_is_kept_in_canonical_form(file):
    file.write_text(thing(id=f'"{ID.upper().replace("-", "")}"'))
    assert list(Things(str(file)).entries()) == [ID]


@pytest.mark.parametrize(('fields', 'field', 'part'), [
    ({'id': None}, 'id', 'is missing'),
    ({'id': '"x"'}, 'id', "'x' is no UUID"),
    ({'id': '5'}, 'id', 'expected a text'),
    ({'name': '" "'}, 'name', 'expected a text that is not empty'),
    ({'projects': None}, 'projects', 'is missing'),
    ({'projects': '[]'}, 'projects', 'expected a list of texts'),
    ({'projects': '"a"'}, 'projects', 'expected a list of texts'),
    ({'projects': '[1]'}, 'projects', 'expected a list of texts'),
    ({'projects': '["*", "a"]'}, 'projects', 'expected either'),
    ({'note': '1'}, 'note', 'expected a text'),
    ({'wait': '0'}, 'wait', 'above zero'),
    ({'wait': 'inf'}, 'wait', 'above zero'),
    ({'wait': 'true'}, 'wait', 'above zero'),
    ({'wait': '"1"'}, 'wait', 'above zero'),
    ({'colour': '"red"'}, 'colour', 'unknown key; expected one of id, name'),
])
def test_a_mistake_names_file_entry_and_field(file, fields, field, part):
    file.write_text(thing(7) + thing(8, **fields))
    with pytest.raises(plugin.ConfigError) as caught:
        Things(str(file)).entries()
    message = str(caught.value)
    assert message.startswith(f'{file}: thing 2')
    assert f': {field}: ' in message
    assert part in message


def test_an_id_is_registered_once(file):
    file.write_text(thing(1) + thing(1))
    with pytest.raises(plugin.ConfigError, match='registered already'):
        Things(str(file)).entries()


@pytest.mark.parametrize(('text', 'part'), [
    (b'[[thing', 'is no TOML'), (b'\xff', 'is no TOML'),
    (b'[[other]]\n', 'unknown table other'), (b'thing = 1', 'tables'),
    (b'thing = [1]', 'tables'),
])
def test_a_broken_file_is_an_error_at_every_use(file, text, part):
    file.write_bytes(text)
    things = Things(str(file))
    for _ in range(2):
        with pytest.raises(plugin.ConfigError, match=part):
            things.entries()


@pytest.mark.parametrize('ask', [
    lambda things, step: things.of('a'),
    lambda things, step: things.get('a', ID),
    lambda things, step: things.of_step(step),
    lambda things, step: things.whosever(ID),
])
def test_a_tenant_learns_only_that_it_is_broken(file, caplog, ask):
    file.write_text(thing(8, note='["https://u:pw@host/x"]'))
    step = MemoryStep(plugin.Resource('Test::Thing', ID))
    with pytest.raises(plugin.PluginError) as caught:
        ask(Things(str(file)), step)
    assert str(caught.value) == ("The registry of things is broken; the "
                                 "operator's log has the reason.")
    # the bus sends a traceback along
    sent = ''.join(traceback.format_exception(caught.value))
    assert str(file) not in sent.replace(__file__, '')
    assert f'{file}: thing 1 (t8): note: expected a text' in caplog.text


def test_a_file_that_cannot_be_read_is_an_error(tmp_path):
    with pytest.raises(plugin.ConfigError, match='Is a directory'):
        Things(str(tmp_path)).entries()


def test_a_change_is_seen_and_a_mistake_does_not_keep_the_old(file):
    file.write_text(thing(1))
    things = Things(str(file))
    assert len(things.entries()) == 1
    file.write_text(thing(1) + thing(2))
    assert len(things.entries()) == 2
    file.write_text('broken')
    with pytest.raises(plugin.ConfigError):
        things.entries()
    file.write_text(thing(1))
    assert len(things.entries()) == 1
    file.unlink()
    assert len(things.entries()) == 0


def test_a_file_that_did_not_change_is_parsed_once(file):
    file.write_text(thing(1))
    os.utime(file, (1_000_000, 1_000_000))
    things = Things(str(file))
    assert things.entries() is things.entries()


def test_a_file_written_just_now_is_read_again(file):
    file.write_text(thing(1))
    things = Things(str(file))
    first = file.stat()
    assert [e.name for e in things.of('a')] == ['t1']
    file.write_text(thing(1).replace('t1', 't9'))
    os.utime(file, ns=(first.st_atime_ns, first.st_mtime_ns))
    assert [e.name for e in things.of('a')] == ['t9']


def test_the_base_builds_nothing(file):
    class Nothing(registry.Registry[registry.Entry]):
        table, keys = 'thing', ('id', 'name', 'projects')

    file.write_text(thing())
    with pytest.raises(NotImplementedError):
        Nothing(str(file)).entries()
