# SPDX-License-Identifier: Apache-2.0
"""Use cases of operations, which v1 calls operation logs."""

from karbor import policy
from karbor.actions import handover
from karbor.actions import telling
from karbor.context import RequestContext
from karbor.db import cancelling
from karbor.db import operations as db
from karbor.model import states
from karbor.model.operation import Operation
from karbor.model.query import ListQuery

# who may ask for an operation of a type may also take that back
ASKED_BY = {'protect': 'provider:checkpoint_create',
            'restore': 'restore:create',
            'delete': 'provider:checkpoint_delete',
            'verify': 'verification:create', 'copy': 'copy:create',
            'undo': 'restore:undo'}


def get(context: RequestContext, operation_id: str, *,
        rule: str = 'operation_log:get') -> Operation:
    """One operation with its resources.

    :param rule: by which it is looked at
    :raises exception.OperationNotFound: there is none in the project
    """
    operation = db.get(context, operation_id, shown=True)
    policy.authorize(context, rule, {'project_id': operation.project_id})
    return operation


def cancel(context: RequestContext, operation_id: str) -> Operation:
    """End an operation at once if it waits, else soon.

    :return: the operation as it is now, without its resources
    :raises exception.OperationNotFound: there is none in the project
    :raises exception.OperationEnded: it is too late
    """
    operation = db.get(context, operation_id, most=0)
    authorize_cancel(context, operation.type, operation.project_id)
    status = cancelling.cancel(context, operation_id, str(context.user_id))
    if status == 'running':
        handover.cast_cancel(context, operation_id)
    now = db.get(context, operation_id, most=0)
    if status == 'cancelled':
        # at once, so no worker tells of it
        telling.ended(now)
    return now


def authorize_cancel(context: RequestContext, type_: str,
                     project_id: str) -> None:
    """Refuse who may not take back an operation of a type."""
    target = {'project_id': project_id}
    policy.authorize(context, 'operation:cancel', target)
    # what a newer release asks for has no rule here
    if type_ in ASKED_BY:
        policy.authorize(context, ASKED_BY[type_], target)


def list_(context: RequestContext, query: ListQuery,
          status: str | None = None, type_: str | None = None, *,
          rule: str = 'operation_log:list',
          most: int = 0) -> list[Operation]:
    """A page of operations with their first resources.

    :param status: a word of the v1 contract for that type, or for any
    :param type_: only operations of this type
    :param rule: by which they are looked at
    :param most: so many resources of each
    """
    policy.authorize(context, rule)
    return db.list_(context, query, type_=type_, most=most, statuses=(
        None if status is None else
        [(of, own) for of, words in states.V1_OPERATION_STATUS.items()
         if type_ in (None, of)
         for own, word in words.items() if word == status]))
