# SPDX-License-Identifier: Apache-2.0
"""What plugins make outside of the bank: things with marks."""

from dataclasses import dataclass
import threading


@dataclass(frozen=True, slots=True)
class Thing:
    """Something outside.

    :ivar mark: whose it is, as its maker says
    """

    id: str
    mark: str
    content: bytes


class Cloud:
    """An outside that forgets nothing and asks nobody.

    Like most real ones it makes another thing each time that it is asked to,
    whatever mark that bears.

    :ivar things: by id
    """

    def __init__(self):
        self.things = {}
        self._made = 0
        self._lock = threading.Lock()

    def client(self, faults):
        """What a process sees of it."""
        return Client(self, faults)

    def marked(self, mark):
        """Things that bear a mark, oldest first."""
        with self._lock:
            return [thing for thing in self.things.values()
                    if thing.mark == mark]

    def make(self, mark, content):
        with self._lock:
            self._made += 1
            thing = Thing(f'thing-{self._made}', mark, content)
            self.things[thing.id] = thing
            return thing

    def delete(self, id_):
        with self._lock:
            self.things.pop(id_, None)


class Client:
    """A cloud as one process reaches it.

    Kinds of calls: ``make``, ``find`` and ``remove``.
    """

    def __init__(self, cloud, faults):
        self._cloud = cloud
        self._faults = faults

    def find(self, mark):
        """Things that bear a mark."""
        return self._faults.run('find', lambda: self._cloud.marked(mark),
                                mark)

    def make(self, mark, content=b''):
        """Make another thing."""
        return self._faults.run(
            'make', lambda: self._cloud.make(mark, content), mark)

    def made(self, mark, content=b''):
        """The thing that bears a mark, made if there is none."""
        found = self.find(mark)
        return found[0] if found else self.make(mark, content)

    def remove(self, mark):
        """Remove all that bears a mark."""
        for thing in self.find(mark):
            self._faults.run(
                'remove', lambda id_=thing.id: self._cloud.delete(id_),
                thing.id)
