# SPDX-License-Identifier: Apache-2.0
"""What a webhook is signed with.

The secret of a trigger is derived from a key of the operator, so that no
database and no backup of one holds it.
"""

from collections.abc import Iterable
import hashlib
import hmac

SCHEME = 'sha256'
# so that a key that served something else makes no secret of ours
_PURPOSE = 'karbor webhook'


def secret(key: str, trigger_id: str, version: int) -> str:
    """The secret of a trigger, 64 hexadecimal digits.

    :param key: of the operator
    :param version: number of the secret; another one is another secret
    """
    return hmac.new(key.encode(),
                    f'{_PURPOSE}\n{trigger_id}\n{version}'.encode(),
                    hashlib.sha256).hexdigest()


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """What a sender proves that it knows the secret with.

    :param timestamp: as it is sent, seconds since 1970
    """
    digest = hmac.new(secret.encode(), timestamp.encode() + b'.' + body,
                      hashlib.sha256).hexdigest()
    return f'{SCHEME}={digest}'


def is_signed(given: str, keys: Iterable[str], trigger_id: str, version: int,
              timestamp: str, body: bytes) -> bool:
    """Whether a signature is of one of the keys.

    It takes as long whatever is wrong about it: all keys are tried.
    """
    found = False
    for key in keys:
        wanted = signature(secret(key, trigger_id, version), timestamp, body)
        # of texts, only those in ASCII can be compared so
        found |= hmac.compare_digest(wanted.encode(), given.encode())
    return found


def mark(signature: str) -> str:
    """What a signature is remembered by, which signs nothing."""
    return hashlib.sha256(signature.encode()).hexdigest()
