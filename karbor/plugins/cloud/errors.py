# SPDX-License-Identifier: Apache-2.0
"""What services of the cloud answer when they do not, as sentences."""

from collections.abc import Iterator
import contextlib
import json

from keystoneauth1 import exceptions as ks
from openstack import exceptions as sdk
from oslo_log import log
import requests

from karbor import plugin

LOG = log.getLogger(__name__)


@contextlib.contextmanager
def asking(service: str, noun: str, right: str = '') -> Iterator[None]:
    """Make every error of a question to a service a `plugin.PluginError`.

    What the services say goes to the log: it names addresses that are not
    for tenants.

    :param service: its name, for example ``Nova``
    :param noun: what it is asked for, for example ``servers``
    :param right: the rule of its policy that allows the question
    """
    try:
        yield
    except (sdk.SDKException, ks.ClientException,
            requests.RequestException, ValueError, LookupError) as error:
        LOG.warning('%s was asked for %s, and failed: %s: %s', service, noun,
                    type(error).__name__, error)
        raise plugin.PluginError(reason=_sentence(
            error, service, noun, right)) from error


def _sentence(error: Exception, service: str, noun: str, right: str) -> str:
    status = getattr(error, 'status_code', None) or getattr(
        error, 'http_status', None)
    if status == 401:
        return (f"{service} does not let Karbor's own user in when it asks "
                f'for {noun}; the operator has to look at [cloud].')
    if status == 403:
        needed = f' the right {right}' if right else ' a right'
        return (f"Karbor's own user lacks{needed}, without which {service} "
                f'shows no {noun}; the operator has to give it that.')
    if status:
        return (f'{service} answers with HTTP {status} when it is asked for '
                f'{noun}; try again later.')
    if isinstance(error, (ks.CatalogException, sdk.EndpointNotFound,
                          sdk.ConfigException)):
        return (f'The catalogue of the cloud names no {service} that could '
                f'be asked for {noun}; the operator has to look at [cloud].')
    if isinstance(error, (ks.ConnectTimeout, requests.Timeout)):
        return (f'{service} does not answer in time when it is asked for '
                f'{noun}; try again later.')
    if isinstance(error, (ks.ConnectionError, ks.DiscoveryFailure,
                          sdk.ServiceDiscoveryException,
                          requests.ConnectionError)):
        return (f'{service} cannot be reached to ask it for {noun}; try '
                'again later.')
    if isinstance(error, (ks.AuthorizationFailure, ks.AuthPluginException)):
        return ("Karbor's own user cannot be used to ask "
                f'{service} for {noun}; the operator has to look at [cloud].')
    if isinstance(error, (LookupError, json.JSONDecodeError,
                          requests.exceptions.InvalidJSONError)):
        return (f'{service} answers with something that tells of no {noun}; '
                'the operator has to look at the log.')
    return (f'{service} cannot be asked for {noun} '
            f'({type(error).__name__}); the operator has to look at the log.')
