# SPDX-License-Identifier: Apache-2.0
"""Files of providers.d: each mistake has its sentence, and stops nobody."""

from oslo_config import cfg
import pytest

from karbor import conf as karbor_conf
from karbor import exception
from karbor import extensions
from karbor import plugin
from karbor.plugin.testing import MemoryBank
from karbor.protection import providers

ID = 'cf56bd3e-97a7-4078-b6d5-f36246333fd9'
ID_2 = 'b766f37c-d011-4026-8228-28730d734a3f'
GOOD = f"""[provider]
name = Local
id = {ID}
description = For tests
bank = bank
plugin = volumes
plugin = servers
"""


class Bank(MemoryBank):
    option_group = 'bank_options'
    options = (cfg.StrOpt('where', default='nowhere'),
               cfg.IntOpt('size', default=1))


class Volumes(plugin.ProtectionPlugin):
    resource_types = frozenset({'Volume'})
    schemas = plugin.Schemas(options={'type': 'object', 'title': 'V'})


class Servers(plugin.ProtectionPlugin):
    resource_types = frozenset({'Server', 'Group'})


class BadSchema(Volumes):
    schemas = plugin.Schemas(restore={'type': 'nonsense'})


class NoObject(Volumes):
    schemas = plugin.Schemas(verify=5)


class NoSchemas(Volumes):
    schemas = None


class NoTypes(Volumes):
    resource_types = None


class Raises(Volumes):
    def __init__(self, config):
        raise RuntimeError('no luck')


class Refuses(Volumes):
    def __init__(self, config):
        raise plugin.ConfigError(file='[x] y', reason='it is not set')


CLASSES = {'bank': Bank, 'volumes': Volumes, 'servers': Servers,
           'bad-schema': BadSchema, 'no-object': NoObject,
           'no-schemas': NoSchemas, 'no-types': NoTypes, 'raises': Raises,
           'refuses': Refuses, 'function': lambda config: None}


@pytest.fixture
def directory(conf, tmp_path, monkeypatch):
    """providers.d, empty; with plugins of ours beside the installed ones."""
    real = extensions.load

    def load(namespace, name):
        assert namespace == extensions.PROTECTIONS
        return CLASSES[name] if name in CLASSES else real(namespace, name)

    monkeypatch.setattr(extensions, 'load', load)
    path = tmp_path / 'providers.d'
    path.mkdir()
    conf.set_override('provider_config_dir', str(path), 'protection')
    yield path
    conf.clear_override('provider_config_dir', 'protection')


def test_a_provider_is_what_its_file_says(conf, directory):
    (directory / 'a.conf').write_text(GOOD)
    found = providers.load(conf)
    assert found.mistakes == {}
    provider = found.get(ID)
    assert (provider.id, provider.name, provider.description) == (
        ID, 'Local', 'For tests')
    assert {type_: type(one) for type_, one in provider.plugins.items()} == {
        'Volume': Volumes, 'Server': Servers, 'Group': Servers}
    told = provider.describe()
    assert told['resource_types'] == ['Group', 'Server', 'Volume']
    schemas = told['extended_info_schema']
    assert set(schemas) == {'options_schema', 'restore_schema',
                            'saved_info_schema', 'verify_schema',
                            'copy_schema'}
    assert set(told['operations']) == {'Group', 'Server', 'Volume'}
    assert schemas['options_schema']['Volume'] == {'type': 'object',
                                                   'title': 'V'}
    with pytest.raises(exception.ProviderNotFound, match=ID_2):
        found.get(ID_2)


def test_an_id_in_any_spelling_is_one_id(conf, directory):
    (directory / 'a.conf').write_text(
        GOOD.replace(ID, '{' + ID.upper() + '}'))
    assert list(providers.load(conf).by_id) == [ID]


def without(option):
    return '\n'.join(line for line in GOOD.splitlines()
                     if not line.startswith(option))


MISTAKES = [
    ('', 'there is no section [provider]'),
    ('[other]\nname = x\n', 'there is no section [provider]'),
    (GOOD + 'bnak = x\n', '[provider] has no option bnak; it has bank, '),
    (without('name'), '[provider] name is missing'),
    (GOOD.replace('name = Local', 'name ='), '[provider] name is empty'),
    (without('id'), '[provider] id is missing'),
    (without('bank'), '[provider] bank is missing'),
    (GOOD.replace(ID, '17'), "[provider] id must be a UUID, not '17'"),
    (GOOD.replace('= servers', '= nobody'),
     '[provider] plugin = nobody: no plugin nobody is installed; there are '
     'karbor-'),
    (GOOD.replace('= bank', '= volumes'),
     '[provider] bank = volumes: volumes is no BankPlugin'),
    (GOOD.replace('= servers', '= bank'),
     '[provider] plugin = bank: bank is no ProtectionPlugin'),
    (GOOD.replace('= servers', '= function'),
     '[provider] plugin = function: function is no ProtectionPlugin'),
    (GOOD.replace('= servers', '= volumes'),
     '[provider] plugin volumes protects Volume, which another plugin'),
    (GOOD + 'enabled = perhaps\n', 'enabled'),
    (GOOD + '[bank_options]\nsize = much\n', '[provider] bank = bank: '),
    (GOOD + '[bank_options]\nsize = much\n', 'much'),
    (GOOD.replace('= servers', '= bad-schema'),
     '[provider] plugin = bad-schema: its schema of restore is wrong: '),
    (GOOD.replace('= servers', '= no-object'), ': one of its plugins is '
     'wrong: TypeError'),
    (GOOD.replace('= servers', '= no-schemas'), ': one of its plugins is '
     'wrong: AttributeError'),
    (GOOD.replace('= servers', '= no-types'), ': one of its plugins is '
     'wrong: TypeError'),
    (GOOD.replace('= servers', '= raises'),
     '[provider] plugin = raises: no luck'),
    (GOOD.replace('= servers', '= refuses'),
     '[provider] plugin = refuses: [x] y: it is not set'),
    (GOOD + 'what is this\n', 'what is this'),
    (GOOD.encode() + b'# caf\xe9\n', "can't decode byte"),
    (None, 'Is a directory'),
]


