# SPDX-License-Identifier: Apache-2.0
"""What stands around the application; `karbor.api.app` says in what order."""

import time
from typing import Any
import urllib.parse

from oslo_config import cfg
from oslo_log import log
from oslo_middleware import cors
from oslo_middleware import request_id
import webob

from karbor import exception
from karbor import policy
from karbor.api import base
from karbor.api import faults
from karbor.api import microversion
from karbor.api import root
from karbor.api.request import ENV_CONTEXT
from karbor.context import NOAUTH_ROLES
from karbor.context import RequestContext
from karbor.i18n import _

LOG = log.getLogger(__name__)

# of answers that become a v1 body; what else they say is about their text
_KEPT = ('WWW-Authenticate', 'Allow', microversion.HEADER, 'Vary')


class RequestId(request_id.RequestId):
    """Both names under which clients look for the id."""

    compat_headers = ['x-compute-request-id']


class Cors(cors.CORS):
    """For browsers, which say where they come from.

    Without this, oslo's would answer 200 to OPTIONS of anything.
    """

    def process_response(self, response: Any, request: Any = None) -> Any:
        if 'Origin' not in request.headers:
            return response
        return super().process_response(response, request=request)


class Faults:
    """Every error from below leaves as a v1 body; every request is logged."""

    def __init__(self, app: Any, conf: cfg.ConfigOpts) -> None:
        self._app = app
        self._conf = conf

    def __call__(self, environ: Any, start_response: Any) -> Any:
        begin = time.monotonic()
        id_ = environ.get(request_id.ENV_REQUEST_ID)
        # until it is known who asks, so that no line of the log bears the
        # context of the request that this thread had before
        RequestContext(request_id=id_)
        request = webob.Request(environ)
        try:
            response = self._answer(request)
        except Exception as error:
            # The end of the line: `of` logs it, and the user gets an answer.
            response = faults.of(error, id_)
        LOG.info('%s %s %s: %d, %d bytes, %.3f s', request.remote_addr,
                 request.method, _shown(environ), response.status_int,
                 response.content_length or 0, time.monotonic() - begin)
        return response(environ, start_response)

    def _answer(self, request: webob.Request) -> webob.Response:
        try:
            _check_text(request.environ)
        except UnicodeError:
            return faults.response(400, _('Malformed request url: expected '
                                          'text in UTF-8'))
        response = request.get_response(self._app)
        if (response.status_int < 400
                or response.content_type == 'application/json'):
            return response
        if response.status_int == 413:
            # that of the body limit, which does not say what the limit is
            return faults.of(exception.BodyTooLarge(
                limit=self._conf.oslo_middleware.max_request_body_size), None)
        # the title that belongs to the code
        title = response.status.partition(' ')[2]
        plain = faults.response(response.status_int, title)
        for name in _KEPT:
            if name in response.headers:
                plain.headers[name] = response.headers[name]
        return plain


def _check_text(environ: Any) -> None:
    """Look at what everybody below takes for text.

    :raises UnicodeError: it is none
    """
    # the way in which WSGI hands bytes over
    environ.get('PATH_INFO', '').encode('latin-1').decode('utf-8')
    urllib.parse.unquote_to_bytes(
        environ.get('QUERY_STRING', '').encode('latin-1')).decode('utf-8')


def _shown(environ: Any) -> str:
    """The URL as one line of a log, whatever bytes were sent."""
    path = urllib.parse.quote(environ.get('PATH_INFO', ''),
                              encoding='latin-1')
    query = urllib.parse.quote(environ.get('QUERY_STRING', ''),
                               safe='/=&%+', encoding='latin-1')
    return f'{path}?{query}' if query else path


class NoAuth:
    """The token is ``user:project``, and everybody is an administrator.

    It says so in the headers in which keystonemiddleware would.
    """

    ROLES = ','.join(NOAUTH_ROLES)

    def __init__(self, app: Any, conf: cfg.ConfigOpts) -> None:
        self._app = app
        self._conf = conf

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = webob.Request(environ)
        token = request.headers.get('X-Auth-Token')
        if not token:
            return self._token(request)(environ, start_response)
        user, _colon, project = token.partition(':')
        if not project:
            # /v1/{project_id}/...
            project = [*request.path_info.split('/'), '', '', ''][2]
        request.headers.update({
            'X-Identity-Status': 'Confirmed', 'X-User-Id': user,
            'X-Project-Id': project, 'X-Roles': self.ROLES})
        return self._app(environ, start_response)

    def _token(self, request: webob.Request) -> webob.Response:
        """What clients of the oldest kind do instead of asking Keystone."""
        user = request.headers.get('X-Auth-User', 'admin')
        project = request.headers.get('X-Auth-Project-Id', 'admin')
        url = base.base_url(request, self._conf)
        return webob.Response(status=204, headerlist=[
            ('X-Auth-Token', f'{user}:{project}'),
            ('X-Server-Management-Url', f'{url}/v1/{project}')])


class Doors:
    """Sends those who call a public method past the questions of who they are.

    Whatever they say in headers about themselves is not read.
    """

    def __init__(self, known: Any, app: Any) -> None:
        """Two ways in.

        :param known: asks for a token
        :param app: needs the context of the caller
        """
        self._known = known
        self._app = app

    def __call__(self, environ: Any, start_response: Any) -> Any:
        if not root.is_public(environ['REQUEST_METHOD'],
                              environ.get('PATH_INFO', '')):
            return self._known(environ, start_response)
        # nobody: without a project and roles, no policy lets it pass
        environ[ENV_CONTEXT] = RequestContext(
            request_id=environ.get(request_id.ENV_REQUEST_ID))
        return self._app(environ, start_response)


class Context:
    """Makes the context of who was authenticated."""

    def __init__(self, app: Any) -> None:
        self._app = app

    def __call__(self, environ: Any, start_response: Any) -> Any:
        context = RequestContext.from_environ(environ)
        context.is_admin = policy.is_admin(context)
        environ[ENV_CONTEXT] = context
        return self._app(environ, start_response)
