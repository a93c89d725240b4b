# SPDX-License-Identifier: Apache-2.0
"""The bus: one transport a process, and how messages look on it."""

from typing import Any

from oslo_config import cfg
import oslo_messaging as messaging
from oslo_messaging import opts as messaging_opts
from oslo_messaging.rpc import dispatcher

from karbor.context import RequestContext

# exceptions that a client gets as what they are
ALLOWED_REMOTE = ['karbor.exception', 'karbor.plugin.errors']
PROTECTION_TOPIC = 'karbor-protection'

_url: str | None = None
_transport: Any = None
_conf: Any = None


class _Serializer(messaging.JsonPayloadSerializer):
    """Plain JSON; of the context, who it is and never the token."""

    def serialize_context(self, ctxt: RequestContext) -> dict[str, Any]:
        return ctxt.to_plain()

    def deserialize_context(self, ctxt: dict[str, Any]) -> RequestContext:
        return RequestContext.from_plain(ctxt)


def use(url: str) -> None:
    """Use this bus instead of ``transport_url``, from the next `init` on."""
    global _url
    _url = url


def init(conf: cfg.ConfigOpts) -> None:
    """Connect this process to the bus that is configured."""
    global _transport, _conf
    cleanup()
    _conf = conf
    _set_defaults(conf)
    _transport = messaging.get_rpc_transport(
        conf, url=_url, allowed_remote_exmods=ALLOWED_REMOTE)


def _set_defaults(conf: cfg.ConfigOpts) -> None:
    messaging.set_transport_defaults(control_exchange='karbor')
    # A message survives the broker that took it. The options are registered
    # by the driver, which is too late for a default.
    for group, options in messaging_opts.list_opts():
        if group == 'oslo_messaging_rabbit':
            conf.register_opts(options, group)
            conf.set_default('amqp_durable_queues', True, group)
            conf.set_default('rabbit_quorum_queue', True, group)
            conf.set_default('rabbit_transient_quorum_queue', True, group)


def cleanup() -> None:
    """Leave the bus."""
    global _transport
    if _transport is not None:
        _transport.cleanup()
    _transport = None


def url() -> str | None:
    """Of the bus in place of the one that is configured; or None."""
    return _url


def serializer() -> Any:
    """How messages and the context look on the bus."""
    return _Serializer()


def conf() -> Any:
    """The configuration that the bus was set up with."""
    return _conf


def client(topic: str, version: str) -> Any:
    """A client of everybody who serves a topic."""
    return messaging.get_rpc_client(
        _transport, messaging.Target(topic=topic, version=version),
        version_cap=version, serializer=_Serializer())


def server(topic: str, host: str, endpoints: list[Any],
           threads: int) -> Any:
    """A server of a topic; its errors are sent back, not only logged.

    :param threads: how many messages it works on at the same time
    """
    made = messaging.get_rpc_server(
        _transport, messaging.Target(topic=topic, server=host), endpoints,
        serializer=_Serializer(),
        access_policy=dispatcher.DefaultRPCAccessPolicy)
    # the library has an option for it, registered by now and read at start
    conf().set_default('executor_thread_pool_size', threads)
    return made
