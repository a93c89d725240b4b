# SPDX-License-Identifier: Apache-2.0
"""Providers: which bank and which plugins belong together.

Each file of ``provider_config_dir`` describes one::

    [provider]
    name = Local
    id = ...
    description = ...
    bank = karbor-fs-bank-plugin
    plugin = karbor-fileset-protection-plugin
    plugin = karbor-sqldatabase-protection-plugin
    enabled = True
    operations = 8

Sections of its plugins follow; what they leave out is taken from karbor.conf.
A mistake in one file is logged and kept for whoever asks for that provider;
it never stops the others.
"""

from collections.abc import Callable, Mapping, Sequence
import dataclasses
from dataclasses import dataclass, field
import glob
import os
from typing import Any
import uuid

import jsonschema
from oslo_config import cfg
from oslo_config import iniparser
from oslo_log import log

from karbor import exception
from karbor import extensions
from karbor.bank import store
from karbor.bank.patience import PatientBank
from karbor.i18n import _
from karbor.plugin.bank import BankPlugin
from karbor.plugin.base import Plugin
from karbor.plugin.protection import ProtectionPlugin

LOG = log.getLogger(__name__)

GROUP = 'provider'
OPTS: list[cfg.Opt] = [
    cfg.StrOpt('name', required=True, help='What users call it.'),
    cfg.StrOpt('id', required=True, help='Its UUID; never change it.'),
    cfg.StrOpt('description', default='', help='For users.'),
    cfg.StrOpt('bank', required=True,
               help='Name of the bank plugin.'),
    cfg.MultiStrOpt('plugin', default=[],
                    help='Name of a protection plugin; may be repeated.'),
    cfg.BoolOpt('enabled', default=True,
                help='Whether the provider can be used.'),
    cfg.IntOpt('operations', default=0, min=0,
               help='Operations on it that all workers together run at the '
                    'same time; 0 is no limit.'),
]
_KNOWN = {opt.name for opt in OPTS}
# of a plugin, as `Schemas` has them
_SCHEMAS = ('options', 'restore', 'saved_info', 'verify', 'copy')


@dataclass(frozen=True)
class Provider:
    """A bank and the plugins that save into it.

    :ivar plugins: protection plugins by resource type
    :ivar operations: that may run at the same time; 0 is no limit
    """

    id: str
    name: str
    description: str
    store: store.Store
    plugins: Mapping[str, ProtectionPlugin]
    operations: int = 0

    def waiting(self, sleep: Callable[[float], None]) -> 'Provider':
        """The same provider for somebody with his own way to pause.

        :param sleep: as that of `Store.waiting`
        """
        return dataclasses.replace(self, store=self.store.waiting(sleep))

    def describe(self) -> dict[str, Any]:
        """What the API shows of it, and what use cases have to know.

        ``resource_types``, and by type ``operations`` and ``restore_places``.
        """
        plugins = sorted(self.plugins.items())
        return {
            'id': self.id, 'name': self.name,
            'description': self.description,
            'resource_types': [type_ for type_, _plugin in plugins],
            'operations': {type_: sorted(plugin.operations)
                           for type_, plugin in plugins},
            'restore_places': {
                type_: (None if plugin.restore_places is None
                        else sorted(plugin.restore_places))
                for type_, plugin in plugins},
            'extended_info_schema': {
                f'{kind}_schema': {
                    type_: dict(getattr(plugin.schemas, kind))
                    for type_, plugin in plugins}
                for kind in _SCHEMAS},
        }


@dataclass
class Providers:
    """All providers of the service.

    :ivar mistakes: sentences about files that cannot be used, by path
    """

    by_id: dict[str, Provider] = field(default_factory=dict)
    mistakes: dict[str, str] = field(default_factory=dict)

    def get(self, provider_id: str) -> Provider:
        """One provider.

        :raises exception.ProviderNotFound: it is not configured
        """
        try:
            return self.by_id[provider_id]
        except KeyError:
            raise exception.ProviderNotFound(id=provider_id) from None


def load(conf: cfg.ConfigOpts) -> Providers:
    """Read all files of the directory that is configured."""
    directory = conf.protection.provider_config_dir
    if not os.path.isabs(directory):
        directory = conf.find_file(directory) or os.path.join(
            '/etc/karbor', directory)
    found = Providers()
    paths = sorted(glob.glob(os.path.join(glob.escape(directory), '*.conf')))
    if not paths:
        LOG.warning('There are no providers in %s.', directory)
    for path in paths:
        try:
            provider = _load(conf, path)
            if provider is None:
                LOG.info('Provider file %s is not enabled.', path)
                continue
            if provider.id in found.by_id:
                raise exception.ConfigError(file=path, reason=_(
                    '[provider] id %s belongs to another provider already')
                    % provider.id)
            found.by_id[provider.id] = provider
        except exception.ConfigError as error:
            found.mistakes[path] = str(error)
            LOG.error('%s This provider is left out.', error)
        except Exception as error:
            # the class of a stranger's plugin may hold anything
            LOG.exception('%s: This provider is left out.', path)
            found.mistakes[path] = _(
                '%(file)s: one of its plugins is wrong: %(kind)s: %(error)s'
                ) % {'file': path, 'kind': type(error).__name__,
                     'error': error}
    return found


