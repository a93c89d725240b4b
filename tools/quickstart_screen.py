# SPDX-License-Identifier: Apache-2.0
"""What the quickstart shows: headings, the calls it makes, a progress bar.

Looks as well in a dumb terminal or a file: no colours there, no cursor
movement, and a line for every tenth of the way in place of a moving bar.
"""

import os
import pprint
import re
import shutil
import sys
import time

TERMINAL = sys.stdout.isatty() and os.environ.get('TERM', 'dumb') != 'dumb'
COLOUR = TERMINAL and not os.environ.get('NO_COLOR')
UNICODE = (sys.stdout.encoding or '').lower().replace('-', '') == 'utf8'
FULL, EMPTY = ('█', '░') if UNICODE else ('#', '.')
MARK = {True: '✓' if UNICODE else 'ok', False: '✗' if UNICODE else 'NOT'}


def paint(text, code):
    return f'\033[{code}m{text}\033[0m' if COLOUR else text


def heading(number, text):
    print(f'\n{paint(f"{number}. {text}", "1;36")}', flush=True)


def say(text):
    print(f'   {text}', flush=True)


def verdict(good, text):
    print(f'   {paint(MARK[good], "1;32" if good else "1;31")} {text}',
          flush=True)


def size(number):
    """Bytes as a person reads them."""
    for unit in ('B', 'kB', 'MB', 'GB'):
        if number < 1000 or unit == 'GB':
            return (f'{number} B' if unit == 'B'
                    else f'{number:.1f} {unit}')
        number /= 1000
    raise AssertionError('not reached')


def table(rows):
    """Print rows of text; the first one is the head."""
    rows = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(cell) for cell in column)
              for column in zip(*rows, strict=True)]
    for number, row in enumerate(rows):
        line = '  '.join(cell.ljust(width) for cell, width
                         in zip(row, widths, strict=True)).rstrip()
        say(paint(line, '1') if not number else line)


class Bar:
    """Progress of one operation.

    A bar says only what the service says: it never guesses ahead.
    """

    def __init__(self, label):
        self.label = label
        self.began = time.monotonic()
        self.steps = 0
        self.shown = -1

    def line(self, fraction, done, total):
        columns = shutil.get_terminal_size().columns if TERMINAL else 79
        text = f'{fraction:4.0%}'
        if total:
            text += f'  {size(done)} of {size(total)}'
        text += f'  {time.monotonic() - self.began:.1f} s'
        # a width of its own for each terminal, whatever the text
        width = max(10, min(30, columns - 49))
        full = round(width * fraction)
        return (f'   {self.label} {FULL * full}{EMPTY * (width - full)} '
                f'{text}')

    def update(self, fraction, done=0, total=0):
        fraction = min(max(fraction, 0.0), 1.0)
        self.steps += 1
        if TERMINAL:
            print(f'\r{self.line(fraction, done, total)}\033[K', end='',
                  flush=True)
        elif int(fraction * 10) > self.shown:
            self.shown = int(fraction * 10)
            print(self.line(fraction, done, total), flush=True)

    def end(self):
        if TERMINAL:
            print(flush=True)
        return time.monotonic() - self.began


def _shown(value):
    """As Python reads it; what is long stands on several lines."""
    return pprint.pformat(value, width=68, sort_dicts=False)


def _short(url):
    """With the first digits of each id, as the call has it in full."""
    return re.sub(r'([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f-]{22}', r'\1...', url)


class Narrator:
    """A client whose calls are printed, as a reader would write them.

    Each call is shown with the request that it became. In ``quiet`` (while
    something is asked again and again) nothing is shown.
    """

    def __init__(self, client):
        self._client = client
        self.quiet = False
        self._requests = []
        send = client.http_client._http_request

        def request(url, method, **kwargs):
            began = time.monotonic()
            status = 'failed'
            try:
                response = send(url, method, **kwargs)
                status = response.status_code
                return response
            except Exception as error:
                status = getattr(error, 'http_status', None) or status
                raise
            finally:
                self._requests.append(
                    f'{method} {_short(url)} -> {status}, '
                    f'{(time.monotonic() - began) * 1000:.0f} ms')

        client.http_client._http_request = request

    def __getattr__(self, name):
        return _Manager(self, name, getattr(self._client, name))

    def call(self, name, method, args, kwargs):
        words = [_shown(arg) for arg in args]
        words += [f'{key}={_shown(value)}' for key, value in kwargs.items()]
        self._requests.clear()
        if not self.quiet:
            text = f'client.{name}({", ".join(words)})'
            if len(text) > 74:
                text = f'client.{name}(\n' + ',\n'.join(words) + ')'
                text = text.replace('\n', '\n         ')
            print(f'   {paint("> " + text, "33")}', flush=True)
        try:
            return method(*args, **kwargs)
        finally:
            if not self.quiet:
                for request in self._requests:
                    print(f'     {paint(request, "2")}', flush=True)


class _Manager:
    def __init__(self, narrator, name, manager):
        self._narrator, self._name, self._manager = narrator, name, manager

    def __getattr__(self, verb):
        method = getattr(self._manager, verb)

        def call(*args, **kwargs):
            return self._narrator.call(f'{self._name}.{verb}', method, args,
                                       kwargs)
        return call
