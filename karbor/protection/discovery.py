# SPDX-License-Identifier: Apache-2.0
"""Finding what an application consists of, in bounded time.

Plugins ask services that may be away or hang. What is not known in time is
an error: a smaller graph would be a smaller checkpoint.
"""

from collections.abc import Callable
import threading
import time
from typing import TypeVar

from karbor import exception
from karbor.i18n import _
from karbor.model.graph import Graph
from karbor.model.resource import Resource
from karbor.protection.protectables import Protectables
from karbor.protection.run import Run

T = TypeVar('T')
# how soon a user who cancels is listened to
_LISTEN = 1.0


def graph(run: Run, protectables: Protectables, named: list[Resource],
          seconds: float) -> tuple[Graph, tuple[Resource, ...]]:
    """What a plan's resources depend on, and those that do not exist.

    :param named: the plan's resources
    :param seconds: in which it has to be known
    :raises exception.PluginError: it cannot be known, or there is nothing
    :raises Cancelled: the run is to stop
    """
    context = run.plugin_context

    def ask() -> tuple[Graph, tuple[Resource, ...]]:
        if run.operation.request.get('missing_resources') != 'skip':
            return protectables.graph(context, named), ()
        roots, missing = protectables.find(context, named)
        if not roots:
            raise exception.PluginError(reason=_(
                'None of the resources of the plan exists any more; nothing '
                'was protected.'))
        return protectables.depending(context, roots), tuple(missing)

    return in_time(run, ask, seconds)


def in_time(run: Run, ask: Callable[[], T], seconds: float) -> T:
    """The answer to a question that may never be answered.

    The thread that waits for it cannot be ended. It does not keep the process
    from ending, and what it hears later is nobody's.

    :raises exception.PluginError: there is none in time
    :raises Cancelled: the run is to stop
    """
    answers: list[T] = []
    errors: list[BaseException] = []
    done = threading.Event()

    def work() -> None:
        try:
            answers.append(ask())
        except BaseException as error:
            # raised again by who waits
            errors.append(error)
        finally:
            done.set()

    threading.Thread(target=work, name='discovery', daemon=True).start()
    end = time.monotonic() + seconds
    while not done.wait(min(_LISTEN, max(0.0, end - time.monotonic()))):
        run.check()
        if time.monotonic() >= end:
            raise exception.PluginError(reason=_(
                'The resources of the plan and what they depend on were not '
                'known after %d seconds; nothing was protected.') % seconds)
    if errors:
        raise errors[0]
    return answers[0]
