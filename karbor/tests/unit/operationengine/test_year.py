# SPDX-License-Identifier: Apache-2.0
"""A leap year under a fake clock, with one engine that is not always there.

Triggers of many zones fire through changes of the clock, month ends and the
leap day, some with runs that last longer than until their next time. Between
two moments at which something happens the clock jumps. In the end `checker`
compares the ledger with what the definitions of the triggers say, and what
retention has left with a computation of its own.
"""

import datetime
import heapq
import random
import zoneinfo

import pytest
import sqlalchemy as sa

from karbor.actions import firing
from karbor.actions import handover
from karbor.db import models
from karbor.db import plans
from karbor.db import retention
from karbor.db import runs
from karbor.db import scheduled_operations
from karbor.db import session as db
from karbor.db import triggers
from karbor.operationengine import engine as engines
from karbor.rpc import notifications
from karbor.tests import checker
from karbor.tests.unit.db import common
from karbor.tests.unit.db import schedules

BEGIN = datetime.datetime(2027, 12, 31, 12, 0, tzinfo=datetime.UTC)
END = datetime.datetime(2029, 1, 1, 12, 0, tzinfo=datetime.UTC)
SECOND = datetime.timedelta(seconds=1)
MINUTE = datetime.timedelta(minutes=1)
HOUR = datetime.timedelta(hours=1)
DAY = datetime.timedelta(days=1)


def event(start, *lines):
    return '\n'.join(('BEGIN:VEVENT', f'DTSTART:{start}', *lines,
                      'END:VEVENT', ''))


# zone, format, pattern, more properties
TRIGGERS = {
    # clocks go forward over it, and back over it
    'spring': ('Europe/Berlin', 'crontab', '30 2 * * *', {}),
    'autumn': ('America/New_York', 'crontab', '30 1 * * *', {}),
    # by half an hour only
    'half': ('Australia/Lord_Howe', 'crontab', '45 1 * * *', {}),
    # midnight is what is left out
    'midnight': ('America/Santiago', 'calendar',
                 event('20280820T001500', 'RRULE:FREQ=DAILY;COUNT=60',
                       'EXDATE:20280915T001500'), {}),
    'hourly': ('Europe/London', 'crontab', '0 * * * *', {
        'start_time': '2028-10-26 00:00:00',
        'end_time': '2028-11-02 00:00:00'}),
    'leap': ('Asia/Kathmandu', 'crontab', '0 12 29 2 *', {}),
    'day 31': ('UTC', 'crontab', '0 3 31 * *', {}),
    'last day': ('Europe/Berlin', 'calendar',
                 event('20280131T230000',
                       'RRULE:FREQ=MONTHLY;BYMONTHDAY=-1'), {}),
    'last Friday': ('America/New_York', 'crontab', '0 6 * * L5', {}),
    'Monday': ('UTC', 'crontab', '0 2 * * 1', {}),
    'two': ('Europe/Berlin', 'calendar',
            event('20280106T100000', 'RRULE:FREQ=WEEKLY;BYDAY=TH')
            + event('20280104T100000', 'RRULE:FREQ=WEEKLY;INTERVAL=2'), {}),
    'yearly': ('Pacific/Auckland', 'crontab', '@yearly', {}),
}
# when no engine is there; over one change of the clocks, too
OUTAGES = [(datetime.datetime(2028, 3, 25, 20, tzinfo=datetime.UTC), 9 * HOUR),
           (datetime.datetime(2028, 7, 3, 1, tzinfo=datetime.UTC), 5 * DAY),
           (datetime.datetime(2028, 12, 30, 23, tzinfo=datetime.UTC), HOUR)]
# by the name of its trigger, what an operation keeps
KEPT = {'spring': {'max_backups': 5}, 'autumn': {'max_age': 10 * 86_400},
        'half': {'keep': {'daily': 4, 'weekly': 3, 'monthly': 20}}}


