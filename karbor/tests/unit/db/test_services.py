# SPDX-License-Identifier: Apache-2.0
"""Daemons and their heartbeats."""

import pytest
import sqlalchemy as sa

from karbor import exception
from karbor.db import models
from karbor.db import services
from karbor.db import session as db
from karbor.db import types
from karbor.tests.unit.db import common


def listed(down_time=60, **kwargs):
    return services.list_(common.system(), down_time, **kwargs)


def beat(host='h', binary='karbor-protection'):
    return services.heartbeat(common.system(), host, binary)


def status(host='h', binary='karbor-protection'):
    return services.status(common.system(), host, binary)


def set_status(service_id, status, reason=None):
    return services.set_status(common.system(), service_id, status, reason,
                               60)


def test_the_first_heartbeat_makes_the_row(database):
    assert listed() == []
    beat()
    [one] = listed()
    assert (one.host, one.binary, one.status, one.up,
            one.disabled_reason) == ('h', 'karbor-protection', 'enabled',
                                     True, None)


def test_a_further_one_only_moves_the_time(database):
    beat()
    with db.writer(common.system()) as session:
        session.execute(sa.update(models.Service).values(
            updated_at=types.now(-100)))
    [silent] = listed()
    beat()
    [alive] = listed()
    assert alive.id == silent.id
    assert not silent.up
    assert alive.up
    assert alive.updated_at > silent.updated_at


@pytest.mark.parametrize(('age', 'up'), [(0, True), (50, True), (70, False)])
def test_silence_is_measured_by_the_clock_of_the_database(database, age, up):
    beat()
    with db.writer(common.system()) as session:
        session.execute(sa.update(models.Service).values(
            updated_at=types.now(-age)))
    assert [one.up for one in listed(60)] == [up]


def test_daemons_are_found_by_host_and_binary(database):
    for host in 'ab':
        for binary in 'xy':
            beat(host, binary)
    assert [(one.host, one.binary) for one in listed()] == [
        ('a', 'x'), ('a', 'y'), ('b', 'x'), ('b', 'y')]
    assert [one.binary for one in listed(host='a')] == ['x', 'y']
    assert [one.host for one in listed(binary='y')] == ['a', 'b']
    assert [one.id for one in listed(host='b', binary='x')] == [
        listed()[2].id]


def test_a_daemon_is_disabled_and_enabled(database):
    beat()
    [one] = listed()
    answer = set_status(one.id, 'disabled', 'broken disk')
    [found] = listed()
    assert answer == found
    assert (found.status, found.disabled_reason) == ('disabled',
                                                     'broken disk')
    beat()
    assert listed()[0].status == 'disabled'
    set_status(one.id, 'enabled')
    [found] = listed()
    assert (found.status, found.disabled_reason) == ('enabled', None)


def test_a_daemon_is_told_its_status(database):
    """With its heartbeat, and before the first one."""
    assert status() == 'enabled'
    assert beat() == 'enabled'
    assert beat('other') == 'enabled'
    set_status(listed()[0].id, 'disabled')
    assert (status(), beat()) == ('disabled', 'disabled')
    assert (status('other'), beat('other')) == ('enabled', 'enabled')
    assert status(binary='karbor-operationengine') == 'enabled'


def test_a_reason_is_replaced(database):
    beat()
    [one] = listed()
    set_status(one.id, 'disabled', 'broken disk')
    assert set_status(one.id, 'disabled').disabled_reason is None


def test_a_heartbeat_and_a_change_do_not_undo_each_other(database):
    beat()
    [one] = listed()
    for word in ('disabled', 'enabled') * 5:
        common.side_by_side(beat, lambda word=word: set_status(one.id, word),
                            beat)
        assert beat() == status() == word


def test_mistakes_are_said(database):
    beat()
    [one] = listed()
    with pytest.raises(exception.ServiceNotFound, match='12345'):
        set_status(12345, 'disabled')
    with pytest.raises(exception.IllegalTransition, match='asleep'):
        set_status(one.id, 'asleep')
    assert listed() == [one]


def test_workers_of_one_host_begin_together(database):
    """They share a row, and make it at the same moment."""
    assert common.side_by_side(*[beat] * 6) == ['enabled'] * 6
    assert len(listed()) == 1


def test_limits_are_those_of_the_last_heartbeat(database):
    limits = {'project': 2, 'providers': {common.PROVIDER: 8}}
    for told in (None, limits, {'project': 0, 'providers': {}}):
        services.heartbeat(common.system(), 'h', 'karbor-protection', told)
        [one] = listed()
        assert one.limits == told
