# SPDX-License-Identifier: Apache-2.0
import dataclasses
import datetime
import zoneinfo

from hypothesis import given
from hypothesis import strategies as st
import pytest

from karbor.model.retention import Candidate
from karbor.model.retention import decide
from karbor.model.retention import newest_first
from karbor.model.retention import PERIODS
from karbor.model.retention import Retention
from karbor.model.retention import Rule

NOW = datetime.datetime(2026, 11, 22, 12, 0, tzinfo=datetime.UTC)
DAY = 86_400
BERLIN = zoneinfo.ZoneInfo('Europe/Berlin')
# half an hour of summer time, changes at midnight, a day that was left out
ZONES = [datetime.UTC, BERLIN, *map(zoneinfo.ZoneInfo, (
    'Australia/Lord_Howe', 'America/Havana', 'America/St_Johns',
    'Pacific/Apia', 'Asia/Kathmandu'))]


def ago(seconds, id_=None, **more):
    return Candidate(id_ or f'{seconds:09}', NOW - datetime.timedelta(
        seconds=seconds), **more)


def at(text, zone=datetime.UTC, fold=0):
    moment = datetime.datetime.fromisoformat(text).replace(
        tzinfo=zone, fold=fold).astimezone(datetime.UTC)
    return Candidate(f'{text}/{fold}', moment)


def kept(checkpoints, *retentions, now=NOW):
    return {decision.checkpoint.id for decision
            in decide([Rule(one) for one in retentions], checkpoints, now)
            if decision.keep}


def ids(checkpoints):
    return {one.id for one in checkpoints}


def reasons(checkpoints, *rules):
    return [decision.reason for decision in decide(rules, checkpoints, NOW)]


# -- one by one ---------------------------------------------------------------

def test_what_bears_a_time_to_come_does_not_count():
    """Else what is made now would expire as soon as it is there."""
    ahead, new, old = ago(-30 * DAY), ago(10), ago(20)
    decisions = decide([Rule(Retention(number=1))], [old, ahead, new], NOW)
    assert [(one.checkpoint, one.keep) for one in decisions] == [
        (ahead, True), (new, True), (old, False)]
    assert 'the clock was ahead' in decisions[0].reason
    assert 'the newest available one' in decisions[1].reason
    # and it counts as soon as that time is there
    assert kept([old, ahead, new], Retention(number=1),
                now=ahead.created_at) == {ahead.id}


def test_of_three_the_two_newest_are_kept():
    """Where the retired Karbor removed the newest."""
    first, second, third = ago(300), ago(200), ago(100)
    decisions = decide([Rule(Retention(number=2))], [second, third, first],
                       NOW)
    assert [(one.checkpoint, one.keep) for one in decisions] == [
        (third, True), (second, True), (first, False)]
    assert [one.reason for one in decisions] == [
        'It is kept: it is the newest available one; it is number 1 of 2 '
        'that are kept.',
        'It is kept: it is number 2 of 2 that are kept.',
        'It expires: it is number 3 and 2 are kept.']


def test_age_is_in_seconds_and_the_limit_is_within():
    rule = Retention(seconds=2 * DAY)
    day = [ago(0), ago(2 * DAY), ago(2 * DAY + 1)]
    assert kept(day, rule) == ids(day[:2])
    assert reasons(day, Rule(rule))[1:] == [
        'It is kept: it is not older than 2 d.',
        'It expires: it is older than 2 d.']


def test_a_day_of_an_age_has_24_hours_in_autumn_too():
    """A day of the calendar would have 25."""
    now = datetime.datetime(2026, 10, 25, 12, 0, tzinfo=BERLIN)
    same_time = at('2026-10-24T12:00', BERLIN)
    assert kept([same_time, at('2026-10-25T11:00', BERLIN)],
                Retention(seconds=DAY, zone=BERLIN), now=now) == {
                    '2026-10-25T11:00/0'}


def test_the_newest_is_kept_however_old_it_is():
    rule = Rule(Retention(number=1, seconds=60))
    assert reasons([ago(3_600), ago(7_200)], rule) == [
        'It is kept: it is the newest available one.',
        'It expires: it is number 2 and 1 are kept; it is older than 1 min.']