def _load(conf: cfg.ConfigOpts, path: str) -> Provider | None:
    own = _read(conf, path)
    settings = own[GROUP]
    if not settings.enabled:
        return None
    if not settings.name.strip():
        raise exception.ConfigError(file=path, reason=_(
            '[provider] name is empty'))
    try:
        provider_id = str(uuid.UUID(settings.id))
    except ValueError:
        raise exception.ConfigError(file=path, reason=_(
            '[provider] id must be a UUID, not %r') % settings.id) from None
    bank = _plugin(own, path, 'bank', settings.bank, BankPlugin)
    plugins: dict[str, ProtectionPlugin] = {}
    for name in settings.plugin:
        plugin = _plugin(own, path, 'plugin', name, ProtectionPlugin)
        _check_schemas(path, name, plugin)
        for type_ in sorted(plugin.resource_types):
            if type_ in plugins:
                raise exception.ConfigError(file=path, reason=_(
                    '[provider] plugin %(name)s protects %(type)s, which '
                    'another plugin of this provider protects already')
                    % {'name': name, 'type': type_})
            plugins[type_] = plugin
    return Provider(
        provider_id, settings.name, settings.description,
        store.Store(PatientBank(bank, _('provider %s') % settings.name,
                                conf.protection.bank_patience),
                    chunk_size=conf.protection.chunk_size,
                    level=conf.protection.compression_level), plugins,
        settings.operations)


def _read(conf: cfg.ConfigOpts, path: str) -> cfg.ConfigOpts:
    """Parse one file, on top of karbor.conf."""
    try:
        sections = _Sections.read(path)
    except (OSError, UnicodeDecodeError, iniparser.ParseError) as error:
        raise exception.ConfigError(file=path, reason=str(error)) from error
    if GROUP not in sections:
        raise exception.ConfigError(file=path, reason=_(
            'there is no section [provider]'))
    unknown = sorted(set(sections[GROUP]) - _KNOWN)
    if unknown:
        raise exception.ConfigError(file=path, reason=_(
            '[provider] has no option %(name)s; it has %(known)s') % {
                'name': unknown[0], 'known': ', '.join(sorted(_KNOWN))})
    own = cfg.ConfigOpts()
    own.register_opts(OPTS, GROUP)
    try:
        own([], project='karbor', default_config_dirs=[],
            default_config_files=[*_shared_files(conf), path])
        # a wrong value is found when it is read
        for opt in OPTS:
            own[GROUP][opt.name]
    except cfg.RequiredOptError as error:
        raise exception.ConfigError(file=path, reason=_(
            '[provider] %s is missing') % error.opt_name) from error
    except (cfg.Error, ValueError) as error:
        raise exception.ConfigError(file=path, reason=str(error)) from error
    return own


def _shared_files(conf: cfg.ConfigOpts) -> list[str]:
    """Files of karbor.conf and its directories, in the order they count."""
    return [*(conf.config_file or ()), *(
        path for directory in conf.config_dir or ()
        for path in sorted(glob.glob(os.path.join(glob.escape(directory),
                                                  '*.conf'))))]


class _Sections(iniparser.BaseParser):
    """Names of sections and options of a file, as oslo.config reads it."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, list[str]] = {}
        self._section = 'DEFAULT'

    @classmethod
    def read(cls, path: str) -> dict[str, list[str]]:
        parser = cls()
        with open(path, encoding='utf-8') as file:
            parser.parse(file)
        return parser.found

    def new_section(self, section: str) -> None:
        self._section = section
        self.found.setdefault(section, [])

    def assignment(self, key: str, value: Sequence[str]) -> None:
        self.found.setdefault(self._section, []).append(key)


def _plugin(own: cfg.ConfigOpts, path: str, option: str, name: str,
            base: type[Plugin]) -> Any:
    try:
        cls = extensions.load(extensions.PROTECTIONS, name)
        if not (isinstance(cls, type) and issubclass(cls, base)):
            raise exception.PluginError(reason=_(
                '%(name)s is no %(base)s') % {'name': name,
                                              'base': base.__name__})
        if cls.options:
            own.register_opts(list(cls.options), cls.option_group)
            for opt in cls.options:
                own[cls.option_group][opt.dest]
        return cls(own)
    except Exception as error:
        # whatever a plugin does when it is set up, the other providers go on
        if not isinstance(error, (exception.KarborError, cfg.Error,
                                  ValueError)):
            LOG.exception('Plugin %s could not be set up.', name)
        raise exception.ConfigError(file=path, reason=_(
            '[provider] %(option)s = %(name)s: %(error)s') % {
                'option': option, 'name': name, 'error': error}) from error


def _check_schemas(path: str, name: str, plugin: ProtectionPlugin) -> None:
    for kind in _SCHEMAS:
        try:
            # true and false are schemas, too, but not of an object
            jsonschema.Draft202012Validator.check_schema(
                dict(getattr(plugin.schemas, kind)))
        except jsonschema.SchemaError as error:
            raise exception.ConfigError(file=path, reason=_(
                '[provider] plugin = %(name)s: its schema of %(kind)s is '
                'wrong: %(error)s') % {'name': name, 'kind': kind,
                                       'error': error.message}) from error
