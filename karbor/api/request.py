# SPDX-License-Identifier: Apache-2.0
"""A request as the handlers see it."""

from collections.abc import Mapping
import json
import math
import re
from typing import Any

from microversion_parse import Version
from oslo_config import cfg
from oslo_utils import uuidutils
import pecan
import webob.multidict

from karbor import exception
from karbor.api import microversion
from karbor.api import validation
from karbor.api.schemas.method import Form
from karbor.context import RequestContext
from karbor.i18n import _

ENV_CONTEXT = 'karbor.context'
ENV_CONF = 'karbor.conf'
ENV_QUERY = 'karbor.query'
ENV_FORM = 'karbor.form'

# Plugins, databases and logs get text that a person can read. NUL is refused
# by PostgreSQL, lone surrogates by every driver.
CONTROL = re.compile('[\x00-\x1f\x7f-\x9f\ud800-\udfff]')
# deeper than any body of the contract, and far from the interpreter's limit
MAX_DEPTH = 32
MAX_INTEGER = 2 ** 63 - 1


class Request(pecan.Request):
    """What pecan hands to a handler, without pecan's own reading of bodies.

    pecan merges the body into the query to fill arguments of handlers by
    name. Handlers here take ids of the path and nothing else, so it gets no
    body to merge.
    """

    json = json_body = property(lambda self: {})
    params = property(lambda self: webob.multidict.MultiDict())

    @property
    def caller(self) -> RequestContext:
        """On whose behalf it is."""
        return self.environ[ENV_CONTEXT]

    @property
    def conf(self) -> cfg.ConfigOpts:
        """The configuration of the API."""
        return self.environ[ENV_CONF]

    @property
    def version(self) -> Version:
        """The microversion that the client speaks."""
        return self.environ[microversion.ENV_VERSION]

    @property
    def project(self) -> str:
        """The project of the URL, whoever the caller is."""
        return self.path_info.split('/')[2]

    @property
    def form(self) -> Form:
        """What the method takes and answers in that version."""
        return self.environ[ENV_FORM]

    @property
    def query(self) -> Mapping[str, str]:
        """Parameters of the URL; of a repeated one, the last."""
        return self.environ[ENV_QUERY]

    def read_query(self) -> Mapping[str, str]:
        """Parameters of the URL, from the URL.

        :raises exception.Invalid: one has control characters
        """
        values = {str(key): str(self.GET[key]) for key in self.GET}
        for key, value in values.items():
            if CONTROL.search(key) or CONTROL.search(value):
                raise exception.Invalid(field=key, reason=_(
                    'expected text without control characters'))
        return values

    def wanted(self) -> dict[str, Any]:
        """What the body asks for, below its one key if it has one.

        :raises exception.Invalid: names the field and what was expected
        """
        return validation.body_of(self.form).read(self.document())

    def read_body(self, most: int) -> bytes:
        """The body, and no more of it than is allowed.

        :raises exception.BodyTooLarge: it has more than so many bytes
        """
        if (self.content_length or 0) > most:
            raise exception.BodyTooLarge(limit=most)
        # of what comes in pieces, nobody has said how much it is
        found: bytes = self.body_file.read(most + 1)
        if len(found) > most:
            raise exception.BodyTooLarge(limit=most)
        # so that it can be read again
        self.body = found
        return found

    def document(self) -> dict[str, Any]:
        """The body: one JSON object, whose values are plain and bounded.

        :raises exception.MalformedBody: with what is wrong about it
        """
        if (self.content_type.lower() != 'application/json'
                and self.body):
            raise exception.MalformedBody(reason=_(
                'expected Content-Type application/json, not %s')
                % (self.content_type or _('none')))
        if not self.body:
            raise exception.MalformedBody(reason=_(
                'expected a JSON object, but it is empty'))
        try:
            document = json.loads(
                self.body.decode('utf-8'), object_pairs_hook=_object,
                parse_constant=_constant, parse_float=_float,
                parse_int=_integer)
            _check(document)
        except RecursionError as error:
            raise exception.MalformedBody(reason=_too_deep()) from error
        except ValueError as error:
            raise exception.MalformedBody(reason=str(error)) from error
        if not isinstance(document, dict):
            raise exception.MalformedBody(reason=_('expected a JSON object'))
        return document


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        # which of the two was meant is a guess that nobody should make
        seen: set[str] = set()
        for key, _value in pairs:
            if key in seen:
                raise ValueError(_('the key %s is there twice') % repr(key))
            seen.add(key)
    return result


def _constant(name: str) -> None:
    raise ValueError(_('%s is not a value of JSON') % name)


def _float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(_('the number %s is too large') % text[:40])
    return value


def _integer(text: str) -> int:
    # the length first: converting many digits costs their square
    digits = text.removeprefix('-')
    value = int(text) if len(digits) < 20 else MAX_INTEGER + 1
    if abs(value) > MAX_INTEGER:
        raise ValueError(_('the number %s is too large') % text[:40])
    return value


def _too_deep() -> str:
    return _('it is nested deeper than %d levels') % MAX_DEPTH


def _check(document: Any) -> None:
    """Refuse what no layer below can store or walk."""
    level = [document]
    for _depth in range(MAX_DEPTH):
        deeper: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                deeper.extend(value)
                deeper.extend(value.values())
            elif isinstance(value, list):
                deeper.extend(value)
            elif isinstance(value, str) and not value.isascii():
                _check_text(value)
        level = deeper
    if level:
        raise ValueError(_too_deep())


def _check_text(value: str) -> None:
    try:
        value.encode('utf-8')
    except UnicodeEncodeError as error:
        raise ValueError(_('%s is half of a character')
                         % ascii(value[error.start])) from error


def check_uuid(what: str, value: str) -> str:
    """Return an id of the path.

    :param what: the noun whose id it is
    :raises exception.Invalid: it is no UUID
    """
    if not uuidutils.is_uuid_like(value):
        raise exception.Invalid(_('Invalid %s id provided.') % what)
    return value
