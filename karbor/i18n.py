# SPDX-License-Identifier: Apache-2.0
"""Translation of what users read."""

import oslo_i18n

DOMAIN = 'karbor'

_translators = oslo_i18n.TranslatorFactory(domain=DOMAIN)
_ = _translators.primary


def enable_lazy() -> None:
    """Translate a message when it is shown, in the language of its reader."""
    oslo_i18n.enable_lazy()