@pytest.mark.parametrize(('text', 'said'), MISTAKES)
def test_a_mistake_has_its_sentence_and_stops_nobody(
        conf, directory, text, said):
    wrong = directory / 'b.conf'
    if text is None:
        wrong.mkdir()
    else:
        wrong.write_bytes(text if isinstance(text, bytes)
                          else text.encode())
    for name, id_ in (('a', ID_2), ('c', ID.replace('c', 'd'))):
        (directory / f'{name}.conf').write_text(GOOD.replace(ID, id_))
    found = providers.load(conf)
    assert list(found.by_id) == [ID_2, ID.replace('c', 'd')]
    assert list(found.mistakes) == [str(wrong)]
    assert found.mistakes[str(wrong)].startswith(f'{wrong}: ')
    assert said in found.mistakes[str(wrong)]


def test_a_module_that_cannot_be_imported_is_named(
        conf, directory, monkeypatch):
    def load(namespace, name):
        if name == 'volumes':
            raise exception.PluginError(
                reason='plugin volumes cannot be loaded: ImportError: libx')
        return CLASSES[name]

    monkeypatch.setattr(extensions, 'load', load)
    (directory / 'a.conf').write_text(GOOD)
    [said] = providers.load(conf).mistakes.values()
    assert said.endswith('[provider] plugin = volumes: plugin volumes '
                         'cannot be loaded: ImportError: libx')


def test_an_id_has_one_provider(conf, directory):
    for name in 'ab':
        (directory / f'{name}.conf').write_text(
            GOOD.replace('Local', f'the {name}'))
    found = providers.load(conf)
    assert found.get(ID).name == 'the a'
    assert found.mistakes == {str(directory / 'b.conf'): (
        f'{directory}/b.conf: [provider] id {ID} belongs to another '
        'provider already')}


def test_what_is_not_enabled_is_left_out_without_a_word(conf, directory):
    (directory / 'a.conf').write_text(
        GOOD.replace('= bank', '= nobody') + 'enabled = false\n')
    (directory / 'a.conf.bak').write_text('nonsense')
    assert providers.load(conf) == providers.Providers()


def test_a_vanished_file_is_a_mistake(conf, directory):
    (directory / 'a.conf').symlink_to(directory / 'gone')
    [said] = providers.load(conf).mistakes.values()
    assert 'No such file' in said


def test_options_come_from_the_file_then_from_karbor_conf(
        directory, tmp_path):
    own = cfg.ConfigOpts()
    main = tmp_path / 'karbor.conf'
    main.write_text('[bank_options]\nwhere = main\nsize = 7\n'
                    '[protection]\nprovider_config_dir = providers.d\n')
    karbor_conf.protection.register_opts(own)
    own([], project='karbor', default_config_files=[str(main)],
        default_config_dirs=[])
    (directory / 'a.conf').write_text(
        GOOD + '[bank_options]\nwhere = file\n')
    (directory / 'b.conf').write_text(GOOD.replace(ID, ID_2))
    # a relative directory is looked up beside karbor.conf
    found = providers.load(own)
    assert found.mistakes == {}
    banks = [found.get(id_).store._bank._bank for id_ in (ID, ID_2)]
    assert [(b.config.where, b.config.size) for b in banks] == [
        ('file', 7), ('main', 7)]


def test_without_files_there_are_no_providers(conf, tmp_path):
    conf.set_override('provider_config_dir', 'nowhere.d', 'protection')
    assert providers.load(conf) == providers.Providers()
    conf.clear_override('provider_config_dir', 'protection')


def test_the_names_that_operators_know_are_installed(conf, directory):
    (directory / 'a.conf').write_text(
        f'[provider]\nname = n\nid = {ID}\nbank = karbor-fs-bank-plugin\n'
        'plugin = karbor-noop-protection-plugin\n'
        f'[file_system_bank_plugin]\nfile_system_bank_path = {directory}\n')
    found = providers.load(conf)
    assert found.mistakes == {}
    assert list(found.get(ID).plugins) == ['Karbor::Noop']
