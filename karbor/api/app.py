# SPDX-License-Identifier: Apache-2.0
"""The WSGI application of the REST API."""

from typing import Any

from keystonemiddleware import auth_token
from oslo_config import cfg
from oslo_middleware import http_proxy_to_wsgi
from oslo_middleware import sizelimit

from karbor.api import health
from karbor.api import metering
from karbor.api import microversion
from karbor.api import middleware
from karbor.api import root
from karbor.api import versions


def build(conf: cfg.ConfigOpts) -> Any:
    """The pipeline; read it from the bottom: the last line comes first."""
    application = root.application(conf)
    # needs the identity; the application must not see a request without it
    app: Any = middleware.Context(application)
    # Everything above is for known callers only.
    app = _authenticated(app, conf)
    # but for those few methods that prove by other means who calls
    app = middleware.Doors(app, application)
    # no token is needed to learn which versions there are
    app = versions.Versions(app, conf)
    # whatever is answered from here on says its version
    app = microversion.Microversion(app)
    # before anything that may read a body
    app = sizelimit.RequestBodySizeLimiter(app, conf)
    # makes the answer of all errors from above; needs the request's id
    app = middleware.Faults(app, conf)
    # even errors and refused preflights can be found in the log
    app = middleware.RequestId(app, conf)
    # A browser shows an error only if it comes with these headers, and its
    # preflight brings no token.
    app = middleware.Cors(app, conf)
    # whoever makes links must know under which URL the user came
    app = http_proxy_to_wsgi.HTTPProxyToWSGI(app, conf)
    # all that users ask is counted, as they see it
    app = metering.Metering(app)
    # Load balancers ask often, and of this process alone.
    return health.Healthcheck(app, conf)


def _authenticated(app: Any, conf: cfg.ConfigOpts) -> Any:
    if conf.auth_strategy == 'noauth':
        return middleware.NoAuth(app, conf)
    return auth_token.AuthProtocol(app, {'oslo_config_config': conf,
                                         'oslo_config_project': 'karbor'})
