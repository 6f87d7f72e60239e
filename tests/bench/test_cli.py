"""What `agent-runtime bench` refuses before it starts anything."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from runtime.cli import app


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--scenario", "moon"], "turns, tenants"),
        (["--database-url", "postgresql://localhost/x"], "--redis-url"),
        (["--redis-url", "redis://localhost"], "--database-url"),
    ],
)
def test_wrong_use_is_told_with_what_is_allowed(words: list[str], told: str) -> None:
    result = CliRunner().invoke(app, ["bench", *words])
    assert result.exit_code == 2
    assert told in result.stderr
