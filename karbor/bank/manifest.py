# SPDX-License-Identifier: Apache-2.0
"""The manifest: what a bank says about one checkpoint."""

from collections.abc import Mapping
from dataclasses import dataclass, field
import datetime
import json
from typing import Any

from karbor import exception
from karbor.bank import codec
from karbor.i18n import _
from karbor.model.resource import Resource

FORMAT = '1.0'
STATUSES = ('protecting', 'available', 'deleting', 'error')

# The envelope is the same in every version of the format, so that a reader
# can tell damage from a version it does not know.
_HEAD = b'{"digest":"'
_NECK = b'","manifest":'
_TAIL = b'}\n'
_HEX = 64


def _typed(data: Mapping[str, Any], name: str, *kinds: type) -> Any:
    """A field of one of the types; bool is no int here."""
    if name not in data:
        raise ValueError(_('the field %s is missing') % name)
    if type(data[name]) not in kinds:
        raise ValueError(_('the field %(name)s has the type %(type)s') % {
            'name': name, 'type': type(data[name]).__name__})
    return data[name]


_NONE = type(None)


@dataclass(frozen=True, slots=True)
class ResourceEntry:
    """What a checkpoint holds of one resource, in a few plain fields.

    :ivar attempt: beneath which the resource document is
    :ivar document: digest of the resource document, None if the resource
        saved nothing
    :ivar document_size: in bytes
    :ivar bytes: size of its streams
    :ivar stored_bytes: what their chunks take in the bank
    :ivar attempts: all attempts that hold something the document names
    """

    type: str
    id: str
    name: str
    attempt: int
    document: str | None = None
    document_size: int = 0
    bytes: int = 0
    stored_bytes: int = 0
    attempts: tuple[int, ...] = ()

    @property
    def resource(self) -> Resource:
        return Resource(self.type, self.id, self.name)

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {'type': self.type, 'id': self.id, 'name': self.name,
                'attempt': self.attempt, 'document': self.document,
                'document_size': self.document_size, 'bytes': self.bytes,
                'stored_bytes': self.stored_bytes,
                'attempts': list(self.attempts)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> 'ResourceEntry':
        """The reverse of :meth:`to_dict`.

        :raises ValueError: a field is missing or has another type
        """
        attempts = _typed(data, 'attempts', list, tuple)
        if any(type(number) is not int for number in attempts):
            raise ValueError(_('the field attempts holds more than numbers'))
        return cls(
            type=_typed(data, 'type', str), id=_typed(data, 'id', str),
            name=_typed(data, 'name', str),
            attempt=_typed(data, 'attempt', int),
            document=_typed(data, 'document', str, _NONE),
            document_size=_typed(data, 'document_size', int),
            bytes=_typed(data, 'bytes', int),
            stored_bytes=_typed(data, 'stored_bytes', int),
            attempts=tuple(attempts))


@dataclass(frozen=True, slots=True)
class Manifest:
    """One checkpoint.

    :ivar plan: the plan as it was, plain data
    :ivar status: one of `STATUSES`; ``available`` only when all that it
        names is durably in the bank
    :ivar reason: a sentence about the status, or None
    :ivar origin: who asked for the checkpoint: ``manual`` or ``schedule``
    :ivar extra_info: what the user attached, plain data
    :ivar created_at: an aware time; kept in UTC
    :ivar resource_graph: `Graph.to_json`, or None while it is not known
    :ivar attempt: which attempt of the operation wrote it
    :ivar size: bytes of the application, uncompressed
    :ivar missing: resources of the plan that did not exist any more
    """

    checkpoint_id: str
    project_id: str
    provider_id: str
    plan: Mapping[str, Any]
    status: str
    created_at: datetime.datetime
    origin: str = 'manual'
    reason: str | None = None
    extra_info: Mapping[str, Any] = field(default_factory=dict)
    resource_graph: str | None = None
    resources: tuple[ResourceEntry, ...] = ()
    attempt: int = 0
    size: int = 0
    missing: tuple[Resource, ...] = ()
    format: str = FORMAT

    def __post_init__(self) -> None:
        if self.status not in STATUSES:
            raise ValueError(_('%(status)s is no status of a manifest; '
                               'expected one of %(statuses)s') % {
                'status': self.status, 'statuses': ', '.join(STATUSES)})
        if self.created_at.tzinfo is None:
            raise ValueError(_('created_at has no time zone'))
        object.__setattr__(self, 'created_at',
                           self.created_at.astimezone(datetime.UTC))

    def to_bytes(self) -> bytes:
        """The object in the bank.

        :raises TypeError: plan or extra_info are not plain data
        """
        # only if there are any: earlier releases knew no such field
        missing = [{'type': one.type, 'id': one.id, 'name': one.name}
                   for one in self.missing]
        body = codec.dumps({
            'format': self.format, 'checkpoint_id': self.checkpoint_id,
            'project_id': self.project_id, 'provider_id': self.provider_id,
            'plan': dict(self.plan), 'status': self.status,
            'reason': self.reason, 'origin': self.origin,
            'extra_info': dict(self.extra_info),
            'created_at': self.created_at.isoformat(),
            'resource_graph': self.resource_graph,
            'resources': [entry.to_dict() for entry in self.resources],
            'attempt': self.attempt, 'size': self.size,
            **({'missing': missing} if missing else {})})
        return b''.join((_HEAD, codec.digest(body).encode('ascii'), _NECK,
                         body, _TAIL))

    @classmethod
    def from_bytes(cls, data: bytes, key: str = 'manifest') -> 'Manifest':
        """Read and prove a manifest.

        :param key: for the message of an error
        :raises exception.BankCorrupt: not what :meth:`to_bytes` made
        :raises exception.FormatUnknown: made by a newer release
        """
        body = _unwrap(data, key)
        try:
            found = json.loads(body)
            version = _typed(found, 'format', str)
            if version != FORMAT:
                raise exception.FormatUnknown(key=key, found=version,
                                              known=FORMAT)
            return cls._from_dict(found)
        except (ValueError, TypeError) as error:
            raise exception.BankCorrupt(key=key, reason=str(error)) from error

    @classmethod
    def _from_dict(cls, data: Mapping[str, Any]) -> 'Manifest':
        return cls(
            format=data['format'],
            checkpoint_id=_typed(data, 'checkpoint_id', str),
            project_id=_typed(data, 'project_id', str),
            provider_id=_typed(data, 'provider_id', str),
            plan=_typed(data, 'plan', dict),
            status=_typed(data, 'status', str),
            reason=_typed(data, 'reason', str, _NONE),
            origin=_typed(data, 'origin', str),
            extra_info=_typed(data, 'extra_info', dict),
            created_at=datetime.datetime.fromisoformat(
                _typed(data, 'created_at', str)),
            resource_graph=_typed(data, 'resource_graph', str, _NONE),
            resources=tuple(ResourceEntry.from_dict(entry) for entry
                            in _typed(data, 'resources', list)),
            attempt=_typed(data, 'attempt', int),
            size=_typed(data, 'size', int),
            missing=tuple(
                Resource(_typed(one, 'type', str), _typed(one, 'id', str),
                         _typed(one, 'name', str)) for one in
                (_typed(data, 'missing', list) if 'missing' in data
                 else ())))


def _unwrap(data: bytes, key: str) -> bytes:
    start = len(_HEAD) + _HEX + len(_NECK)
    view = memoryview(data)
    if (len(data) < start + len(_TAIL) or view[:len(_HEAD)] != _HEAD
            or view[len(_HEAD) + _HEX:start] != _NECK
            or view[-len(_TAIL):] != _TAIL):
        raise exception.BankCorrupt(key=key, reason=_(
            'it does not have the form of a manifest'))
    body = view[start:-len(_TAIL)]
    expected = bytes(view[len(_HEAD):len(_HEAD) + _HEX])
    if codec.digest(body).encode('ascii') != expected:
        raise exception.BankCorrupt(key=key, reason=_(
            'its digest differs from the one that it names'))
    return bytes(body)
