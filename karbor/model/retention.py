# SPDX-License-Identifier: Apache-2.0
"""Which checkpoints of a plan are kept, and why."""

import bisect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
import datetime

from karbor.i18n import _

# of a calendar, from short to long
PERIODS = ('hourly', 'daily', 'weekly', 'monthly', 'yearly')
# What a sweep does with a checkpoint; 'none' with one that is not available,
# about which there is no rule.
ACTIONS = ('keep', 'delete', 'none')


@dataclass(frozen=True)
class Retention:
    """A rule: what it does not keep, expires.

    :ivar number: so many of the newest are kept; None: of any number
    :ivar seconds: those that are not older than this are kept; None: of any
        age. With a number too, one must be both.
    :ivar periods: by the name of `PERIODS`, of so many such periods the last
        checkpoint is kept; whatever the number and the seconds say. With a
        number of 0, only these are kept.
    :ivar zone: by whose clock on the wall periods begin
    """

    number: int | None = None
    seconds: int | None = None
    periods: Mapping[str, int] = field(default_factory=dict)
    zone: datetime.tzinfo = datetime.UTC

    @property
    def keeps_all(self) -> bool:
        return self.number is None and self.seconds is None


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule, and whose it is.

    :ivar owner: as a sentence names it; None: the one that was asked for
    """

    retention: Retention
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """An available checkpoint, of which a rule has to decide.

    :ivar origin: as in `model.checkpoint.Checkpoint`
    :ivar used_by: type of an operation that needs it now, or None
    :ivar damaged: not all of it can be restored
    """

    id: str
    created_at: datetime.datetime
    origin: str = 'manual'
    used_by: str | None = None
    damaged: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a checkpoint.

    :ivar reason: a sentence for the user
    """

    checkpoint: Candidate
    keep: bool
    reason: str


def newest_first(checkpoints: Sequence[Candidate]) -> list[Candidate]:
    """In their order, with which `db.checkpoints.newest` agrees.

    Of those that are equally new, what is no copy comes first, and then the
    lesser id.
    """
    found = sorted(checkpoints, key=lambda one: (one.origin == 'copy', one.id))
    # stable, in reverse too
    found.sort(key=lambda one: one.created_at, reverse=True)
    return found


def decide(rules: Sequence[Rule], checkpoints: Sequence[Candidate],
           now: datetime.datetime) -> list[Decision]:
    """What is kept and what expires, newest first.

    One that any of the rules keeps is kept, and so are the newest one and
    those that are in use. Without a rule, all are kept.

    Those of times that have not come were made by a host whose clock was
    ahead. They are kept and do not count: each that is made now would seem
    older than them, and expire though it is the newest.

    Those that are damaged take no place from others. They themselves are kept
    as if they were good, and at any rate until a newer one is good: there may
    be nothing better.

    :param rules: the one that is asked for first
    :param checkpoints: all available ones of the plan in a provider
    """
    ordered = newest_first(checkpoints)
    ahead = sum(one.created_at > now for one in ordered)
    return [
        *(Decision(one, True, _(
            'It is kept: the clock was ahead when it was made; it does not '
            'count until that time has come.')) for one in ordered[:ahead]),
        *_apart(rules, ordered[ahead:], now)]


def _apart(rules: Sequence[Rule], ordered: Sequence[Candidate],
           now: datetime.datetime) -> list[Decision]:
    """Those that are good without the others, and the others."""
    good = [one for one in ordered if not one.damaged]
    if len(good) == len(ordered):
        return list(_decide(rules, good, now, good[:1], _(
            'it is the newest available one')))
    decided = {one.checkpoint.id: one for one in _decide(
        rules, good, now, good[:1], _('it is the newest one that is not '
                                      'damaged'))}
    for decision in _decide(
            rules, ordered, now, ordered[:ordered.index(good[0])] if good
            else ordered, _('it is damaged, but no newer one is better')):
        decided.setdefault(decision.checkpoint.id, decision)
    return [decided[one.id] for one in ordered]