class World:
    """Triggers with an operation each, and what the engine sees of them.

    :ivar made: ids of all checkpoints and when they were made, by operation
    """

    def __init__(self, clock):
        self.clock = clock
        self.lives = {}
        self.made = {}
        self.works = []
        self._chance = random.Random(2028)
        self._ends = []             # of work that has begun
        self._lasts = {}            # how long work takes

    def add(self, name, zone, format_, pattern, more, lasts=20 * SECOND,
            overlap='skip', window=1800, complete_within=None):
        trigger = triggers.create(common.member(), common.trigger(properties={
            'format': format_, 'pattern': pattern, 'timezone': zone,
            'start_time': '2028-01-01 00:00:00',
            'end_time': END.strftime('%Y-%m-%d %H:%M:%S'),
            'window': window, **more}), firing.reckon, self.clock)
        plan = plans.create(common.member(), common.plan(status='started'))
        kind = 'retention_protect' if name in KEPT else 'protect'
        operation = scheduled_operations.create(
            common.member(), common.scheduled_operation(
                trigger_id=trigger.id, plan_id=plan.id, overlap=overlap,
                operation_type=kind, complete_within=complete_within,
                operation_definition={
                    'provider_id': common.PROVIDER, 'plan_id': plan.id,
                    **KEPT.get(name, {})}),
            self.clock, sweep_after=0 if name in KEPT else None)
        self.lives[name] = checker.Operation(
            operation.id, [checker.Version(self.clock.moment,
                                           trigger.properties)],
            self.clock.moment, overlap=overlap,
            complete_within=complete_within)
        self.made[operation.id] = {}
        self._lasts[operation.id] = lasts
        return operation

    # -- the work -------------------------------------------------------------

    def work(self):
        """What workers have begun and ended meanwhile."""
        table = models.Operation
        with db.writer(common.system()) as session:
            for row in session.execute(sa.select(
                    table.id, table.type, table.checkpoint_id,
                    table.scheduled_run_id, table.scheduled_operation_id)
                    .where(table.status == 'queued')):
                heapq.heappush(self._ends, (self.clock.moment + (
                    self._lasts[row.scheduled_operation_id]
                    if row.type == 'protect' else SECOND), row))
                _set(session, table, row.id, status='running')
            while self._ends and self._ends[0][0] <= self.clock.moment:
                _moment, row = heapq.heappop(self._ends)
                self._end(session, row)

    def _end(self, session, row):
        _set(session, models.Operation, row.id, status='success')
        self.works.append(checker.Work(row.scheduled_run_id, row.type,
                                       row.checkpoint_id, 'success'))
        if row.type == 'delete':
            session.execute(sa.delete(models.Checkpoint).where(
                models.Checkpoint.id == row.checkpoint_id))
            return
        _set(session, models.Checkpoint, row.checkpoint_id,
             status='available')
        made = session.execute(sa.select(models.Checkpoint.created_at).where(
            models.Checkpoint.id == row.checkpoint_id)).scalar_one()
        self.made[row.scheduled_operation_id][row.checkpoint_id] = made

    # -- the time -------------------------------------------------------------

    def next_moment(self):
        """When something happens next, and a little later."""
        with db.reader(common.system()) as session:
            due = session.execute(sa.select(
                sa.func.min(models.Trigger.next_time))).scalar()
        moment = min([END] + ([due] if due else [])
                     + [end for end, _row in self._ends[:1]])
        for begin, length in OUTAGES:
            if begin <= moment < begin + length:
                moment = begin + length
        # an engine looks every few seconds
        return max(moment, self.clock.moment) + self._chance.uniform(
            0.1, 5) * SECOND

    def disable(self, operation, enabled):
        scheduled_operations.update(
            common.member(), operation.id, {'enabled': enabled},
            firing.reckon, self.clock)
        life = next(life for life in self.lives.values()
                    if life.id == operation.id)
        if enabled:
            life.forbidden[-1] = checker.Span(life.forbidden[-1].begin,
                                              self.clock.moment)
        else:
            life.forbidden.append(checker.Span(self.clock.moment))

    def change(self, operation, name, **properties):
        trigger = triggers.update(
            common.member(), operation.trigger_id,
            {'properties': {**self.lives[name].versions[-1].properties,
                            **properties}}, firing.reckon, self.clock)
        self.lives[name].versions.append(checker.Version(
            self.clock.moment, trigger.properties))

    def left(self, name):
        """Ids of the checkpoints that retention has left to an operation."""
        with db.reader(common.system()) as session:
            rows = set(session.execute(sa.select(
                models.Checkpoint.id).where(
                    models.Checkpoint.status == 'available')).scalars())
        return rows & set(self.made[self.lives[name].id])


def _set(session, table, id_, **values):
    db.changed(session, sa.update(table).where(table.id == id_).values(
        **values))