def test_number_and_age_limit_together():
    rule = Retention(number=3, seconds=2 * DAY)
    many = [ago(hours * 3_600) for hours in (0, 1, 2, 3)]
    assert kept(many, rule) == ids(many[:3])
    few = [ago(days * DAY) for days in (0, 1, 3)]
    assert kept(few, rule) == ids(few[:2])
    assert reasons(few, Rule(rule))[1] == (
        'It is kept: it is number 2 of 3 that are kept and it is not older '
        'than 2 d.')


def test_periods_keep_beside_the_limits():
    many = [ago(days * DAY) for days in range(10)]
    assert kept(many, Retention(number=2, periods={'daily': 4})) == ids(
        many[:4])
    assert kept(many, Retention(number=4, periods={'daily': 2})) == ids(
        many[:4])


def test_periods_alone_keep_nothing_else():
    one_day = [at(f'2026-11-20T{hour:02}:00') for hour in range(10)]
    rule = Rule(Retention(0, periods={'yearly': 1, 'daily': 7}))
    assert reasons(one_day, rule)[:2] == [
        'It is kept: it is the newest available one; '
        'it is the last one of 2026 (yearly 1, UTC); '
        'it is the last one of 2026-11-20 (daily 7, UTC).',
        'It expires: it is not the last one of a period that is kept '
        '(daily 7, yearly 1).']
    assert kept(one_day, rule.retention) == {'2026-11-20T09:00/0'}


def test_a_week_begins_on_monday():
    """Also the one in which the year does."""
    days = [at(f'{day}T12:00') for day in (
        '2026-12-27', '2026-12-28', '2027-01-03', '2027-01-04')]
    later = NOW + datetime.timedelta(days=90)
    assert kept(days, Retention(0, periods={'weekly': 9}), now=later) == {
        '2026-12-27T12:00/0', '2027-01-03T12:00/0', '2027-01-04T12:00/0'}


def test_a_day_is_one_of_the_zone():
    evening = at('2026-11-20T22:30')
    late, morning = at('2026-11-20T23:30'), at('2026-11-21T08:00')
    all_ = [evening, late, morning]
    assert kept(all_, Retention(0, periods={'daily': 9})) == ids(
        [late, morning])
    assert kept(all_, Retention(0, None, {'daily': 9}, BERLIN)) == ids(
        [evening, morning])


def test_an_hour_that_is_there_twice_is_two():
    twice = [at('2026-10-25T02:30', BERLIN), at('2026-10-25T02:10', BERLIN, 1),
             at('2026-10-25T02:50', BERLIN, 1)]
    assert kept(twice, Retention(0, None, {'hourly': 9}, BERLIN)) == {
        '2026-10-25T02:30/0', '2026-10-25T02:50/1'}
    assert kept(twice, Retention(0, None, {'daily': 9}, BERLIN)) == {
        '2026-10-25T02:50/1'}


def test_periods_without_a_checkpoint_do_not_count():
    years = [at(f'{year}-06-01T00:00') for year in (1999, 2010, 2026)]
    assert kept(years, Retention(0, periods={'monthly': 2})) == {
        '2010-06-01T00:00/0', '2026-06-01T00:00/0'}


def test_what_is_in_use_is_kept():
    used = ago(300, used_by='restore')
    decisions = decide([Rule(Retention(number=1))], [ago(1), ago(2), used],
                       NOW)
    assert [one.keep for one in decisions] == [True, False, True]
    assert decisions[2].reason == (
        'It is kept: an operation of type restore needs it now.')


def test_one_that_any_rule_keeps_is_kept():
    many = [ago(days * DAY) for days in range(6)]
    mine = Rule(Retention(number=2))
    other = Rule(Retention(seconds=3 * DAY), 'scheduled operation weekly')
    assert reasons(many, mine, other)[1:5] == [
        'It is kept: it is not older than 3 d, by scheduled operation '
        'weekly.'] * 3 + [
        'It expires: it is number 5 and 2 are kept; nor do other scheduled '
        'operations keep it.']


