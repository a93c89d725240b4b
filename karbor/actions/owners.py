# SPDX-License-Identifier: Apache-2.0
"""On whose behalf scheduled operations run.

Their owner is away when they do. So with Keystone, whoever makes or adopts
one lets Karbor act for him, by a trust with the roles that he has: one for
all his operations in a project, from the first to the last. Without Keystone
nobody needs to.
"""

from collections.abc import Callable
from dataclasses import dataclass
import datetime
import threading
import time
from typing import TypeVar

from oslo_log import log
from oslo_utils import timeutils

from karbor import context as karbor_context
from karbor import exception
from karbor import policy
from karbor.clients import trusts as keystone
from karbor.conf import CONF
from karbor.context import RequestContext
from karbor.db import trusts as db
from karbor.i18n import _
from karbor.model.scheduled_operation import ScheduledOperation
from karbor.model.trust import Acting
from karbor.model.trust import Grant
from karbor.model.trust import Token
from karbor.model.trust import Trust

LOG = log.getLogger(__name__)
T = TypeVar('T')

# how often others may come between, until a user is told to try again
_ATTEMPTS = 5
# Seconds after the end of a token in which it might still be taken: clocks of
# hosts may be so far apart.
_SKEW = 3600
# what is known of a trust is not used when its token has almost ended
_EARLY = 30
_MOST_KNOWN = 1000
# seconds for which Keystone is believed to be away
_REST = 5


class _Locks:
    """One at a time does something about the same thing; others wait."""

    def __init__(self) -> None:
        self._locks = [threading.Lock() for _number in range(64)]

    def of(self, *thing: str | None) -> threading.Lock:
        # different things may have the same, so nobody may hold two
        return self._locks[hash(thing) % len(self._locks)]


@dataclass(frozen=True)
class _Known:
    """What was found out about a trust, and until when it is believed."""

    until: float
    acting: Acting | None
    gone: str


_making = _Locks()
_asking = _Locks()
_known: dict[str, _Known] = {}
# Keystone itself, while it is away
_away = _Known(0, None, '')


# -- before the owner goes ----------------------------------------------------

def entrusted(context: RequestContext, record: Callable[[bool], T]) -> T:
    """Record something that is to be done on behalf of a user.

    :param record: called with whether it is to hold the user's trust in its
        transaction
    :raises exception.TrustRefused: the user cannot hand on what he may do
    :raises exception.TrustReleased: others came between too often
    :raises exception.KeystoneAway: it cannot be asked now
    """
    if CONF.auth_strategy == 'noauth':
        return record(False)
    for _attempt in range(_ATTEMPTS - 1):
        ensure(context)
        try:
            return record(True)
        except exception.TrustReleased:
            # the last other operation went, and with it the trust
            continue
    ensure(context)
    return record(True)


def ensure(context: RequestContext) -> None:
    """See that there is a trust with the roles that a user has now.

    What is made here and then used by nobody, `sweep` removes.

    :raises exception.KarborError: as `entrusted`
    """
    user, project = str(context.user_id), str(context.project_id)
    client = keystone.client()
    token = client.token(context)
    trust = db.in_use(context, user, project)
    if _is_good(client, trust, token):
        return
    with _making.of(user, project):
        now = db.in_use(context, user, project)
        if now != trust and _is_good(client, now, token):
            # another thread was faster
            return
        _make(client, context, token, now)


def _is_good(client: keystone.Keystone, trust: Trust | None,
             token: Token) -> bool:
    if trust is None or trust.trust_id is None:
        return False
    grant = client.get(trust.trust_id)
    return grant is not None and _fits(
        client, grant, trust.user_id, trust.project_id, token)


def _fits(client: keystone.Keystone, grant: Grant, user_id: str,
          project_id: str, token: Token) -> bool:
    """Whether a trust is what would be made now."""
    lifetime = CONF.trustee.trust_lifetime
    if (grant.expires_at is None) != (lifetime == 0):
        return False
    if grant.expires_at is not None and grant.expires_at < _in(lifetime / 2):
        return False
    return (grant.trustor_id, grant.trustee_id, grant.project_id, grant.roles,
            grant.impersonation) == (
                user_id, client.trustee_id(), project_id, token.roles, True)


def _make(client: keystone.Keystone, context: RequestContext, token: Token,
          old: Trust | None) -> None:
    """Put a new trust in use, or one whose maker was killed."""
    user, project = str(context.user_id), str(context.project_id)
    instead_of = None if old is None else old.id
    wishes = db.wishes(context, user, project)
    for mark, grant in (client.marked(context, wishes).items()
                        if wishes else ()):
        if _fits(client, grant, user, project, token):
            db.record(context, mark, grant.trust_id, instead_of)
            return
    left = (token.expires_at - _in(0)).total_seconds()
    mark = db.wish(context, user, project, max(left, 0) + _SKEW)
    lifetime = CONF.trustee.trust_lifetime
    try:
        trust_id = client.make(context, token.roles, mark,
                               _in(lifetime) if lifetime else None)
    except exception.TrustRefused:
        db.drop(context, mark)
        raise
    db.record(context, mark, trust_id, instead_of)
    LOG.info('User %s trusts Karbor in project %s.', user, project)


