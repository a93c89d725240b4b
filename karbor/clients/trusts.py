# SPDX-License-Identifier: Apache-2.0
"""Keystone as far as trusts go, over HTTP.

Two people ask it: a user, by the token of his request, and Karbor's own user,
the trustee. No token is kept here but those of keystoneauth in the session of
the trustee, and none is logged.
"""

from collections.abc import Iterable, Iterator
import contextlib
import datetime
import threading
from typing import Any

from keystoneauth1 import exceptions as ks
from keystoneauth1 import loading
from keystoneauth1 import plugin
from keystoneauth1 import session as sessions
from keystoneauth1.loading import base
from oslo_config import cfg
from oslo_log import log
from oslo_utils import timeutils

from karbor import exception
from karbor.conf import CONF
from karbor.context import RequestContext
from karbor.i18n import _
from karbor.model.trust import Acting
from karbor.model.trust import Grant
from karbor.model.trust import Token

LOG = log.getLogger(__name__)

_OWN = 'trustee'
_FALLBACK = 'keystone_authtoken'
_TRUSTS = '/OS-TRUST/trusts'
# Keystone keeps attributes that it does not know.
_MARK = 'karbor'
# A token is for one place; the trust's takes that of any other.
_PLACES = ('project_id', 'project_name', 'project_domain_id',
           'project_domain_name', 'domain_id', 'domain_name', 'system_scope')
# what Keystone says when it will not let somebody be somebody
_REFUSED = (400, 401, 403, 404)
_GONE = (204, 404)