def test_of_the_equally_new_the_one_that_is_no_copy():
    same = [ago(1, 'a', origin='copy'), ago(1, 'c'), ago(1, 'b')]
    assert [one.id for one in newest_first(same)] == ['b', 'c', 'a']
    assert kept(same, Retention(number=1)) == {'b'}


def test_without_a_rule_or_a_limit_all_are_kept():
    many = [ago(days * DAY) for days in range(3)]
    assert kept(many) == kept(many, Retention()) == ids(many)
    assert reasons(many)[2] == 'It is kept: there is no rule.'
    assert reasons(many, Rule(Retention()))[2] == 'It is kept: all are kept.'
    assert decide([Rule(Retention(number=1))], [], NOW) == []


def test_a_rule_that_keeps_nothing_still_keeps_the_newest():
    assert reasons([ago(1), ago(2)], Rule(Retention(0))) == [
        'It is kept: it is the newest available one.',
        'It expires: it is number 2 and 0 are kept.']


def test_what_is_of_the_future_is_young():
    assert kept([ago(-DAY), ago(-2 * DAY)], Retention(seconds=1)) == {
        f'{-DAY:09}', f'{-2 * DAY:09}'}


def test_times_at_the_ends_of_the_calendar():
    """As a bank of unknown origin may tell them."""
    ends = [Candidate('first', datetime.datetime.min.replace(
        tzinfo=datetime.UTC)), Candidate('last', datetime.datetime.max.replace(
            tzinfo=datetime.UTC))]
    for zone in (zoneinfo.ZoneInfo('America/Havana'),
                 zoneinfo.ZoneInfo('Pacific/Apia')):
        rule = Retention(1, DAY, dict.fromkeys(PERIODS, 2), zone)
        assert kept(ends, rule) == {'first', 'last'}


@pytest.mark.parametrize(('seconds', 'shown'), [
    (1, '1 s'), (60, '1 min'), (90_061, '1 d 1 h 1 min 1 s'), (0, '0 s')])
def test_how_an_age_is_said(seconds, shown):
    [reason] = reasons([ago(0)], Rule(Retention(seconds=seconds)))
    assert reason.endswith(f'it is not older than {shown}.')


# -- laws ---------------------------------------------------------------------

# close together where clocks change, so that periods have several
EDGES = [datetime.datetime.fromisoformat(text) for text in (
    '2026-10-25T00:00+00:00', '2026-03-29T00:00+00:00',
    '2026-04-04T14:00+00:00', '2026-11-01T04:00+00:00',
    '2006-10-29T02:31+00:00', '2011-12-30T09:00+00:00',
    '2024-02-29T12:00+00:00', '2026-12-31T12:00+00:00')]
moments = st.builds(
    lambda edge, seconds: edge + datetime.timedelta(seconds=seconds),
    st.sampled_from(EDGES),
    st.one_of(st.integers(-20_000, 20_000), st.integers(-40, 40).map(
        lambda days: days * DAY), st.integers(-10 ** 8, 10 ** 8)))
histories = st.lists(
    st.builds(Candidate, st.uuids().map(str), moments,
              st.sampled_from(['manual', 'schedule', 'copy']),
              st.sampled_from([None] * 9 + ['restore'])),
    max_size=40, unique_by=lambda one: one.id)
nows = st.one_of(moments, st.just(NOW))
counts = st.integers(1, 12)
retentions = st.builds(
    Retention, st.none() | st.just(0) | counts,
    st.none() | st.integers(1, 10 ** 8) | st.integers(1, 40).map(
        lambda days: days * DAY),
    st.dictionaries(st.sampled_from(PERIODS), counts),
    st.sampled_from(ZONES))
several = st.lists(retentions, min_size=1, max_size=4)


