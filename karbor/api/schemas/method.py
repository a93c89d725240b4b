# SPDX-License-Identifier: Apache-2.0
"""What a method of the API takes and answers, by microversion.

The modules beside this one hold a constant for each method of their noun.
`karbor.api.root` sets them beside the URLs; requests are checked against
them, answers are held against them in tests, and the OpenAPI document is made
of them.
"""

from collections.abc import Iterator, Mapping
import dataclasses
from dataclasses import dataclass
from typing import Any

from microversion_parse import Version

from karbor.api.schemas.types import Schema

V1_0 = Version(1, 0)
V1_1 = Version(1, 1)
V1_2 = Version(1, 2)
# oldest first; doc/source/contributor/rest-api-history.rst tells of each
VERSIONS = (V1_0, V1_1, V1_2)

# more than some names of 255 letters take, and less than servers take
MAX_POSITION = 4096
PAGE: Mapping[str, Schema] = {
    'limit': {'type': 'integer', 'minimum': 1,
              'description': 'At most so many items.'},
    'marker': {'type': 'string',
               'description': 'Id of the last item of the page before.'},
    'position': {'type': 'string', 'maxLength': MAX_POSITION,
                 'description': 'Only beside marker, and as a link to a next '
                                'page has it: begin behind the place where '
                                'the marker was, though it may have been '
                                'changed or deleted since.'},
    'offset': {'type': 'integer', 'minimum': 0,
               'description': 'Leave out so many items.'}}
ALL_TENANTS: Schema = {
    'enum': ['1', 'true', 'yes', 'y', '0', 'false', 'no', 'n',
             'True', 'False'],
    'description': 'Of all projects; only for administrators.'}
DIRECTIONS = ('asc', 'desc')


@dataclass(frozen=True, kw_only=True, eq=False)
class Query:
    """Parameters of the URL.

    :ivar filters: everybody may filter by these
    :ivar admin_filters: an administrator may filter by these as well; from
        1.1 on everybody, but not by ``project_id``
    :ivar sort_keys: what the list can be sorted by
    :ivar by: what it is sorted by, the newest first, if nothing is said
    :ivar paged: limit, marker, offset and the parameters of sorting are taken
    :ivar others: what the handler reads itself
    """

    filters: Mapping[str, Schema] = dataclasses.field(default_factory=dict)
    admin_filters: Mapping[str, Schema] = dataclasses.field(
        default_factory=dict)
    sort_keys: tuple[str, ...] = ()
    by: str = 'created_at'
    paged: bool = True
    others: Mapping[str, Schema] = dataclasses.field(default_factory=dict)

    def with_filters(self, more: Mapping[str, Schema]) -> 'Query':
        """The same with more filters for everybody."""
        return dataclasses.replace(self, filters={**self.filters, **more})

    def parameters(self) -> Iterator[tuple[str, Schema]]:
        """Name and schema of every parameter."""
        yield from self.filters.items()
        yield from self.admin_filters.items()
        yield from self.others.items()
        if 'project_id' in {*self.filters, *self.admin_filters}:
            yield 'all_tenants', ALL_TENANTS
        if self.paged:
            yield from PAGE.items()
        if self.sort_keys:
            keys = '|'.join(self.sort_keys)
            one = f'({keys})(:({"|".join(DIRECTIONS)}))?'
            yield 'sort', {
                'type': 'string', 'pattern': rf'\A{one}(,{one})*\Z',
                'description': 'Keys and directions, for example '
                               f'{self.sort_keys[-1]}:asc.'}
            yield 'sort_key', {'enum': list(self.sort_keys),
                               'description': 'Key to sort by.'}
            yield 'sort_dir', {'enum': list(DIRECTIONS),
                               'description': 'Direction to sort in.'}


@dataclass(frozen=True, kw_only=True, eq=False)
class Form:
    """What a method takes and answers from a microversion on.

    :ivar since: the microversion
    :ivar body: of the request; None: it takes none
    :ivar headers: of the request, which the handler reads itself
    :ivar answer: body of the response; None: it has none
    :ivar status: of success
    """

    since: Version = V1_0
    query: Query | None = None
    body: Schema | None = None
    headers: Mapping[str, Schema] = dataclasses.field(default_factory=dict)
    answer: Schema | None = None
    status: int = 200

    def at(self, since: Version, **changes: Any) -> 'Form':
        """The same, but for some changes, from another version on."""
        return dataclasses.replace(self, since=since, **changes)


@dataclass(frozen=True, eq=False)
class Method:
    """One method of a resource.

    :ivar summary: what it does, in a sentence
    :ivar rule: the policy that guards it; None: it is public, and finds out
        itself whether the caller may
    :ivar forms: oldest first
    """

    summary: str
    rule: str | None
    forms: tuple[Form, ...]

    @property
    def public(self) -> bool:
        """Whether it is for callers who show no token."""
        return self.rule is None

    def form(self, version: Version) -> Form | None:
        """That of a version; None: the method is not there yet."""
        found = None
        for form in self.forms:
            if form.since <= version:
                found = form
        return found
