# SPDX-License-Identifier: Apache-2.0
"""Use cases of operations, which v1 calls operation logs."""

from karbor import policy
from karbor.context import RequestContext
from karbor.db import operations as db
from karbor.model import states
from karbor.model.operation import Operation
from karbor.model.query import ListQuery


def get(context: RequestContext, operation_id: str) -> Operation:
    """One operation with its resources.

    :raises exception.OperationNotFound: there is none in the project
    """
    operation = db.get(context, operation_id)
    policy.authorize(context, 'operation_log:get',
                     {'project_id': operation.project_id})
    return operation


def list_(context: RequestContext, query: ListQuery,
          status: str | None = None,
          type_: str | None = None) -> list[Operation]:
    """A page of operations with their resources.

    :param status: a word of the v1 contract, of any type of operation
    :param type_: only operations of this type
    """
    policy.authorize(context, 'operation_log:list')
    return db.list_(context, query, type_=type_, statuses=(
        None if status is None else
        [(type_, own) for type_, words in states.V1_OPERATION_STATUS.items()
         for own, word in words.items() if word == status]))
