"""An operator who looks back into a log."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.history.commands import Operator


@pytest.fixture
def operator(database_url: str, tmp_path: Path) -> Operator:
    """At a migrated database; no Redis answers."""
    return Operator(database_url, tmp_path)
