# SPDX-License-Identifier: Apache-2.0
"""Starting a daemon as far as the launcher."""

from karbor import service


class Launched(list):
    """What the launcher was given."""

    def __call__(self, conf, binary, instance, workers=1):
        # what operators call it
        assert binary.startswith('karbor-')
        self.append((instance, workers))
        return 5


def start(monkeypatch, run, main):
    """The service and the number of workers that a program launches."""
    launched = Launched()
    monkeypatch.setattr(service, 'launch', launched)
    assert run(main) == 5
    [found] = launched
    return found
