# SPDX-License-Identifier: Apache-2.0
"""The version documents, which need no token."""

import json
from typing import Any

from oslo_config import cfg
import webob

ROOT = ('', '/')
V1 = ('/v1', '/v1/')


class Versions:
    """Answers the paths above the projects and lets all others pass."""

    def __init__(self, app: Any, conf: cfg.ConfigOpts) -> None:
        self._app = app
        self._base_url: str | None = conf.api.base_url

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = webob.Request(environ)
        app = self._app
        if request.method == 'GET' and request.path_info in (*ROOT, *V1):
            app = self._document(request)
        return app(environ, start_response)

    def _document(self, request: webob.Request) -> webob.Response:
        base = (self._base_url or request.application_url).rstrip('/')
        v1 = {'id': 'v1.0', 'status': 'CURRENT',
              'links': [{'rel': 'self', 'href': f'{base}/v1/'}]}
        several = request.path_info in ROOT
        document = {'versions': [v1]} if several else {'version': v1}
        return webob.Response(
            # a choice, even while it is one of one
            status=300 if several else 200, content_type='application/json',
            charset='UTF-8', text=json.dumps(document))
