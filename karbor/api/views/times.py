# SPDX-License-Identifier: Apache-2.0
"""How moments are shown; always in UTC."""

import datetime

_FORMAT = '%Y-%m-%dT%H:%M:%S.%f'


def naive(moment: datetime.datetime | None) -> str | None:
    """Like ``2026-11-22T18:20:00.123456``, as it is at 1.0."""
    return None if moment is None else moment.astimezone(
        datetime.UTC).strftime(_FORMAT)


def exact(moment: datetime.datetime | None) -> str | None:
    """The same and a ``Z``, from 1.1 on; `schemas.types.TIME`."""
    shown = naive(moment)
    return None if shown is None else f'{shown}Z'