def _in(seconds: float) -> datetime.datetime:
    return timeutils.utcnow(with_timezone=True) + datetime.timedelta(
        seconds=seconds)


def check_is_owner(context: RequestContext,
                   operation: ScheduledOperation) -> None:
    """Let nobody decide what is done with the roles of another.

    :raises exception.NotOwner: it is somebody else's
    """
    if (CONF.auth_strategy != 'noauth'
            and context.user_id != operation.user_id):
        raise exception.NotOwner(id=operation.id, user=operation.user_id)


# -- while the owner is away --------------------------------------------------

def context_of(operation: ScheduledOperation) -> RequestContext:
    """The context of an operation's owner, with the roles that he has now.

    It has no token.

    :raises exception.TrustGone: nobody can act for him; says why
    :raises exception.KeystoneAway: it cannot be asked now
    """
    if CONF.auth_strategy == 'noauth':
        return _context(operation.user_id, operation.project_id,
                        karbor_context.NOAUTH_ROLES)
    trust = db.of_operation(karbor_context.system(), operation.id)
    if trust is None or trust.trust_id is None:
        raise exception.TrustGone(reason=_(
            'Its owner has given Karbor no trust, for it was made by an '
            'older release or without Keystone. A member of the project has '
            'to adopt the scheduled operation.'))
    acting = _act(trust.trust_id)
    if (acting.user_id, acting.project_id) != (trust.user_id,
                                               trust.project_id):
        raise exception.TrustGone(reason=_(
            'The trust of its owner is for somebody or something else. A '
            'member of the project has to adopt the scheduled operation.'))
    return _context(trust.user_id, trust.project_id, acting.roles)


def _context(user_id: str | None, project_id: str,
             roles: tuple[str, ...]) -> RequestContext:
    context = RequestContext(user_id=user_id, project_id=project_id,
                             roles=list(roles), overwrite=False)
    context.is_admin = policy.is_admin(context)
    return context


def _act(trust_id: str) -> Acting:
    """Ask Keystone, unless it was asked a moment ago."""
    with _asking.of(trust_id):
        known = _known.get(trust_id)
        if known is None or known.until <= time.monotonic():
            known = _ask(trust_id)
            if len(_known) >= _MOST_KNOWN:
                _known.clear()
            _known[trust_id] = known
    if known.acting is None:
        raise exception.TrustGone(known.gone)
    return known.acting


def _ask(trust_id: str) -> _Known:
    global _away
    if time.monotonic() < _away.until:
        raise exception.KeystoneAway(_away.gone)
    seconds = float(CONF.trustee.cache_time)
    try:
        acting = keystone.client().act(trust_id)
    except exception.TrustGone as error:
        return _Known(time.monotonic() + seconds, None, str(error))
    except exception.KeystoneAway as error:
        # an engine that has many runs to begin does not wait for each
        _away = _Known(time.monotonic() + _REST, None, str(error))
        raise
    if acting.expires_at is not None:
        left = (acting.expires_at - _in(_EARLY)).total_seconds()
        seconds = min(seconds, left)
    return _Known(time.monotonic() + seconds, acting, '')


# -- when the owner has nothing left ------------------------------------------

def sweep(context: RequestContext, limit: int = 100) -> int:
    """Delete trusts that nobody uses, and follow those of unknown fate.

    Any number of engines may do it at the same time, and be killed anywhere.

    :return: how many were looked after; fewer than the limit, if none is left
    """
    if CONF.auth_strategy == 'noauth':
        return 0
    trusts = db.claim(context, limit)
    try:
        _look_for_lost(context, [trust for trust in trusts
                                 if trust.trust_id is None])
        for trust in trusts:
            if trust.in_use:
                db.look_after(context, trust)
            elif trust.trust_id is not None:
                _delete(context, trust, trust.trust_id)
    except exception.KeystoneAway as error:
        # each has a time at which it is tried again
        LOG.warning('Trusts cannot be deleted now: %s', error)
    return len(trusts)


def _look_for_lost(context: RequestContext, wishes: list[Trust]) -> None:
    if not wishes:
        return
    lost = keystone.client().lost(wish.id for wish in wishes)
    for mark, trust_id in lost.items():
        db.found(context, mark, trust_id)
    for wish in wishes:
        if wish.id not in lost:
            db.drop(context, wish.id)


def _delete(context: RequestContext, trust: Trust, trust_id: str) -> None:
    # the user may have lost a role since, and trust us with the others
    now = db.in_use(context, trust.user_id, trust.project_id)
    others = [now.trust_id] if now is not None and now.trust_id else []
    if keystone.client().delete(trust_id, others):
        db.remove(context, [trust.id])
        LOG.info('The trust of user %s in project %s is deleted.',
                 trust.user_id, trust.project_id)
    else:
        LOG.warning(
            'Keystone does not let Karbor delete trust %s of user %s, who or '
            'whose project may be disabled; attempt %d.', trust_id,
            trust.user_id, trust.attempts + 1)
