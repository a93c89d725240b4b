# SPDX-License-Identifier: Apache-2.0
"""What a request that fails is answered with: the v1 error body.

``{"<fault>": {"code": N, "message": "..."}}``. A client shows the message
of the first key, and chooses its exception by the status code.
"""

import http
import json

from oslo_db import exception as db_exception
from oslo_log import log
import webob
import webob.exc

from karbor import exception
from karbor.i18n import _

LOG = log.getLogger(__name__)

NAMES = {400: 'badRequest', 401: 'unauthorized', 403: 'forbidden',
         404: 'itemNotFound', 405: 'badMethod', 409: 'conflictingRequest',
         413: 'overLimit', 415: 'badMediaType', 501: 'notImplemented',
         503: 'serviceUnavailable'}
# every other code
OTHER = 'computeFault'


def response(code: int, message: str) -> webob.Response:
    """The answer to a request that failed."""
    fault = {'code': code, 'message': message}
    answer = webob.Response(status=code, content_type='application/json',
                            charset='UTF-8')
    if code == 413:
        # the client library wants both before it calls it a limit
        fault['retryAfter'] = '0'
        answer.headers['Retry-After'] = '0'
    answer.text = json.dumps({NAMES.get(code, OTHER): fault})
    return answer


def of(error: BaseException, request_id: str | None) -> webob.Response:
    """The answer that an error makes.

    Only errors with a sentence for the user show it. Of all others the user
    learns the request's id, and the log learns the rest.

    :param request_id: for the sentence about what is only in the log
    """
    if isinstance(error, exception.KarborError):
        # Not str(): that of an error which came over the bus holds the
        # traceback of the other side.
        code, message = error.code, str(error.args[0])
        if code >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
            LOG.error('Request failed: %s', message, exc_info=error)
        return response(code, message)
    if isinstance(error, db_exception.DBConnectionError):
        LOG.error('The database cannot be reached.', exc_info=error)
        return response(503, _('The database cannot be reached; try again '
                               'later.'))
    if isinstance(error, webob.exc.HTTPError):
        return response(error.status_int, text_of(error))
    LOG.error('Unexpected error in a request.', exc_info=error)
    return response(500, _(
        'The service met an error that it did not expect. Its log tells more '
        'under the request id %s.') % request_id)


def text_of(error: webob.exc.HTTPError) -> str:
    """The sentence of an error of WebOb, pecan or a middleware."""
    if error.status_int == http.HTTPStatus.NOT_FOUND:
        return not_found()
    return str(error.detail or error.explanation or error.title)


def not_found() -> str:
    """The sentence for a URL or a method that does not exist."""
    return _('The resource could not be found.')