class Keystone:
    """One Keystone, and who we are there.

    Every method raises `exception.KeystoneAway` if it cannot be asked.
    """

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        """Read the options; nothing is asked.

        :raises exception.KeystoneAway: they are not complete
        """
        self._conf = conf
        with _asking():
            self._group = _group(conf)
            self._auth = self._load()
            self._session = _session(conf, self._group, self._auth)

    def _load(self, **places: str | None) -> Any:
        auth = loading.load_auth_from_conf_options(self._conf, self._group,
                                                   **places)
        if auth is None:
            raise exception.KeystoneAway(reason=_(
                'Karbor has no user at Keystone: neither [trustee] nor '
                '[keystone_authtoken] has auth_type.'))
        return auth

    # -- who is who -----------------------------------------------------------

    def trustee_id(self) -> str:
        """The id of Karbor's own user."""
        with _asking():
            return str(self._session.get_user_id())

    def token(self, context: RequestContext) -> Token:
        """What Keystone says of the token of a request now.

        :raises exception.TrustRefused: nobody can hand on anything with it
        """
        token = context.auth_token or ''
        answer = self._as(token, 'GET', '/auth/tokens?nocatalog',
                          headers={'X-Subject-Token': token})
        if answer.status_code in (401, 404):
            raise exception.TrustRefused(reason=_(
                'your token is no longer valid; get a new one.'))
        # Keystone does not even tell the holder of a trust about his token
        told: Any = (_read(answer)['token'] if answer.status_code == 200 else
                     {'OS-TRUST:trust': None})
        if 'OS-TRUST:trust' in told or told.get(
                'application_credential', {}).get('restricted'):
            raise exception.TrustRefused(reason=_(
                'your token was obtained through a trust or a restricted '
                'application credential, which cannot hand on what they were '
                'given; use one that was obtained with a password or another '
                'login of your own.'))
        return Token(roles=_ids(told.get('roles')),
                     expires_at=_moment(told['expires_at']))

    # -- trusts ---------------------------------------------------------------

    def get(self, trust_id: str) -> Grant | None:
        """A trust of which we are the trustee, or None."""
        answer = self._own('GET', f'{_TRUSTS}/{trust_id}')
        if answer.status_code in (403, 404):
            return None
        return _grant(_expected(answer, 200)['trust'])

    def marked(self, context: RequestContext,
               marks: Iterable[str]) -> dict[str, Grant]:
        """Those trusts of a user that bear one of these marks, by mark."""
        answer = self._as(context.auth_token or '', 'GET',
                          f'{_TRUSTS}?trustor_user_id={context.user_id}')
        if answer.status_code in _REFUSED:
            # then he is not let make one either
            return {}
        found = {}
        for mark, trust_id in _marks(answer, marks).items():
            # a list does not tell of roles
            grant = self.get(trust_id)
            if grant is not None:
                found[mark] = grant
        return found

    def lost(self, marks: Iterable[str]) -> dict[str, str]:
        """Ids of the trusts that bear one of these marks, by mark."""
        return _marks(self._own(
            'GET', f'{_TRUSTS}?trustee_user_id={self.trustee_id()}'), marks)

    def make(self, context: RequestContext, roles: Iterable[str], mark: str,
             expires_at: datetime.datetime | None) -> str:
        """Make a trust of the user of a request in its project; its id.

        :param roles: ids
        :raises exception.TrustRefused: Keystone has made none
        """
        answer = self._as(context.auth_token or '', 'POST', _TRUSTS, json={
            'trust': {
                'trustor_user_id': context.user_id,
                'trustee_user_id': self.trustee_id(),
                'project_id': context.project_id, 'impersonation': True,
                'allow_redelegation': False,
                'expires_at': expires_at and expires_at.astimezone(
                    datetime.UTC).strftime('%Y-%m-%dT%H:%M:%S.%fZ'),
                'roles': [{'id': role} for role in sorted(roles)],
                _MARK: mark}})
        if 400 <= answer.status_code < 500:
            raise exception.TrustRefused(reason=_(
                'Keystone answers "%s"') % _sentence(answer))
        return str(_expected(answer, 201)['trust']['id'])

    def act(self, trust_id: str) -> Acting:
        """Whom a trust lets us be now.

        :raises exception.TrustGone: nobody
        """
        try:
            with _asking(refusals=True):
                access = self._through(trust_id).get_access(self._session)
        except ks.HttpError as error:
            raise self._why_gone(trust_id) from error
        return Acting(user_id=access.user_id, project_id=access.project_id,
                      roles=tuple(access.role_names),
                      expires_at=access.expires)

    def _why_gone(self, trust_id: str) -> exception.TrustGone:
        # Keystone's answer is the same if it is our password that is wrong;
        # that would come out here.
        if self.get(trust_id) is None:
            return exception.TrustGone(reason=_(
                'The trust of its owner is gone: it was revoked or has '
                'ended, or the user or the project was deleted. A member of '
                'the project has to adopt the scheduled operation.'))
        return exception.TrustGone(reason=_(
            'Keystone refuses the trust of its owner: the user or the '
            'project is disabled, or the user has lost a role in it. A '
            'member of the project has to adopt the scheduled operation.'))

    def delete(self, trust_id: str, others: Iterable[str] = ()) -> bool:
        """Delete a trust; False: we cannot now, and it is there.

        Only its trustor may, as whom we act through the trust itself.

        :param others: trusts of the same user, should Keystone refuse it
        """
        path = f'{_TRUSTS}/{trust_id}'
        if self._own('GET', path).status_code == 404:
            return True
        for through in (trust_id, *others):
            try:
                with _asking(refusals=True):
                    token = self._through(through).get_token(self._session)
            except ks.HttpError:
                # it is no good for that either
                continue
            if self._as(token, 'DELETE', path).status_code in _GONE:
                return True
        # a trustee who is an administrator
        return self._own('DELETE', path).status_code in _GONE

    # -- how it is asked ------------------------------------------------------

    def _through(self, trust_id: str) -> Any:
        known = {option.dest for option in base.get_plugin_loader(
            self._conf[self._group].auth_type).get_options()}
        if 'trust_id' not in known or 'application_credential_id' in known:
            raise exception.KeystoneAway(reason=_(
                'The auth_type of [%s] cannot be used with trusts; the '
                'operator has to choose password.') % self._group)
        return self._load(trust_id=trust_id, **{
            place: None for place in _PLACES if place in known})

    def _url(self, path: str) -> str:
        found = self._auth.get_endpoint(
            self._session, interface=plugin.AUTH_INTERFACE,
            service_type='identity', version=(3, 0))
        return str(found).rstrip('/') + path

    def _own(self, method: str, path: str) -> Any:
        """Ask as the trustee."""
        with _asking():
            answer = self._session.request(self._url(path), method,
                                           raise_exc=False)
        if answer.status_code == 401:
            raise exception.KeystoneAway(reason=_not_known())
        return _reached(answer)

    def _as(self, token: str, method: str, path: str, *,
            headers: dict[str, str] | None = None, **kwargs: Any) -> Any:
        """Ask with somebody's token."""
        with _asking():
            return _reached(self._session.request(
                self._url(path), method, raise_exc=False,
                authenticated=False, allow_reauth=False,
                headers={'X-Auth-Token': token, **(headers or {})},
                **kwargs))


