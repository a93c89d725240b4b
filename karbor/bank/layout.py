# SPDX-License-Identifier: Apache-2.0
"""The name of every object in a bank; no key is made anywhere else.

::

    manifests/<checkpoint>.json
    resources/<checkpoint>/<resource>/<attempt>/<digest>.json
    data/<checkpoint>/<resource>/<attempt>/<stream>/<token>/<page>/<chunk>
    data/<checkpoint>/<resource>/<attempt>/<stream>/<token>/<page>/index

A worker writes data only beneath its own attempt, and every stream beneath a
token of its own: no key but a manifest's is ever written twice with different
bytes, so nobody can damage what somebody else has committed.
"""

from dataclasses import dataclass
import re
import secrets

from blake3 import blake3

from karbor import exception
from karbor.i18n import _
from karbor.model.resource import Resource

MANIFESTS = 'manifests'
RESOURCES = 'resources'
DATA = 'data'

_UUID = re.compile('[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}')
_STREAM = re.compile('[a-z0-9_-]{1,64}')
_TOKEN = re.compile('[0-9a-f]{16}')
_DIGEST = re.compile('[0-9a-f]{64}')
_ATTEMPT = re.compile('[0-9]{8}')
_RESOURCE = re.compile('[0-9a-f]{32}')
_MOST = 10 ** 8


def check_checkpoint_id(checkpoint_id: str) -> str:
    """Return the id of a checkpoint if it is a UUID in canonical form.

    :raises exception.BankKeyInvalid: it is not
    """
    if (not isinstance(checkpoint_id, str)
            or not _UUID.fullmatch(checkpoint_id)):
        raise exception.BankKeyInvalid(key=checkpoint_id, reason=_(
            'the id of a checkpoint is a UUID in lower case'))
    return checkpoint_id


def check_stream(stream: str) -> str:
    """Return the name of a stream if it is one.

    :raises exception.BankKeyInvalid: it is not
    """
    if not isinstance(stream, str) or not _STREAM.fullmatch(stream):
        raise exception.BankKeyInvalid(key=stream, reason=_(
            'the name of a stream is 1 to 64 characters of a-z 0-9 _ -'))
    return stream


def manifest(checkpoint_id: str) -> str:
    return f'{MANIFESTS}/{check_checkpoint_id(checkpoint_id)}.json'


def manifest_id(key: str) -> str | None:
    """The checkpoint of a manifest's key; None if it is no such key."""
    folder, _slash, name = key.partition('/')
    if folder != MANIFESTS or not name.endswith('.json'):
        return None
    checkpoint_id = name.removesuffix('.json')
    return checkpoint_id if _UUID.fullmatch(checkpoint_id) else None


def resource_key(resource: Resource) -> str:
    """128 bits in hex that stand for a resource: ids are arbitrary text.

    :raises exception.BankKeyInvalid: the type has a NUL, which would let two
        resources share a key
    """
    if '\0' in resource.type:
        raise exception.BankKeyInvalid(key=resource.type, reason=_(
            'a resource type must not contain NUL'))
    text = f'{resource.type}\0{resource.id}'
    # an id that was a file's name may have lone surrogates
    return blake3(text.encode('utf-8', 'surrogatepass')).hexdigest(length=16)


def resource_folders(checkpoint_id: str,
                     resource: Resource | None = None) -> tuple[str, str]:
    """Folders of data and of documents, in the order in which they go.

    :param resource: only of this one, else of the whole checkpoint
    """
    tail = check_checkpoint_id(checkpoint_id)
    if resource is not None:
        tail += f'/{resource_key(resource)}'
    return f'{DATA}/{tail}', f'{RESOURCES}/{tail}'


def step(folder: str, key: str) -> tuple[str | None, str]:
    """The name next below a folder, and what is sorted just before the rest.

    :param key: of an object somewhere below the folder
    :return: (name of a folder below this one; None if the object is in this
        one itself, key after which nothing of it comes)
    """
    name, slash, _rest = key[len(folder) + 1:].partition('/')
    # '0' is what follows '/', so all that the folder holds is past
    return (name, f'{folder}/{name}0') if slash else (None, key)


def document(checkpoint_id: str, resource: Resource, attempt: int,
             digest: str) -> str:
    """A resource document; its digest is in its name."""
    if not _DIGEST.fullmatch(digest):
        raise exception.BankKeyInvalid(key=digest, reason=_(
            'a digest is 64 digits in hex'))
    return (f'{RESOURCES}/{check_checkpoint_id(checkpoint_id)}/'
            f'{resource_key(resource)}/{_number(attempt)}/{digest}.json')


def is_checkpoint_id(text: str) -> bool:
    return _UUID.fullmatch(text) is not None


def is_resource_key(text: str) -> bool:
    return _RESOURCE.fullmatch(text) is not None


def attempt_number(name: str) -> int | None:
    """The reverse of :func:`attempt_folder`; None if it is no such name."""
    return int(name) if _ATTEMPT.fullmatch(name) else None


def attempt_folder(attempt: int) -> str:
    return _number(attempt)


def new_token() -> str:
    return secrets.token_hex(8)


@dataclass(frozen=True, slots=True)
class StreamPlace:
    """Where the chunks and index pages of one stream are.

    :ivar token: 16 hex digits that no other stream has
    """

    checkpoint_id: str
    resource: Resource
    attempt: int
    stream: str
    token: str

    @property
    def folder(self) -> str:
        if not _TOKEN.fullmatch(self.token):
            raise exception.BankKeyInvalid(key=self.token, reason=_(
                'the token of a stream is 16 digits in hex'))
        return (f'{DATA}/{check_checkpoint_id(self.checkpoint_id)}/'
                f'{resource_key(self.resource)}/{_number(self.attempt)}/'
                f'{check_stream(self.stream)}/{self.token}')

    def chunk(self, page: int, number: int) -> str:
        """:param number: of the chunk in the stream, from 0"""
        return f'{self.folder}/{_number(page)}/{_number(number)}'

    def index(self, page: int) -> str:
        return f'{self.folder}/{_number(page)}/index'


def _number(value: int) -> str:
    # of one width, so that the order of keys is the order of numbers
    if not 0 <= value < _MOST:
        raise exception.BankKeyInvalid(key=str(value), reason=_(
            'a number in a key is from 0 to %d') % (_MOST - 1))
    return f'{value:08d}'
