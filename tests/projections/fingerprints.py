"""The fingerprints of the present code, pinned so that nobody changes a fold unawares.

`python -m tests.projections.fingerprints` writes them anew, after the choice that a change asks for.
"""

from __future__ import annotations

import json
from pathlib import Path

from projections.fingerprints import fingerprint
from projections.registry import ALL

PINNED = Path(__file__).parent.parent / "vectors" / "fingerprints.json"


def present() -> dict[str, str]:
    """Projection with its version → fingerprint."""
    return {f"{p.name} v{p.version}": fingerprint(p) for p in ALL}


if __name__ == "__main__":
    PINNED.write_text(json.dumps(present(), indent=2) + "\n", encoding="utf-8")
