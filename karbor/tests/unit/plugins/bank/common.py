# SPDX-License-Identifier: Apache-2.0
"""A bank in a directory, and one of each call."""

from oslo_config import cfg

from karbor.plugins.bank.filesystem import FileSystemBank


def make_bank(path, create=True):
    config = cfg.ConfigOpts()
    config.register_opts(FileSystemBank.options, FileSystemBank.option_group)
    config.set_override('file_system_bank_path', path and str(path),
                        FileSystemBank.option_group)
    config.set_override('file_system_bank_create', create,
                        FileSystemBank.option_group)
    return FileSystemBank(config)


def calls(bank):
    return [lambda: bank.put('a/b', b'x'), lambda: bank.get('a/b'),
            lambda: bank.list(), lambda: bank.delete('a/b'),
            lambda: bank.stat('a/b')]
