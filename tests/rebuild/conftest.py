"""An operator beside a database whose log holds events of every type."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rebuild.ground import consumed, mixed
from tests.runtime.operators import Operator


@pytest.fixture
async def operator(database_url: str, redis_url: str, tmp_path: Path) -> Operator:
    """At a terminal of 80 columns; everything is consumed, nobody runs any more."""
    operator = Operator(database_url, redis_url, tmp_path, columns=80)
    await operator.begin()
    await consumed(database_url, redis_url, mixed(400))
    return operator
