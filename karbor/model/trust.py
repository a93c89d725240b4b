# SPDX-License-Identifier: Apache-2.0
"""Trusts: how somebody lets Karbor act for him while he is away."""

from dataclasses import dataclass
import datetime


@dataclass(frozen=True, slots=True)
class Trust:
    """What the database knows of a trust.

    :ivar id: ours, which is written on the trust as well
    :ivar user_id: who trusts
    :ivar project_id: where
    :ivar trust_id: Keystone's; None: it may not be made yet
    :ivar in_use: that user's operations in that project act by it; if not,
        it is to be deleted
    :ivar attempts: how often that was tried
    """

    id: str
    user_id: str
    project_id: str
    trust_id: str | None
    in_use: bool
    attempts: int


@dataclass(frozen=True, slots=True)
class Grant:
    """What Keystone knows of a trust.

    :ivar mark: our id, if it was made by a Karbor
    :ivar roles: ids
    """

    trust_id: str
    mark: str | None
    trustor_id: str
    trustee_id: str
    project_id: str | None
    roles: frozenset[str]
    impersonation: bool
    expires_at: datetime.datetime | None


@dataclass(frozen=True, slots=True)
class Token:
    """What Keystone says of the token of a request.

    :ivar roles: ids
    """

    roles: frozenset[str]
    expires_at: datetime.datetime


@dataclass(frozen=True, slots=True)
class Acting:
    """Whom a trust lets us be, as Keystone says now.

    :ivar roles: names
    :ivar expires_at: until when that was said
    """

    user_id: str | None
    project_id: str | None
    roles: tuple[str, ...]
    expires_at: datetime.datetime | None
