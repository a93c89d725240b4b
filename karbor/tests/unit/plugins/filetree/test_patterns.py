# SPDX-License-Identifier: Apache-2.0

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import pytest

from karbor.plugins.filetree import patterns

NAMES = st.text(alphabet='ab.[*?!x', min_size=1, max_size=5).filter(
    lambda text: text not in ('.', '..'))


@pytest.mark.parametrize(('pattern', 'path', 'is_directory', 'matches'), [
    ('*.log', 'a.log', False, True),
    ('*.log', 'deep/er/a.log', False, True),
    ('*.log', 'a.log/x', False, False),
    ('/*.log', 'deep/a.log', False, False),
    ('/*.log', 'a.log', False, True),
    ('a/b', 'a/b', False, True),
    ('a/b', 'x/a/b', False, False),
    ('a/**/b', 'a/b', False, True),
    ('a/**/b', 'a/x/y/b', False, True),
    ('a/**', 'a/x/y', False, True),
    ('**/b', 'x/y/b', False, True),
    ('cache/', 'x/cache', True, True),
    ('cache/', 'x/cache', False, False),
    ('a?c', 'abc', False, True),
    ('a?c', 'a/c', False, False),
    ('[ab]x', 'bx', False, True),
    ('[!ab]x', 'bx', False, False),
    ('[^ab]x', 'cx', False, True),
    ('a[!b]c', 'a/c', False, False),
    ('[', '[', False, True),
    ('a.c', 'abc', False, False),
    ('*', 'with\nline', False, True),
])
def test_match(pattern, path, is_directory, matches):
    assert patterns.Exclude([pattern]).matches(path, is_directory) is matches


@pytest.mark.parametrize('pattern', ['', ' a', 'a ', '!a', '/', 'a//b',
                                     '../a', 'a/./b', '[z-a]'])
def test_a_wrong_pattern_is_named(pattern):
    with pytest.raises(ValueError, match='^' + repr(pattern)[0]) as caught:
        patterns.Exclude(['fine', pattern])
    assert repr(pattern) in str(caught.value)


def test_none_excludes_nothing():
    nothing = patterns.Exclude()
    assert not nothing
    assert not nothing.matches('a', False)
    assert not nothing.matches('a', True)


def test_split():
    assert patterns.split(' *.log, b/\n\n,c ') == ('*.log', 'b/', 'c')
    assert patterns.split('') == ()


@settings(max_examples=100, deadline=None)
@given(st.lists(NAMES, min_size=1, max_size=4))
def test_a_star_for_each_part_matches_its_path(parts):
    path = '/'.join(parts)
    assert patterns.Exclude(['/' + '/'.join('*' * len(parts))]).matches(
        path, False)
    assert not patterns.Exclude(['/' + '/'.join('*' * (len(parts) + 1))]
                                ).matches(path, False)
