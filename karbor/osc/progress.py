# SPDX-License-Identifier: Apache-2.0
"""Watching an operation until it has ended."""

import argparse
import shutil
import time
from typing import Any

from osc_lib import exceptions
from osc_lib.command import command

from karbor.osc import client
from karbor.osc import common

# seconds between two looks: the first, the longest, and how it becomes that
_FIRST, _LONGEST, _FACTOR = 0.25, 4, 1.3
# so often in a row no answer is put up with: about three minutes
_PATIENCE = 45
ENDED = ('success', 'error', 'cancelled')
_WIDTH = 30


class Watcher(command.ShowOne):
    """Can wait for the end of an operation; the status is 1 if in vain."""

    _in_vain = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('--wait', action='store_true',
                            help='Wait for the end of the operation; the '
                                 'exit status is 1 unless it was successful')
        return parser

    def run(self, parsed_args: argparse.Namespace) -> int:
        return super().run(parsed_args) or int(self._in_vain)

    def wait(self, id_: str) -> client.Answer:
        """Look at an operation until it has ended.

        :return: as it is then, in a list
        :raises exceptions.CommandError: it cannot be looked at
        """
        stream: Any = self.app.stderr
        # who ends the waiting has to know what goes on
        stream.write(f'Waiting for operation {id_}.\n')
        karbor = common.client_of(self)
        bar = Bar(stream)
        pause, left = _FIRST, _PATIENCE
        try:
            while True:
                try:
                    found = _look(karbor, id_)
                    left = _PATIENCE
                    bar.draw(found)
                    if found['status'] in ENDED:
                        break
                except client.Away as error:
                    # a restart of the service does not end the operation
                    left -= 1
                    if left == 0:
                        raise
                    bar.say(str(error))
                time.sleep(pause)
                pause = min(pause * _FACTOR, _LONGEST)
        finally:
            bar.close()
        self._in_vain = found['status'] != 'success'
        if self._in_vain:
            self.log.error('Operation %s ended with %s: %s', id_,
                           found['status'], found['reason'])
        return found


class Bar:
    """How far an operation is, in one line that is drawn again and again.

    :param stream: nothing is drawn unless it is a terminal
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._draws = stream.isatty()

    def draw(self, operation: client.Answer) -> None:
        """Show an operation in place of what was shown before."""
        fraction = operation['fraction']
        done = '=' * int(fraction * _WIDTH)
        words = operation['status']
        if waiting := operation['waiting']:
            words += f', {waiting["position"]}: {waiting["reason"]}'
        self.say(f'[{done:<{_WIDTH}}] {fraction:4.0%} {words}')

    def say(self, words: str) -> None:
        """Show some words in place of what was shown before."""
        if not self._draws:
            return
        # a reason that has such in it must not move the cursor
        line = ''.join(mark if mark.isprintable() else ' ' for mark in words)
        # in one line, or it could not be drawn over
        most = shutil.get_terminal_size().columns - 1
        self._stream.write(f'\r{line[:most]}\x1b[K')
        self._stream.flush()

    def close(self) -> None:
        """Let what follows begin a line."""
        if self._draws:
            self._stream.write('\n')


def _look(karbor: client.Client, id_: str) -> client.Answer:
    # a list: shown alone, it has all of its resources each time
    for found in karbor.pages('operations', 'operations', {'id': id_}):
        return found
    raise exceptions.CommandError(
        f"No operation with an ID of '{id_}' exists.")
