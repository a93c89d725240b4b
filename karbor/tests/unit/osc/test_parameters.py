# SPDX-License-Identifier: Apache-2.0
"""Parameters of plugins, as options have them."""

import argparse

import pytest

from karbor.osc import parameters


def parse(*arguments):
    parser = argparse.ArgumentParser()
    parameters.add(parser)
    return parameters.of(parser.parse_args(arguments))


def test_without():
    assert parse() == {}


@pytest.mark.parametrize(('text', 'expected'), [
    ('resource_type=A::B', {'A::B': {}}),
    ('resource_type=A,x=1,y=true,z=word',
     {'A': {'x': 1, 'y': True, 'z': 'word'}}),
    ('resource_id=i#1,resource_type=A,path=/a=b',
     {'A#i#1': {'path': '/a=b'}}),
    # what is no number of JSON is text
    ('resource_type=A,a=007,b=-5,c=1.5,d=True,e=,f=0,g=' + '9' * 30,
     {'A': {'a': '007', 'b': -5, 'c': '1.5', 'd': 'True', 'e': '', 'f': 0,
            'g': '9' * 30}})])
def test_of_one_type(text, expected):
    assert parse('--parameters', text) == expected


def test_of_several():
    assert parse('--parameters', 'resource_type=A,x=1',
                 '--parameters', 'resource_type=A,resource_id=i,x=2',
                 '--parameters', 'resource_type=A,y=3') == {
        'A': {'x': 1, 'y': 3}, 'A#i': {'x': 2}}


def test_of_json():
    assert parse('--parameters-json', '{"A": {"x": "1"}}') == {
        'A': {'x': '1'}}
    # the service says what is wrong with it
    assert parse('--parameters-json', '[]') == []


@pytest.mark.parametrize(('option', 'text', 'words'), [
    ('--parameters', 'x=1', 'expected a resource_type'),
    ('--parameters', 'resource_type=,x=1', 'expected a resource_type'),
    ('--parameters', 'resource_type=A,x', "expected <key>=<value>, not 'x'"),
    ('--parameters', 'resource_type=A,=1', "expected <key>=<value>, not '=1"),
    ('--parameters', '', "expected <key>=<value>, not ''"),
    ('--parameters-json', '{', 'expected JSON'),
    ('--parameters-json', '', 'expected JSON'),
    ('--parameters-json', '{"A": {"x": NaN}}', 'NaN is no number of JSON'),
    ('--parameters-json', '1' * 5000, 'expected JSON'),
    ('--parameters-json', '[' * 100_000, 'expected JSON')],
    ids=lambda value: value[:20])
def test_what_is_wrong(option, text, words, capsys):
    with pytest.raises(SystemExit):
        parse(option, text)
    assert f'argument {option}: {words}' in capsys.readouterr().err.replace(
        'expected JSON: NaN', 'NaN')


def test_not_both_ways(capsys):
    with pytest.raises(SystemExit):
        parse('--parameters', 'resource_type=A', '--parameters-json', '{}')
    assert 'not allowed with' in capsys.readouterr().err
