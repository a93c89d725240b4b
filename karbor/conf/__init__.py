# SPDX-License-Identifier: Apache-2.0
"""Options of Karbor: one module a group, one list of all of them."""

from collections.abc import Iterable
import itertools
import types

from oslo_config import cfg
from oslo_db import options as db_options
from oslo_log import log
from oslo_middleware import cors
from oslo_middleware import sizelimit
from oslo_policy import opts as policy_opts

from karbor.conf import api
from karbor.conf import base
from karbor.conf import cloud
from karbor.conf import database
from karbor.conf import engine
from karbor.conf import events
from karbor.conf import metrics
from karbor.conf import protection
from karbor.conf import quota
from karbor.conf import rpc
from karbor.conf import trustee

CONF = cfg.CONF
GROUPS: tuple[types.ModuleType, ...] = (
    base, api, cloud, database, engine, events, metrics, protection, quota,
    rpc, trustee)


def register_opts(conf: cfg.ConfigOpts) -> None:
    """Register every option; may be repeated."""
    for module in GROUPS:
        module.register_opts(conf)


def list_opts() -> Iterable[tuple[str, list[cfg.Opt]]]:
    """What the sample generator shows."""
    return list(itertools.chain.from_iterable(
        module.list_opts() for module in GROUPS))


def set_lib_defaults() -> None:
    """Defaults of libraries that differ in Karbor."""
    policy_opts.set_defaults(CONF, policy_file='policy.yaml')
    db_options.set_defaults(CONF)
    cors.set_defaults(
        allow_headers=['X-Auth-Token', 'X-Identity-Status', 'X-Roles',
                       'X-Service-Catalog', 'X-User-Id', 'X-Tenant-Id',
                       'X-OpenStack-Request-ID'],
        expose_headers=['X-OpenStack-Request-ID', 'X-Compute-Request-ID'],
        allow_methods=['GET', 'PUT', 'POST', 'DELETE'])
    # a plan of 10,000 resources has some 2 MB
    cfg.set_defaults(sizelimit.OPTS, max_request_body_size=4 * 2 ** 20)
    log.set_defaults(default_log_levels=[
        *log.get_default_log_levels(), 'alembic=WARN', 'taskflow=WARN',
        'pecan=WARN', 'cheroot=WARN', 'oslo_service=WARN',
        'cotyledon=WARN', 'apscheduler=WARN'])


def parse(args: list[str], conf: cfg.ConfigOpts = CONF,
          default_config_files: list[str] | None = None) -> None:
    """Read the command line and the files, and set up logging.

    :param args: of the command line, without the program's name
    :param default_config_files: instead of those that oslo.config finds
    """
    from karbor.version import version_info

    register_opts(conf)
    log.register_options(conf)
    set_lib_defaults()
    try:
        conf(args, project='karbor', version=version_info.release_string(),
             default_config_files=default_config_files)
        # a wrong value would else be found when it is first used
        for module in GROUPS:
            group = getattr(module, 'GROUP', None)
            for option in module.OPTS:
                (conf[group] if group else conf)[option.dest]
    except (cfg.ConfigFileValueError, cfg.ConfigFileParseError,
            cfg.ConfigFilesNotFoundError, cfg.ConfigDirNotFoundError,
            cfg.ConfigFilesPermissionDeniedError) as error:
        raise SystemExit(f'karbor: {error}') from error
    log.setup(conf, 'karbor')