def _decide(rules: Sequence[Rule], ordered: Sequence[Candidate],
            now: datetime.datetime, held: Sequence[Candidate],
            because: str) -> Iterator[Decision]:
    """What is kept and what expires, if each of them counts.

    :param held: the first of them, which are kept whatever the rules say
    :param because: why
    """
    whys: list[list[str]] = [[] for _one in ordered]
    for why in whys[:len(held)]:
        why.append(because)
    for why, one in zip(whys, ordered, strict=True):
        if one.used_by is not None:
            why.append(_('an operation of type %s needs it now')
                       % one.used_by)
        if not rules:
            why.append(_('there is no rule'))
    ages = [(now - one.created_at) // _MICROSECOND for one in ordered]
    for places, say in _kept(rules, ordered, ages):
        for place in places:
            whys[place].append(say(place))
    for place, (one, why) in enumerate(zip(ordered, whys, strict=True)):
        yield Decision(
            one, bool(why), _('It is kept: %s.') % '; '.join(why) if why
            else _('It expires: %s.') % '; '.join(
                _against(rules, place, ages[place])))


# -- what rules keep ----------------------------------------------------------
#
# Whatever a limit keeps, are the first ones of a list: of all, or of the last
# ones of each period. So of many rules only the one that keeps most of a list
# counts, and many rules cost little more than one.

_MICROSECOND = datetime.timedelta(microseconds=1)
_LABELS: Mapping[str, Callable[[datetime.datetime], str]] = {
    # an hour that the clock shows twice in autumn is two hours
    'hourly': lambda wall: wall.strftime('%Y-%m-%d %H:00%z'),
    'daily': lambda wall: wall.strftime('%Y-%m-%d'),
    'weekly': lambda wall: wall.strftime('%G-W%V'),
    'monthly': lambda wall: wall.strftime('%Y-%m'),
    'yearly': lambda wall: wall.strftime('%Y')}
_Key = tuple[str, datetime.tzinfo] | None
_Kept = tuple[Sequence[int], Callable[[int], str]]


def _kept(rules: Sequence[Rule], ordered: Sequence[Candidate],
          ages: Sequence[int]) -> Iterator[_Kept]:
    """Places of those that are kept, and the reason for a place."""
    most: dict[_Key, tuple[int, Rule]] = {}
    for rule in rules:
        for key, count in _counts(rule.retention, ages):
            if key not in most or most[key][0] < count:
                most[key] = count, rule
    for key, (count, rule) in most.items():
        if key is None:
            yield range(count), _basic(rule)
        else:
            lasts = _lasts(ordered, *key)
            yield list(lasts)[:count], _periodic(rule, key, count, lasts)


def _counts(retention: Retention,
            ages: Sequence[int]) -> Iterator[tuple[_Key, int]]:
    """Of each list, how many of its first ones a rule keeps."""
    number, seconds = retention.number, retention.seconds
    basic = len(ages)
    if number is not None:
        basic = min(basic, number)
    if seconds is not None:
        basic = min(basic, bisect.bisect_right(ages, seconds * 10 ** 6))
    yield None, basic
    for period, count in retention.periods.items():
        yield (period, retention.zone), count


def _lasts(ordered: Sequence[Candidate], period: str,
           zone: datetime.tzinfo) -> dict[int, str]:
    """Place and period of the last ones of their periods, newest first."""
    seen: dict[str, int] = {}
    for place, one in enumerate(ordered):
        seen.setdefault(_LABELS[period](_wall(one.created_at, zone)), place)
    return {place: label for label, place in seen.items()}


def _wall(moment: datetime.datetime,
          zone: datetime.tzinfo) -> datetime.datetime:
    try:
        return moment.astimezone(zone)
    except OverflowError:
        # a bank tells of the year 1; nobody has lived by that clock
        return moment


# -- sentences ----------------------------------------------------------------

def _basic(rule: Rule) -> Callable[[int], str]:
    number, seconds = rule.retention.number, rule.retention.seconds
    whys = []
    if number is not None:
        whys.append(_('it is number %%(place)d of %(number)d that are kept')
                    % {'number': number})
    if seconds is not None:
        whys.append(_('it is not older than %s') % _span(seconds))
    why = _(' and ').join(whys) or _('all are kept')
    return lambda place: why % {'place': place + 1} + _by(rule)


def _periodic(rule: Rule, key: tuple[str, datetime.tzinfo], count: int,
              lasts: Mapping[int, str]) -> Callable[[int], str]:
    period, zone = key
    return lambda place: _(
        'it is the last one of %(label)s (%(period)s %(count)d, %(zone)s)') % {
            'label': lasts[place], 'period': period, 'count': count,
            'zone': zone} + _by(rule)


def _by(rule: Rule) -> str:
    return '' if rule.owner is None else _(', by %s') % rule.owner


def _against(rules: Sequence[Rule], place: int, age: int) -> Iterator[str]:
    """Why the first rule does not keep it."""
    asked = rules[0].retention
    if asked.number is not None and place >= asked.number and (
            # of 0, what it keeps beside is all that there is to say
            asked.number or not asked.periods):
        yield _('it is number %(place)d and %(number)d are kept') % {
            'place': place + 1, 'number': asked.number}
    if asked.seconds is not None and age > asked.seconds * 10 ** 6:
        yield _('it is older than %s') % _span(asked.seconds)
    if asked.periods:
        yield _('it is not the last one of a period that is kept (%s)') % (
            ', '.join(f'{period} {asked.periods[period]}'
                      for period in PERIODS if period in asked.periods))
    if len(rules) > 1:
        yield _('nor do other scheduled operations keep it')


def _span(seconds: int) -> str:
    """Like ``30 d`` or ``1 d 2 h``."""
    parts = []
    for unit, size in (('d', 86_400), ('h', 3_600), ('min', 60), ('s', 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f'{count} {unit}')
    return ' '.join(parts) or '0 s'
