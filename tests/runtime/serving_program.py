"""`serve` as a process of the tests: `python -m tests.runtime.serving_program [DIRECTORY]`.

With a directory it has embedded servers there. Its settings are in its environment.
"""

from __future__ import annotations

import sys
from pathlib import Path

from runtime.serve import run
from runtime.settings import load_settings


def main() -> int:
    """Serve until it is told to stop; the exit code."""
    embedded = len(sys.argv) > 1
    settings = load_settings(env_file=None, embedded=embedded)
    return run(settings, embedded=embedded, directory=Path(*sys.argv[1:]))


if __name__ == "__main__":
    sys.exit(main())
