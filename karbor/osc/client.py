# SPDX-License-Identifier: Apache-2.0
"""The REST API, as the commands use it."""

from collections.abc import Iterator, Mapping
from typing import Any
import urllib.parse
import uuid

from keystoneauth1 import adapter
from keystoneauth1 import exceptions as ksa_exceptions
from keystoneauth1 import session as ksa_session
from osc_lib import exceptions

SERVICE_TYPE = 'data-protect'
# what the commands are written for
VERSION = '1.2'
# where things are, and the key of their lists, by what they are called
NOUNS = {'plan': ('plans', 'plans'),
         'provider': ('providers', 'providers'),
         'scheduled operation': ('scheduled_operations', 'operations'),
         'trigger': ('triggers', 'triggers')}
# so much of an answer that is none of Karbor's is shown
_SHOWN = 200
# of the service, or of a proxy that does not find it
_AWAY = (502, 503, 504)

Answer = dict[str, Any]


class Away(exceptions.CommandError):
    """The service does not answer now, but may later"""


def endpoint(manager: Any) -> str:
    """Where the API is: by the catalogue, or as the user says.

    :param manager: that of clients
    :raises exceptions.CommandError: nobody says so
    """
    found: str | None = manager.get_endpoint_for_service_type(
        SERVICE_TYPE, region_name=manager.region_name,
        interface=manager.interface)
    if found is None:
        raise exceptions.CommandError(
            f'There is no service of the type {SERVICE_TYPE} in the '
            'catalogue.')
    return found.rstrip('/')


class Client:
    """Sends requests below the project.

    :param base: the URL of the API with the project
    """

    def __init__(self, session: ksa_session.Session, base: str) -> None:
        self._base = base
        self._adapter = adapter.Adapter(
            session, service_type=SERVICE_TYPE, endpoint_override=base,
            default_microversion=VERSION, raise_exc=False)

    def get(self, path: str, query: Mapping[str, Any] | None = None,
            ) -> Answer:
        """What is at a path.

        :param query: values that are None are left out
        """
        return self._send('GET', path, query)

    def post(self, path: str, body: Any = None,
             query: Mapping[str, Any] | None = None,
             secret: bool = False) -> Answer:
        """Ask for something.

        :param secret: neither body nor answer are logged
        """
        return self._send('POST', path, query, body, secret)

    def put(self, path: str, body: Any) -> Answer:
        return self._send('PUT', path, None, body)

    def pages(self, path: str, key: str, query: Mapping[str, Any],
              limit: int | None = None) -> Iterator[Answer]:
        """Items of a list, over all of its pages.

        :param limit: so many at most
        """
        left = limit
        url = _with(path, {**query, 'limit': limit})
        while True:
            answer = self._send('GET', url)
            found = answer[key][:left]
            yield from found
            links = answer.get(f'{key}_links')
            if left is not None:
                left -= len(found)
            if not links or not found or left == 0:
                return
            # its host is how the service calls itself, which may be behind a
            # proxy; its query is the next page
            url = f'{path}?{urllib.parse.urlsplit(links[0]["href"]).query}'

    def find(self, noun: str, name_or_id: str) -> str:
        """The id of what a user names.

        :param noun: one of `NOUNS`
        :raises exceptions.CommandError: none or several have the name
        """
        if is_id(name_or_id):
            return name_or_id
        path, key = NOUNS[noun]
        # some lists find more than what is equal
        ids = [item['id'] for item in self.pages(
            path, key, {'name': name_or_id}) if item['name'] == name_or_id]
        if not ids:
            raise exceptions.CommandError(
                f"No {noun} with a name or ID of '{name_or_id}' exists.")
        if len(ids) > 1:
            raise exceptions.CommandError(
                f"More than one {noun} is named '{name_or_id}': "
                f"{', '.join(ids)}. Use an ID.")
        return str(ids[0])

    def _send(self, method: str, path: str,
              query: Mapping[str, Any] | None = None,
              body: Any = None, secret: bool = False) -> Answer:
        try:
            response = self._adapter.request(
                f'/{_with(path, query or {})}', method, log=not secret,
                **({} if body is None else {'json': body}))
        except ksa_exceptions.ConnectionError as error:
            raise Away(str(error)) from error
        if response.status_code in _AWAY:
            raise Away(_said(response))
        if response.status_code >= 400:
            raise exceptions.CommandError(_said(response))
        return response.json() if response.content else {}


def is_id(text: str) -> bool:
    """Whether a text is an id as the service writes them."""
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def _with(path: str, query: Mapping[str, Any]) -> str:
    text = urllib.parse.urlencode({
        name: value for name, value in query.items() if value is not None})
    return f'{path}?{text}' if text else path


def _said(response: Any) -> str:
    """What an answer says is wrong."""
    try:
        [fault] = response.json().values()
        message = str(fault['message'])
    except (ValueError, AttributeError, KeyError, TypeError):
        # a proxy, or something else that is not Karbor
        message = response.text[:_SHOWN].strip() or response.reason
    id_ = response.headers.get('x-openstack-request-id')
    return f'{message} (HTTP {response.status_code})' + (
        f' (Request-ID: {id_})' if id_ else '')
