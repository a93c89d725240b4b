# SPDX-License-Identifier: Apache-2.0
"""Options of the database."""

from karbor.conf import database
from karbor.tests.unit.conf import options


def test_there_is_a_database_without_any_option():
    conf = options.check(database)
    assert conf.database.connection == 'sqlite:////var/lib/karbor/karbor.db'


def test_the_library_shows_its_options_itself():
    assert database.list_opts() == []


def test_the_file_is_in_the_directory_of_the_state():
    conf = options.check(database)
    conf.set_override('state_path', '/x')
    assert conf.database.connection == 'sqlite:////x/karbor.db'