def slow(rule, checkpoints, now):
    """What one rule keeps, by its words: each checkpoint by itself."""
    def newer(one, other):
        if one.created_at != other.created_at:
            return one.created_at > other.created_at
        return (one.origin == 'copy', one.id) < (other.origin == 'copy',
                                                 other.id)

    def period(name, one):
        offset = one.created_at.astimezone(rule.zone).utcoffset()
        wall = one.created_at.replace(tzinfo=None) + offset
        monday = wall.date() - datetime.timedelta(days=wall.weekday())
        return {'hourly': (wall.date(), wall.hour, offset),
                'daily': wall.date(), 'weekly': monday,
                'monthly': (wall.year, wall.month), 'yearly': wall.year}[name]

    result = {one.id for one in checkpoints if one.created_at > now}
    checkpoints = [one for one in checkpoints if one.id not in result]
    for one in checkpoints:
        before = [other for other in checkpoints if newer(other, one)]
        if not before or one.used_by:
            result.add(one.id)
        young = rule.seconds is None or (
            one.created_at + datetime.timedelta(seconds=rule.seconds) >= now)
        if young and (rule.number is None or len(before) < rule.number):
            result.add(one.id)
        for name, count in rule.periods.items():
            passed = {period(name, other) for other in before}
            if period(name, one) not in passed and len(passed) < count:
                result.add(one.id)
    return result


@given(histories, several, nows)
def test_many_rules_keep_what_each_one_keeps(checkpoints, rules, now):
    """Against an independent computation."""
    assert kept(checkpoints, *rules, now=now) == set().union(
        *(slow(rule, checkpoints, now) for rule in rules))


@given(histories, several, nows)
def test_the_newest_is_always_kept(checkpoints, rules, now):
    decisions = decide([Rule(rule) for rule in rules], checkpoints, now)
    assert ids(one.checkpoint for one in decisions) == ids(checkpoints)
    if decisions:
        assert decisions[0].keep
        assert decisions[0].checkpoint.created_at == max(
            one.created_at for one in checkpoints)
    # of those that there can be by now, too
    past = [one for one in decisions if one.checkpoint.created_at <= now]
    assert not past or past[0].keep
    for one in decisions:
        begin = 'It is kept: ' if one.keep else 'It expires: '
        assert one.reason.startswith(begin)
        assert len(one.reason) > len(begin) + 5


@given(histories, several, nows, st.randoms(use_true_random=False))
def test_the_order_of_what_is_given_is_no_matter(checkpoints, rules, now,
                                                 chance):
    before = decide([Rule(rule) for rule in rules], checkpoints, now)
    other = list(checkpoints)
    chance.shuffle(other)
    assert decide([Rule(rule) for rule in rules], other, now) == before
    swapped = list(rules)
    chance.shuffle(swapped)
    assert kept(other, *swapped, now=now) == {
        one.checkpoint.id for one in before if one.keep}


@given(histories, several, nows)
def test_what_is_kept_is_kept_again(checkpoints, rules, now):
    first = kept(checkpoints, *rules, now=now)
    left = [one for one in checkpoints if one.id in first]
    assert kept(left, *rules, now=now) == first


@given(histories, several, nows, st.randoms(use_true_random=False))
def test_a_sweep_that_was_cut_goes_on_as_it_began(checkpoints, rules, now,
                                                  chance):
    """Whatever of the expired ones is gone already."""
    first = kept(checkpoints, *rules, now=now)
    left = [one for one in checkpoints
            if one.id in first or chance.random() < 0.5]
    assert kept(left, *rules, now=now) == first


@given(histories, retentions, nows, st.integers(0, 5),
       st.integers(0, 10 ** 7), st.dictionaries(st.sampled_from(PERIODS),
                                                counts))
def test_a_larger_limit_keeps_no_less(checkpoints, rule, now, number,
                                      seconds, periods):
    larger = dataclasses.replace(
        rule,
        number=None if rule.number is None else rule.number + number,
        seconds=None if rule.seconds is None else rule.seconds + seconds,
        periods={name: count + periods.get(name, 0)
                 for name, count in rule.periods.items()})
    assert kept(checkpoints, rule, now=now) <= kept(checkpoints, larger,
                                                    now=now)


