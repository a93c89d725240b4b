# SPDX-License-Identifier: Apache-2.0
"""Patterns that leave files out, in the manner of gitignore.

``*`` and ``?`` do not match a slash, ``**`` does; ``[...]`` is a set of
characters. A pattern with a slash at its start or in its middle is anchored
at the top of the tree, any other matches at every depth. A slash at the end
matches directories only. What lies in an excluded directory is excluded with
it, so there is no negation.
"""

from collections.abc import Iterable
import re


def translate(pattern: str) -> tuple[str, bool]:
    """Turn one pattern into a regular expression.

    :return: the expression, and whether only directories match
    :raises ValueError: with the reason, in words
    """
    if not pattern or pattern != pattern.strip():
        raise ValueError('is empty or begins or ends with a blank')
    if pattern.startswith('!'):
        raise ValueError('negation with ! is not supported')
    only_directories = pattern.endswith('/')
    body = pattern.rstrip('/')
    anchored = '/' in body
    body = body.lstrip('/')
    if not body or any(part in ('', '.', '..') for part in body.split('/')):
        raise ValueError('has an empty part, . or ..')
    expression = ('' if anchored else '(?:.*/)?') + _body(body)
    try:
        re.compile(expression)
    except re.error as error:
        raise ValueError(f'is not a pattern: {error}') from None
    return expression, only_directories


def _body(text: str) -> str:
    result, at = '', 0
    while at < len(text):
        sign = text[at]
        if text.startswith('**/', at):
            result, at = result + '(?:.*/)?', at + 3
        elif text.startswith('**', at):
            result, at = result + '.*', at + 2
        elif sign == '[' and (end := text.find(']', at + 2)) > 0:
            chars = text[at + 1:end].replace('\\', '\\\\')
            if chars[0] in '!^':
                chars = '^' + chars[1:]
            # a set may not match the slash that separates names
            result, at = f'{result}(?!/)[{chars}]', end + 1
        else:
            result += {'*': '[^/]*', '?': '[^/]'}.get(sign, re.escape(sign))
            at += 1
    return result


class Exclude:
    """Tells which paths are left out.

    :ivar patterns: as they were given
    """

    def __init__(self, patterns: Iterable[str] = ()) -> None:
        """Compile all patterns into two expressions.

        :raises ValueError: a pattern is wrong; the text names it
        """
        self.patterns = tuple(patterns)
        any_kind, directories = [], []
        for pattern in self.patterns:
            try:
                expression, only_directories = translate(pattern)
            except ValueError as error:
                raise ValueError(f'{pattern!r} {error}') from None
            directories.append(expression)
            if not only_directories:
                any_kind.append(expression)
        self._any = _compile(any_kind)
        self._directories = _compile(directories)

    def __bool__(self) -> bool:
        return bool(self.patterns)

    def matches(self, path: str, is_directory: bool) -> bool:
        """Whether a path relative to the top of the tree is left out."""
        expression = self._directories if is_directory else self._any
        return (expression is not None
                and expression.fullmatch(path) is not None)


def _compile(expressions: list[str]) -> re.Pattern[str] | None:
    if not expressions:
        return None
    return re.compile('|'.join(f'(?:{part})' for part in expressions),
                      re.DOTALL)


def split(text: str) -> tuple[str, ...]:
    """Patterns out of one text: separated by commas or line ends."""
    parts = (part.strip() for part in re.split(r'[,\n]', text))
    return tuple(part for part in parts if part)
