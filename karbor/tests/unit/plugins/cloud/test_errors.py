# SPDX-License-Identifier: Apache-2.0
"""Whatever a service does is an error with a sentence, or a whole answer."""

import socket

import pytest

from karbor import plugin
from karbor.plugins.protectable.image import ImageProtectable
from karbor.plugins.protectable.network import NetworkProtectable
from karbor.plugins.protectable.project import ProjectProtectable
from karbor.plugins.protectable.server import ServerProtectable
from karbor.plugins.protectable.volume import VolumeProtectable
from karbor.tests.faults import services
from karbor.tests.unit.plugins.cloud import worlds

# all that have pages, with the number of a page in the middle
LISTS = [(ServerProtectable, 'compute', 2, 'Nova', 'servers'),
         (VolumeProtectable, 'volume', 2, 'Cinder', 'volumes'),
         (ImageProtectable, 'image', 2, 'Glance', 'images'),
         (NetworkProtectable, 'network', 2, 'Neutron', 'ports')]

SENTENCES = [
    (services.CUT, '{0} cannot be reached to ask it for {1}; try again '
                   'later.'),
    (services.GARBAGE, '{0} answers with something that tells of no {1}; '
                       'the operator has to look at the log.'),
    (services.PROXY, '{0} answers with something that tells of no {1}; '
                     'the operator has to look at the log.'),
    (500, '{0} answers with HTTP 500 when it is asked for {1}; try again '
          'later.'),
    (429, '{0} answers with HTTP 429 when it is asked for {1}; try again '
          'later.'),
    (404, '{0} answers with HTTP 404 when it is asked for {1}; try again '
          'later.'),
]


@pytest.mark.parametrize(('fault', 'sentence'), SENTENCES)
@pytest.mark.parametrize(('class_', 'service', 'page', 'name', 'noun'), LISTS)
def test_a_page_that_fails_is_no_shorter_list(cloud, class_, service, page,
                                              name, noun, fault, sentence):
    cloud.fails[service, page] = fault
    with pytest.raises(plugin.PluginError) as error:
        worlds.make(class_).list(worlds.context(cloud), {})
    assert str(error.value) == sentence.format(name, noun)


@pytest.mark.parametrize(('class_', 'service', 'page', 'name', 'noun'), LISTS)
def test_every_page_that_fails_fails_dependents(cloud, class_, service, page,
                                                name, noun):
    pages = 0
    while True:
        pages += 1
        cloud.asked.clear()
        cloud.fails = {(service, pages): services.CUT}
        try:
            found = worlds.make(class_).dependents(
                worlds.context(cloud), worlds.resources(
                    'OS::Keystone::Project', [worlds.MINE]))
        except plugin.PluginError as error:
            assert name in str(error)  # noqa: PT017
        else:
            break
    assert pages > 2
    assert all(found.values())


@pytest.mark.parametrize(('class_', 'service', 'right'), [
    (ServerProtectable, 'compute',
     'os_compute_api:servers:detail:get_all_tenants'),
    (VolumeProtectable, 'volume', 'volume:get_all'),
    (ImageProtectable, 'image', 'get_images'),
    (NetworkProtectable, 'network', 'get_port'),
    (ProjectProtectable, 'identity', 'identity:get_project')])
def test_a_right_that_is_missing_is_named(cloud, class_, service, right):
    cloud.fails[service, 1] = 403
    with pytest.raises(plugin.PluginError, match=(
            f"Karbor's own user lacks the right {right}, without which ")):
        worlds.make(class_).list(worlds.context(cloud), {})


def test_one_that_cannot_be_looked_up_is_not_one_that_is_gone(cloud):
    for fault in (500, 403, services.CUT):
        cloud.asked.clear()
        cloud.fails['volume', 1] = fault
        with pytest.raises(plugin.PluginError):
            worlds.make(VolumeProtectable).find(worlds.context(cloud),
                                                ['v1'])


def test_a_service_that_hangs_does_not_answer_in_time(cloud):
    cloud.fails['volume', 1] = services.HANG
    with pytest.raises(plugin.PluginError, match=(
            'Cinder does not answer in time when it is asked for volumes')):
        worlds.make(VolumeProtectable).list(
            worlds.context(cloud, timeout=0.3), {})


def test_a_service_that_is_not_in_the_catalogue(cloud):
    cloud.missing = ('block-storage',)
    with pytest.raises(plugin.PluginError, match=(
            'The catalogue of the cloud names no Cinder')):
        worlds.make(VolumeProtectable).list(worlds.context(cloud), {})


def test_nobody_listens(cloud):
    with socket.socket() as unused:
        unused.bind(('127.0.0.1', 0))
        cloud.url = f'http://127.0.0.1:{unused.getsockname()[1]}'
        with pytest.raises(plugin.PluginError, match=(
                'Keystone cannot be reached to ask it for a token')):
            worlds.make(VolumeProtectable).list(worlds.context(cloud), {})


def test_a_user_reads_of_no_address(cloud):
    for fault, _sentence in SENTENCES:
        cloud.asked.clear()
        cloud.fails['compute', 1] = fault
        with pytest.raises(plugin.PluginError) as error:
            worlds.make(ServerProtectable).list(worlds.context(cloud), {})
        assert '127.0.0.1' not in str(error.value)
