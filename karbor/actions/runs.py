# SPDX-License-Identifier: Apache-2.0
"""Use cases of runs: the ledger of a scheduled operation."""

import dataclasses

from karbor import policy
from karbor.context import RequestContext
from karbor.db import run_lists
from karbor.db import runs
from karbor.db import scheduled_operations
from karbor.db import triggers
from karbor.model.query import ListQuery
from karbor.model.run import Run


def create(context: RequestContext, operation_id: str) -> Run:
    """Let an operation run now, whatever its trigger says.

    :return: a run that an engine will begin soon
    :raises exception.ScheduledOperationNotFound: none in the project
    :raises exception.ScheduledOperationDisabled: it does not run at all
    """
    operation = scheduled_operations.get(context, operation_id)
    policy.authorize(context, 'scheduled_operation:run',
                     {'project_id': operation.project_id})
    trigger = triggers.get(context, operation.trigger_id)
    return runs.add(context, operation_id, trigger.properties['window'])


def get(context: RequestContext, operation_id: str, run_id: str) -> Run:
    """One run of an operation.

    :raises exception.RunNotFound: there is none in the project
    """
    run = run_lists.get(context, operation_id, run_id)
    policy.authorize(context, 'scheduled_run:get',
                     {'project_id': run.project_id})
    return run


def list_(context: RequestContext, operation_id: str,
          query: ListQuery) -> list[Run]:
    """A page of the runs of an operation.

    :raises exception.ScheduledOperationNotFound: none in the project
    """
    operation = scheduled_operations.get(context, operation_id)
    policy.authorize(context, 'scheduled_run:get_all',
                     {'project_id': operation.project_id})
    # whoever may see the operation sees its runs, and none of others
    return run_lists.list_(context, operation_id, dataclasses.replace(
        query, all_projects=bool(context.is_admin)))
