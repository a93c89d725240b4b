# SPDX-License-Identifier: Apache-2.0
"""What needs no token: the version documents and the OpenAPI document."""

import functools
import json
from typing import Any

from microversion_parse import Version
from oslo_config import cfg
import webob

from karbor.api import base
from karbor.api import microversion
from karbor.api import openapi
from karbor.api.schemas import method

ROOT = ('', '/')
V1 = ('/v1', '/v1/')


class Versions:
    """Answers the paths above the projects and lets all others pass."""

    def __init__(self, app: Any, conf: cfg.ConfigOpts) -> None:
        self._app = app
        self._conf = conf

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = webob.Request(environ)
        app = self._app
        if request.method == 'GET':
            if request.path_info in (*ROOT, *V1):
                app = self._document(request)
            elif request.path_info == openapi.PATH:
                app = _json(_openapi(environ[microversion.ENV_VERSION],
                                     base.base_url(request, self._conf)))
        return app(environ, start_response)

    def _document(self, request: webob.Request) -> webob.Response:
        url = base.base_url(request, self._conf)
        least, most = str(method.VERSIONS[0]), str(method.VERSIONS[-1])
        v1 = {'id': 'v1.0', 'status': 'CURRENT',
              # under both names: clients differ in which one they read
              'min_version': least, 'max_version': most, 'version': most,
              'links': [
                  {'rel': 'self', 'href': f'{url}/v1/'},
                  {'rel': 'describedby', 'type': 'application/json',
                   'href': f'{url}{openapi.PATH}'}]}
        if request.path_info in ROOT:
            # a choice, even while it is one of one
            return _json(json.dumps({'versions': [v1]}), 300)
        return _json(json.dumps({'version': v1}))


def _json(text: str, status: int = 200) -> webob.Response:
    return webob.Response(status=status, content_type='application/json',
                          charset='UTF-8', text=text)


@functools.lru_cache(maxsize=16)
def _openapi(version: Version, base_url: str) -> str:
    # bounded: behind a proxy, users say under which URL they came
    return json.dumps(openapi.document(version, base_url))