@given(histories, retentions, nows, st.sampled_from(['number', 'seconds']))
def test_lifting_a_limit_keeps_no_less(checkpoints, rule, now, limit):
    lifted = dataclasses.replace(rule, **{limit: None})
    assert kept(checkpoints, rule, now=now) <= kept(checkpoints, lifted,
                                                    now=now)
    none = dataclasses.replace(rule, number=None, seconds=None)
    assert kept(checkpoints, none, now=now) == ids(checkpoints)


@given(histories, several, nows)
def test_a_new_one_brings_none_back(checkpoints, rules, now):
    before = kept(checkpoints, *rules, now=now)
    newer = Candidate('new', max(
        (one.created_at for one in checkpoints), default=now)
        + datetime.timedelta(seconds=1))
    after = kept([*checkpoints, newer], *rules, now=now)
    assert 'new' in after
    assert after - {'new'} <= before


# -- damaged ones -------------------------------------------------------------

def test_one_that_is_damaged_takes_no_place():
    damaged, first, second, third = (
        ago(100, damaged=True), ago(200), ago(300), ago(400))
    everything = [damaged, first, second, third]
    assert kept(everything, Retention(number=2)) == ids(
        [damaged, first, second])
    assert reasons(everything, Rule(Retention(number=2))) == [
        'It is kept: it is damaged, but no newer one is better; it is number '
        '1 of 2 that are kept.',
        'It is kept: it is the newest one that is not damaged; it is number '
        '1 of 2 that are kept.',
        'It is kept: it is number 2 of 2 that are kept.',
        'It expires: it is number 3 and 2 are kept.']


def test_while_none_is_better_all_that_are_damaged_are_kept():
    damaged = [ago(seconds, damaged=True) for seconds in (100, 200, 300)]
    good = ago(250)
    assert kept(damaged, Retention(number=1)) == ids(damaged)
    assert kept([*damaged, good], Retention(number=1)) == ids(
        [*damaged[:2], good])


def test_one_that_is_damaged_expires_as_others_do():
    newest, damaged = ago(100), ago(200, damaged=True)
    assert kept([newest, damaged], Retention(number=1)) == ids([newest])
    assert kept([newest, damaged], Retention(number=2)) == ids(
        [newest, damaged])
    assert kept([newest, damaged], Retention(seconds=150)) == ids([newest])


def test_of_a_period_the_last_good_one_is_kept():
    morning, noon = at('2026-11-20T09:00'), dataclasses.replace(
        at('2026-11-20T12:00'), damaged=True)
    newest = at('2026-11-22T09:00')
    rule = Retention(number=0, periods={'daily': 2})
    assert kept([newest, noon, morning], rule) == ids(
        [newest, noon, morning])


@given(histories, several, nows, st.data())
def test_damage_costs_no_good_one(checkpoints, rules, now, data):
    """Whatever is kept stays, and the newest good one is among it."""
    spoilt = data.draw(st.sets(st.sampled_from(sorted(ids(checkpoints)))
                               if checkpoints else st.nothing()))
    marked = [dataclasses.replace(one, damaged=one.id in spoilt)
              for one in checkpoints]
    before = kept(checkpoints, *rules, now=now)
    after = kept(marked, *rules, now=now)
    assert before <= after
    good = [one for one in newest_first(marked) if not one.damaged]
    if good:
        assert good[0].id in after
    else:
        assert after == ids(marked)
    # of the good ones as much as if the others were not there
    assert after - spoilt == kept(good, *rules, now=now)


class Counted(datetime.tzinfo):
    """A zone that knows how often it was asked."""

    asked = 0

    def fromutc(self, moment):
        self.asked += 1
        return moment

    def utcoffset(self, moment):
        return datetime.timedelta()

    def dst(self, moment):
        return datetime.timedelta()

    def tzname(self, moment):
        return 'counted'


def test_many_rules_cost_little_more_than_one():
    """Each list is walked once, not once for each rule."""
    many = [ago(hour * 3_600) for hour in range(100)]
    asked = []
    for rules in (1, 1_000):
        zone = Counted()
        decide([Rule(Retention(0, periods={'daily': number + 1}, zone=zone))
                for number in range(rules)], many, NOW)
        asked.append(zone.asked)
    assert asked == [100, 100]
