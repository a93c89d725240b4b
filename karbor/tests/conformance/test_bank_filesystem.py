# SPDX-License-Identifier: Apache-2.0
"""The file-system bank keeps the contract of banks."""

import os
import shutil
import tempfile

from oslo_config import cfg

from karbor.plugin import testing
from karbor.plugins.bank.filesystem import FileSystemBank


class TestFileSystemBank(testing.BankConformance):
    def make_bank(self):
        self.directory = tempfile.mkdtemp()
        self.path = os.path.join(self.directory, 'bank')
        return self.reopen_bank()

    def reopen_bank(self):
        config = cfg.ConfigOpts()
        config.register_opts(FileSystemBank.options,
                             FileSystemBank.option_group)
        config.set_override('file_system_bank_path', self.path,
                            FileSystemBank.option_group)
        return FileSystemBank(config)

    def break_bank(self):
        shutil.rmtree(self.directory)

    def take_bank_away(self):
        os.rename(self.path, f'{self.path}-away')

    def bring_bank_back(self):
        os.rename(f'{self.path}-away', self.path)

    def cleanup(self):
        shutil.rmtree(self.directory, ignore_errors=True)


class TestMountedBank(TestFileSystemBank):
    """Away is what is not mounted: its empty mount point is there."""

    def take_bank_away(self):
        super().take_bank_away()
        os.mkdir(self.path)

    def bring_bank_back(self):
        os.rmdir(self.path)
        super().bring_bank_back()