def _group(conf: cfg.ConfigOpts) -> str:
    """The group of options in which our user is."""
    own = conf.trustee
    group = own.auth_section or (_OWN if own.auth_type else _FALLBACK)
    if group == _FALLBACK:
        # the same as there, or they could not be registered twice; it takes
        # its time to import
        from keystonemiddleware import opts
        for _name, options in opts.list_auth_token_opts():
            conf.register_opts(options, group)
    loading.register_auth_conf_options(conf, group)
    return str(group)


def _session(conf: cfg.ConfigOpts, group: str, auth: Any) -> Any:
    own = conf.trustee
    tls = conf[group] if group == _FALLBACK else own
    return sessions.Session(
        auth=auth, timeout=own.timeout,
        verify=False if tls.insecure else tls.cafile or True,
        cert=((tls.certfile, tls.keyfile) if tls.certfile and tls.keyfile
              else tls.certfile))


@contextlib.contextmanager
def _asking(refusals: bool = False) -> Iterator[None]:
    """Tell in one way that Keystone cannot be asked.

    :param refusals: let those errors pass that say that we are not let be
        somebody
    """
    try:
        yield
    except ks.Unauthorized as error:
        if refusals:
            raise
        LOG.error("Keystone does not let Karbor's own user in: %s", error)
        raise exception.KeystoneAway(reason=_not_known()) from error
    except ks.HttpError as error:
        if refusals and error.http_status in _REFUSED:
            raise
        raise _away(error) from error
    except ks.ClientException as error:
        raise _away(error) from error
    except cfg.Error as error:
        # it may quote what the operator has written
        LOG.error('The options of [trustee] are wrong: %s', error)
        raise exception.KeystoneAway(reason=_(
            'The options of [trustee] are wrong; the operator has to look at '
            'the log.')) from error


def _away(error: Exception) -> exception.KeystoneAway:
    LOG.warning('Keystone cannot be asked: %s', error)
    return exception.KeystoneAway(reason=_(
        'Keystone cannot be reached; try again later.'))


def _not_known() -> str:
    return _("Keystone does not let Karbor's own user in; the operator has "
             'to look at [trustee].')


def _reached(answer: Any) -> Any:
    """The answer, if it is one."""
    if answer.status_code >= 500 or answer.status_code in (408, 429):
        LOG.warning('Keystone answers with status %d.', answer.status_code)
        raise exception.KeystoneAway(reason=_(
            'Keystone cannot be reached; try again later.'))
    return answer


def _expected(answer: Any, status: int) -> Any:
    if answer.status_code != status:
        LOG.error('Keystone answers with status %d where %d was expected: '
                  '%s', answer.status_code, status, _sentence(answer))
        raise exception.KeystoneAway(reason=_(
            'Keystone does not answer as it should; the operator has to look '
            'at [trustee].'))
    return _read(answer)


def _read(answer: Any) -> Any:
    try:
        return answer.json()
    except ValueError as error:
        # a proxy before it, for example
        raise _away(error) from error


def _sentence(answer: Any) -> str:
    """What Keystone says about an error."""
    try:
        return str(answer.json()['error']['message'])[:300]
    except (ValueError, KeyError, TypeError):
        return f'HTTP {answer.status_code}'


def _marks(answer: Any, marks: Iterable[str]) -> dict[str, str]:
    wanted = set(marks)
    return {trust[_MARK]: trust['id']
            for trust in _expected(answer, 200)['trusts']
            if trust.get(_MARK) in wanted}


def _grant(told: Any) -> Grant:
    end = told.get('expires_at')
    return Grant(
        trust_id=told['id'], mark=told.get(_MARK),
        trustor_id=told['trustor_user_id'],
        trustee_id=told['trustee_user_id'], project_id=told['project_id'],
        roles=_ids(told.get('roles')), impersonation=told['impersonation'],
        expires_at=None if end is None else _moment(end))


def _ids(roles: Any) -> frozenset[str]:
    return frozenset(role['id'] for role in roles or ())


def _moment(text: str) -> datetime.datetime:
    return timeutils.parse_isotime(text).astimezone(datetime.UTC)


_client: Keystone | None = None
_lock = threading.Lock()


def client() -> Keystone:
    """That of this process; it is made when it is needed first."""
    global _client
    with _lock:
        if _client is None:
            _client = Keystone(CONF)
        return _client


def reset() -> None:
    """Forget it, for example after a fork."""
    global _client
    with _lock:
        _client = None
