# SPDX-License-Identifier: Apache-2.0
"""karbor-status: is it safe to go on with an upgrade?"""

import os
import sys

from oslo_config import cfg
from oslo_upgradecheck import upgradecheck

from karbor import conf
from karbor import policy
from karbor.db import migration
from karbor.db import session
from karbor.i18n import _
from karbor.protection import providers


class Checks(upgradecheck.UpgradeCommands):
    """What an operator wants to know before the daemons start."""

    def _schema(self) -> upgradecheck.Result:
        try:
            session.init(conf.CONF)
            found, wanted = migration.version(), migration.head()
        except Exception as error:
            # any driver's error: the check is to say it, not to end by it
            return upgradecheck.Result(
                upgradecheck.Code.FAILURE,
                _('The database does not answer: %s') % error)
        if found != wanted:
            return upgradecheck.Result(
                upgradecheck.Code.FAILURE,
                _('The schema is at %(found)s and this release needs '
                  '%(wanted)s: run karbor-manage db sync.')
                % {'found': found or _('nothing'), 'wanted': wanted})
        return upgradecheck.Result(upgradecheck.Code.SUCCESS)

    def _providers(self) -> upgradecheck.Result:
        found = providers.load(conf.CONF)
        if found.mistakes:
            return upgradecheck.Result(
                upgradecheck.Code.FAILURE,
                '\n'.join(found.mistakes.values()))
        if not found.by_id:
            return upgradecheck.Result(
                upgradecheck.Code.WARNING,
                _('No provider is enabled: nothing can be protected.'))
        return upgradecheck.Result(upgradecheck.Code.SUCCESS)

    def _policy_file(self) -> upgradecheck.Result:
        policy.init(conf.CONF)
        path = conf.CONF.oslo_policy.policy_file
        if path.endswith('.json') and os.path.exists(path):
            return upgradecheck.Result(
                upgradecheck.Code.FAILURE,
                _('%s must be converted to YAML.') % path)
        return upgradecheck.Result(upgradecheck.Code.SUCCESS)

    _upgrade_checks = (
        (_('Database schema'), _schema),
        (_('Providers'), _providers),
        (_('Policy file'), _policy_file),
    )


def main() -> int:
    conf.register_opts(conf.CONF)
    conf.set_lib_defaults()
    try:
        return upgradecheck.main(conf.CONF, 'karbor', Checks())
    except cfg.Error as error:
        # 1 and 2, which Python may end with, would be the result of a check
        print(error, file=sys.stderr)
        return 255


if __name__ == '__main__':
    sys.exit(main())
