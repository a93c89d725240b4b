# SPDX-License-Identifier: Apache-2.0
"""A cloud in which two projects have things, all of them mixed."""

import contextlib

from oslo_config import cfg

from karbor import plugin
from karbor.tests.faults import services
from karbor.tests.faults.services import image
from karbor.tests.faults.services import network
from karbor.tests.faults.services import port
from karbor.tests.faults.services import project
from karbor.tests.faults.services import server
from karbor.tests.faults.services import volume

MINE = 'mine'
OTHER = 'other'
VOLUMES = {'s1': ['v1', 'v2'], 's2': ['v3'], 's3': ['v4'], 's4': [],
           's5': [], 's6': [], 's7': []}
IMAGES = {'s1': ['i1'], 's2': ['public'], 's3': [], 's4': [],
          's5': ['community'], 's6': ['lent'], 's7': []}
CONNECTED = ('s1', 's2')


def fill(cloud):
    """Put in it what the tests expect."""
    booted = {'s1': 'i1', 's2': 'public', 's4': 'deleted-1',
              's5': 'community', 's6': 'lent', 's7': 'secret'}
    cloud.things['projects'] = [project(MINE), project(OTHER)]
    cloud.things['servers'] = [
        server('o1', OTHER, volumes=['w1']),
        # a service that does not heed a filter
        server('o2', OTHER, leaks=True),
        *(server(id_, MINE, image=booted.get(id_), volumes=volumes)
          for id_, volumes in VOLUMES.items())]
    cloud.things['volumes'] = [
        volume('w1', OTHER, leaks=True),
        *(volume(f'v{number}', MINE) for number in range(6, 0, -1))]
    cloud.things['images'] = [
        image('i1', MINE), image('i2', MINE, os_hidden=True),
        image('i3', MINE, name=None, size=None, status='queued'),
        image('public', OTHER, visibility='public', os_hidden=True),
        image('community', OTHER, visibility='community', leaks=True),
        image('lent', OTHER), image('secret', OTHER)]
    cloud.members.add(('lent', MINE))
    cloud.things['networks'] = [
        network('n1', MINE), network('n2', MINE, name=''),
        network('m1', OTHER, leaks=True), network('shared', OTHER)]
    cloud.things['ports'] = [
        port('p1', MINE, 'n1', 's1'), port('p2', MINE, 'shared', 's2'),
        port('p3', MINE, 'n2', 'a-router'), port('q1', OTHER, 'm1', 'o1'),
        port('q2', OTHER, 'n1', 's3')]


@contextlib.contextmanager
def running():
    """A cloud that is full."""
    cloud = services.Services()
    fill(cloud)
    with cloud.running():
        yield cloud


def context(cloud, project_id=MINE, **how):
    """Of who asks for a project."""
    return plugin.Context(project_id,
                          connect=lambda: cloud.connect(**how))


def make(class_):
    """A plugin."""
    return class_(cfg.ConfigOpts())


def resources(type_, ids):
    return [plugin.Resource(type_, id_) for id_ in ids]


def ids(found):
    """Of answers, by the id of the parent."""
    return {key[1]: [one.id for one in children]
            for key, children in found.items()}
