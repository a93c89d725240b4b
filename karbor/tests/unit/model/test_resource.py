# SPDX-License-Identifier: Apache-2.0
"""A resource."""

import dataclasses

import pytest

from karbor.model.resource import Resource

ONE = Resource('T', '1', 'one', {'az': 'nova'})


def test_type_and_id_are_what_it_is():
    same = Resource('T', '1')
    assert same == ONE
    assert hash(same) == hash(ONE)
    assert same.key == ('T', '1')
    assert len({ONE, same, Resource('T', '2'), Resource('U', '1')}) == 3
    assert Resource('T', '2') != ONE != Resource('U', '1')
    assert ONE != ('T', '1')


def test_it_does_not_change():
    with pytest.raises(dataclasses.FrozenInstanceError):
        ONE.name = 'two'


def test_it_names_itself():
    assert str(ONE) == 'T 1'


@pytest.mark.parametrize('resource', [ONE, Resource('T', '2')])
def test_plain_data_and_back(resource):
    data = resource.to_dict()
    assert set(data) == {'id', 'type', 'name', 'extra_info'}
    assert Resource.from_dict(data).to_dict() == data


def test_plain_data_is_a_copy():
    ONE.to_dict()['extra_info']['az'] = 'other'
    assert ONE.extra_info == {'az': 'nova'}


@pytest.mark.parametrize('name', [{}, {'name': None}, {'name': ''}])
def test_a_name_may_lack(name):
    assert Resource.from_dict({'type': 'T', 'id': '1', **name}).to_dict() == {
        'type': 'T', 'id': '1', 'name': '', 'extra_info': None}


@pytest.mark.parametrize('field', ['type', 'id'])
def test_what_it_is_may_not_lack(field):
    data = ONE.to_dict()
    del data[field]
    with pytest.raises(KeyError, match=field):
        Resource.from_dict(data)
