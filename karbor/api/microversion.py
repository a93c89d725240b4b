# SPDX-License-Identifier: Apache-2.0
"""Which version of the API a request speaks.

``OpenStack-API-Version: data-protect 1.1``. Without it, it is 1.0, the
contract of old; ``latest`` is the newest that there is.
"""

from typing import Any

import microversion_parse
from microversion_parse import Version
import webob

from karbor import exception
from karbor.api.schemas import method
from karbor.i18n import _

HEADER = 'OpenStack-API-Version'
# That of the catalogue first. The other one is that of the list of service
# types that all of OpenStack shares.
SERVICE_TYPES = ('data-protect', 'data-protection-orchestration')
ENV_VERSION = 'karbor.version'


class Microversion:
    """Finds the version for those below, and says it in their answer."""

    def __init__(self, app: Any) -> None:
        self._app = app

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = webob.Request(environ)
        environ[ENV_VERSION] = version = wanted(request.headers)
        response = request.get_response(self._app)
        response.headers[HEADER] = f'{SERVICE_TYPES[0]} {version}'
        response.vary = (*(response.vary or ()), HEADER)
        return response(environ, start_response)


def wanted(headers: Any) -> Version:
    """The version that the headers ask for.

    :raises exception.Invalid: it is no version
    :raises exception.NotAcceptable: it is none that there is
    """
    texts = [microversion_parse.get_version(headers, name)
             for name in SERVICE_TYPES]
    text = next(filter(None, texts), None)
    if text is None:
        return method.VERSIONS[0]
    if text == 'latest':
        return method.VERSIONS[-1]
    try:
        version = microversion_parse.parse_version_string(text)
    except TypeError:
        raise exception.Invalid(field=HEADER, reason=_(
            'expected a version like 1.1 or latest, not %s') % text[:40],
        ) from None
    if version not in method.VERSIONS:
        raise exception.NotAcceptable(
            version=version, least=method.VERSIONS[0],
            most=method.VERSIONS[-1])
    return version
