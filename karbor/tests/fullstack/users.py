# SPDX-License-Identifier: Apache-2.0
"""Users that ask for everything, and know what they have to get back."""

import contextlib
import hashlib
import random
import threading

from karbor.plugin import HOOKS
from karbor.tests.functional import daemons

BOXES = 5           # of each user
MOST_KEPT = 6       # checkpoints of each user
PATIENCE = 300


class Away(Exception):
    """The service could not do it now, and has done nothing."""


def _digests(contents):
    return [hashlib.sha256(content).hexdigest() for content in contents]


class User(threading.Thread):
    """Somebody with boxes of his own, who waits for the end of one thing
    before he begins the next, most of the time.

    :ivar known: digests of what is in the boxes of each checkpoint
    """

    def __init__(self, karbor, number, seed, ended, tally):
        super().__init__(name=f'user {number}')
        self.karbor = karbor
        self.names = [f'user{number}-box{box}' for box in range(BOXES)]
        self.random = random.Random(f'{seed}/{number}')
        self.ended = ended
        self.tally = tally
        self.known = {}
        self.headers = {'X-Auth-Token': f'user:{daemons.PROJECT}',
                        'OpenStack-API-Version': 'data-protect 1.1'}
        self.broken = []

    def run(self):
        try:
            while not self.ended.is_set():
                self._one()
        except Exception as error:
            # said at the end, with all else that is broken
            self.broken.append(f'{self.name}: {type(error).__name__}: '
                               f'{error}')

    def _one(self):
        held = list(self.known)
        act = self.protect
        if held:
            act = self.random.choice(
                (self.delete, self.restore, self.copy, self.verify,
                 self.delete if len(held) >= MOST_KEPT else self.protect))
        with contextlib.suppress(Away):
            act(*([] if act == self.protect else [self.random.choice(held)]))

    def _request(self, method, path, expected, **kwargs):
        response = self.karbor.http(method, path, **kwargs)
        self.tally[f'{method} {response.status_code}'] += 1
        if response.status_code == 503:
            raise Away(response.text)
        if response.status_code not in expected:
            raise AssertionError(
                f'{method} {path}: {response.status_code} {response.text}')
        return response

    def _path(self, checkpoint_id):
        return f'/providers/{daemons.PROVIDER}/checkpoints/{checkpoint_id}'

    def status(self, checkpoint_id):
        response = self._request('GET', self._path(checkpoint_id),
                                 (200, 404))
        if response.status_code == 404:
            return 'deleted'
        return response.json()['checkpoint']['status']

    def _dawdle(self, operation, names):
        """Have a hook take its time, so that faults find it at work."""
        hook = self.random.choice(HOOKS)
        kind = self.random.choice(('Box', 'Thing'))
        order = self.karbor.order(
            f'{operation}.{hook}.{kind}.{self.random.choice(list(names))}',
            'hang')
        timer = threading.Timer(self.random.uniform(0.5, 5),
                                lambda: order.unlink(missing_ok=True))
        timer.daemon = True
        timer.start()

    def protect(self):
        """A checkpoint of some boxes; they do not change meanwhile."""
        names = self.random.sample(self.names, self.random.randint(1, BOXES))
        content = {}
        for name in names:
            data = self.random.randbytes(self.random.randint(1, 300_000))
            self.karbor.box(name, data)
            content[name] = _digests(self.karbor.boxes(name))
        self._dawdle('protect', names)
        plan = self._request('POST', '/plans', (200,), json={'plan': {
            'name': 'chaos', 'provider_id': daemons.PROVIDER,
            'parameters': {}, 'resources': [
                {'type': 'Test::Box', 'id': name, 'name': name}
                for name in names]}}).json()['plan']
        checkpoint_id = self._request(
            'POST', f'/providers/{daemons.PROVIDER}/checkpoints',
            (200, 201, 202), json={'checkpoint': {'plan_id': plan['id']}},
        ).json()['checkpoint']['id']
        self.known[checkpoint_id] = content
        status = daemons.until(
            lambda: (found := self.status(checkpoint_id)) != 'protecting'
            and found, PATIENCE, f'the end of protect {checkpoint_id}')
        self.tally[f'protect: {status}'] += 1

    def restore(self, checkpoint_id, at_rest=False):
        """Lose the boxes of a checkpoint and have them back."""
        content = self.known[checkpoint_id]
        for name in content:
            self.karbor.box(name, b'lost')
        if not at_rest:
            self._dawdle('restore', content)
        response = self._request(
            'POST', '/restores', (200, 201, 202, 400, 404), json={'restore': {
                'provider_id': daemons.PROVIDER, 'parameters': {},
                'checkpoint_id': checkpoint_id}})
        if response.status_code in (400, 404):
            # it is being deleted, or was
            assert not at_rest, response.text
            if response.status_code == 404:
                del self.known[checkpoint_id]
            return
        restore_id = response.json()['restore']['id']
        if not at_rest and self.random.random() < 0.2:
            # it is used, so this is refused; or it was done already
            self._request('DELETE', self._path(checkpoint_id),
                          (200, 202, 204, 409))
        status = daemons.until(
            lambda: (found := self._request(
                'GET', f'/restores/{restore_id}', (200,)).json()['restore'][
                    'status']) != 'in_progress' and found,
            PATIENCE, f'the end of restore {restore_id}')
        self.tally[f'restore: {status}'] += 1
        if status == 'success':
            for name, expected in content.items():
                assert _digests(self.karbor.boxes(name)) == expected, (
                    f'{name} of checkpoint {checkpoint_id} came back wrong')
        else:
            assert not at_rest, f'{checkpoint_id} cannot be restored'

    def copy(self, checkpoint_id):
        """Make another checkpoint of the same."""
        content = self.known[checkpoint_id]
        self._dawdle('copy', content)
        response = self._request(
            'POST', f'/providers/{daemons.PROVIDER}/checkpoints/action',
            (200, 201, 202, 400, 404), headers=self.headers,
            json={'copy': {'checkpoint_id': checkpoint_id}})
        if response.status_code in (400, 404):
            return              # it is being deleted, was, or is of no use
        copy_id = response.json()['copy']['checkpoint_id']
        self.known[copy_id] = content
        status = daemons.until(
            lambda: (found := self.status(copy_id)) not in (
                'wait_copying', 'copying') and found,
            PATIENCE, f'the end of copy {copy_id}')
        self.tally[f'copy: {status}'] += 1

    def verify(self, checkpoint_id, at_rest=False):
        """Have all of it read and proved."""
        if not at_rest:
            self._dawdle('verify', self.known[checkpoint_id])
        response = self._request(
            'POST', '/verifications', (200, 201, 202, 400, 404), json={
                'verification': {
                    'provider_id': daemons.PROVIDER, 'parameters': {},
                    'checkpoint_id': checkpoint_id}})
        if response.status_code in (400, 404):
            assert not at_rest, response.text
            return
        path = f'/verifications/{response.json()["verification"]["id"]}'
        found = daemons.until(
            lambda: (one := self._request('GET', path, (200,)).json()[
                'verification'])['status'] != 'in_progress' and one,
            PATIENCE, f'the end of {path}')
        self.tally[f'verify: {found["status"]}'] += 1
        reasons = found['resources_reason']
        assert 'damaged' not in str(reasons), (checkpoint_id, reasons)
        assert found['status'] == 'success' or not at_rest, reasons

    def delete(self, checkpoint_id, at_rest=False):
        if not at_rest:
            self._dawdle('delete', self.known[checkpoint_id])
        response = self._request('DELETE', self._path(checkpoint_id),
                                 (200, 202, 204, 404, 409))
        if response.status_code == 409:
            assert not at_rest, response.text
            return
        if not at_rest and self.random.random() < 0.3:
            return              # and does not wait for the end
        status = daemons.until(
            lambda: (found := self.status(checkpoint_id)) != 'deleting'
            and found, PATIENCE, f'the end of delete {checkpoint_id}')
        self.tally[f'delete: {status}'] += 1
        if status == 'deleted':
            del self.known[checkpoint_id]
        else:
            assert not at_rest, f'{checkpoint_id} is {status}'
