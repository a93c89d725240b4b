# SPDX-License-Identifier: Apache-2.0
"""Methods of quota classes."""

from karbor.api.schemas import quotas
from karbor.api.schemas import types
from karbor.api.schemas.method import Form
from karbor.api.schemas.method import Method
from karbor.api.schemas.method import V1_1

SHOW = Method('Show the limits of a class.', 'quota_class:get', (
    Form(answer=quotas.shown('quota_class', id=types.STRING)),))

_update = Form(body=quotas.limits('quota_class'),
               answer=quotas.shown('quota_class'))
UPDATE = Method('Change the limits of a class.', 'quota_class:update', (
    _update, _update.at(V1_1, body=quotas.limits_1_1('quota_class'))))