@pytest.fixture
def clock(conf, database, rules, protection, monkeypatch):
    conf.set_override('auth_strategy', 'noauth')
    # all that has changed is swept at once; the rest, once a day
    conf.set_override('retention_interval', 86_400, 'operationengine')
    # and not sooner by chance: what is left in the end depends on it
    monkeypatch.setattr(retention, '_SPREAD', 0)
    conf.set_override('runs_max_age', 1000 * 86_400, 'operationengine')
    conf.set_override('threads', 1, 'operationengine')
    clock = schedules.Clock(BEGIN)
    monkeypatch.setattr(handover, 'DATABASE', clock)
    monkeypatch.setattr(notifications, 'notify', lambda *_a, **_kw: None)
    return clock


@pytest.fixture
def engine(conf, clock, monkeypatch):
    """An engine whose pool is this thread."""
    engine = engines.Engine(conf, clock=clock)
    monkeypatch.setattr(engine.scheduler, 'once', lambda job: job())
    return engine


def run_through(world, engine, changes):
    """Let the year go by.

    :param changes: what users do, by moment
    """
    changes = sorted(changes.items())
    while world.clock.moment < END:
        world.clock.moment = world.next_moment()
        while changes and changes[0][0] <= world.clock.moment:
            changes.pop(0)[1]()
        world.work()
        # what has ended now, and what is due
        engine.look()
    # what is under way comes to its end
    for _hour in range(4):
        world.clock.after(hours=1)
        world.work()
        engine.look()
    engine.tidy()


def by_zone(moment, zone):
    return moment.astimezone(zoneinfo.ZoneInfo(zone))


def periods(made, zone, days):
    """Of the last so many periods with checkpoints, the last one of each."""
    lasts = {}
    for id_, moment in sorted(made.items(), key=lambda item: item[1]):
        lasts[days(by_zone(moment, zone))] = id_
    return list(lasts.values())


@pytest.mark.thorough
@pytest.mark.timeout(900)
def test_a_leap_year(clock, engine):
    world = World(clock)
    operations = {name: world.add(name, *what)
                  for name, what in TRIGGERS.items()}
    # runs that last longer than until the next time
    for name, overlap in (('patient', 'queue'), ('hasty', 'skip')):
        operations[name] = world.add(
            name, 'Europe/London', 'crontab', '0 0,1,2,3 * * *', {
                'start_time': '2028-03-24 00:00:00',
                'end_time': '2028-04-08 00:00:00'},
            lasts=90 * MINUTE, overlap=overlap,
            complete_within=3 * 3600)

    def at(*date):
        return datetime.datetime(2028, *date, tzinfo=datetime.UTC)

    run_through(world, engine, {
        at(5, 10, 4): lambda: world.disable(operations['spring'], False),
        at(5, 20, 4): lambda: world.disable(operations['spring'], True),
        at(9, 1, 11): lambda: world.change(operations['Monday'], 'Monday',
                                           pattern='0 2 * * 2'),
        at(9, 15): lambda: world.change(operations['autumn'], 'autumn',
                                        timezone='Asia/Tokyo')})

    with db.reader(common.system()) as session:
        ledger = [runs.model(row) for row
                  in session.execute(sa.select(runs.TABLE))]
    lives = world.lives.values()
    assert [str(fault) for fault in checker.check(
        lives, ledger, world.works, END)] == []
    found = checker.report(lives, ledger, END)
    # those of each day, those of the week of hours, and the long ones
    assert found['expected'] > 3 * 366 + 7 * 24 + 2 * 4 * 15
    assert found['dropped_out_of_window'] > 10
    assert found['skipped'] > 10
    _kept_what_they_should(world)


def _kept_what_they_should(world):
    def made(name):
        return world.made[world.lives[name].id]

    newest = sorted(made('spring'), key=made('spring').get)[-5:]
    assert world.left('spring') == set(newest)
    assert world.left('autumn') == {
        id_ for id_, moment in made('autumn').items()
        # it was swept last when the last one was made
        if moment >= max(made('autumn').values()) - 10 * DAY}
    zone = TRIGGERS['half'][0]
    kept = [*periods(made('half'), zone, lambda wall: wall.date())[-4:],
            *periods(made('half'), zone,
                     lambda wall: wall.isocalendar()[:2])[-3:],
            *periods(made('half'), zone,
                     lambda wall: (wall.year, wall.month))[-20:]]
    assert world.left('half') == set(kept)
    assert len(made('half')) > 300 > 30 > len(kept)
    # nobody asked for anything of the others to go
    assert world.left('midnight') == set(made('midnight'))
