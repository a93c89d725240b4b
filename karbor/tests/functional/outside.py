# SPDX-License-Identifier: Apache-2.0
"""A scheduler outside of Karbor: what an operation does, by REST alone.

It does once what a scheduled operation of the type ``retention_protect`` does
whenever it runs. When that is, is up to whoever calls it: cron, for example.
Nothing of Karbor is imported here.
"""

import time

import requests

HEADERS = {'OpenStack-API-Version': 'data-protect 1.2'}
# seconds between two questions
PAUSE = 0.2


class Failed(Exception):
    """No checkpoint was made."""


class Scheduler:
    """Protects a plan now and then, and keeps what a rule keeps.

    :param base: the URL of the API with the project
    :param rule: members of ``retention_protect``
    """

    def __init__(self, base, token, plan_id, rule):
        self._base = base
        self._session = requests.Session()
        self._session.headers.update({**HEADERS, 'X-Auth-Token': token})
        self._plan_id = plan_id
        self._rule = rule
        plan = self._ask('GET', f'/plans/{plan_id}')['plan']
        self._checkpoints = f'/providers/{plan["provider_id"]}/checkpoints'

    def run(self):
        """Do it once; returns the id of the new checkpoint.

        :raises Failed: there is none; then nothing is removed
        """
        made = self._ask('POST', self._checkpoints, {
            'checkpoint': {'plan_id': self._plan_id}})['checkpoint']['id']
        while (shown := self._show(made))['status'] == 'protecting':
            time.sleep(PAUSE)
        if shown['status'] != 'available':
            raise Failed(shown['status_reason'])
        self.sweep()
        return made

    def sweep(self):
        """Remove what has expired, and wait until it is gone."""
        simulated = self._ask('POST', f'/plans/{self._plan_id}/retention', {
            'retention': self._rule})['retention']
        expired = [one['id'] for one in simulated['checkpoints']
                   if one['action'] == 'delete']
        for id_ in expired:
            self._ask('DELETE', f'{self._checkpoints}/{id_}')
        for id_ in expired:
            while self._show(id_) is not None:
                time.sleep(PAUSE)

    def _show(self, id_):
        """A checkpoint, or None if it is gone."""
        answer = self._ask('GET', f'{self._checkpoints}/{id_}', gone=True)
        return answer and answer['checkpoint']

    def _ask(self, method, path, body=None, gone=False):
        answer = self._session.request(method, self._base + path, json=body,
                                       timeout=60)
        if gone and answer.status_code == 404:
            return None
        answer.raise_for_status()
        return answer.json() if answer.content else None
