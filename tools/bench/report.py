# SPDX-License-Identifier: Apache-2.0
"""What the benchmarks share: a place to work in, and how they tell."""

from collections.abc import Callable, Iterable, Mapping
import json
from pathlib import Path
import shutil
import tempfile
from typing import Any

# kind, what was measured, and the figures
Result = tuple[str, str, Mapping[str, Any]]


def tell(results: Callable[[Path], Iterable[Result]],
         said: Mapping[str, str], file: Path | None, width: int = 45) -> None:
    """Print each result as it comes, and write all of them to a file.

    :param results: measures in a directory that is removed at the end
    :param said: by kind, a format of its figures
    :param file: for all of them as JSON; None: they are only printed
    :param width: of the column that says what was measured
    """
    root = Path(tempfile.mkdtemp(prefix='karbor-bench-'))
    longest = max(map(len, said))
    found = []
    try:
        for kind, what, result in results(root):
            print(f'{kind:{longest}} {what:{width}} '
                  f'{said[kind].format(**result)}', flush=True)
            found.append({'kind': kind, 'what': what, **result})
    finally:
        shutil.rmtree(root, ignore_errors=True)
        if file is not None:
            file.write_text(json.dumps(found, indent=2) + '\n')
