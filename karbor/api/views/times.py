# SPDX-License-Identifier: Apache-2.0
"""How moments are shown from 1.1 on."""

import datetime


def exact(moment: datetime.datetime | None) -> str | None:
    """Like ``2026-11-22T18:20:00.123456Z``; `schemas.types.TIME`."""
    return None if moment is None else moment.astimezone(
        datetime.UTC).strftime('%Y-%m-%dT%H:%M:%S.%fZ')
