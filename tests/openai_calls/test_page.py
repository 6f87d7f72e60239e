from __future__ import annotations

import re
from pathlib import Path

from runtime.agent.reasons import Reason
from runtime.openai.health import Health

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "openai.md"


def test_the_page_tells_of_every_reason_and_every_status() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]
    reasons = {name for row in cells for name in re.findall(r"`(\w+)`", row[2])}
    statuses = {name for row in cells for name in re.findall(r"`(\w+)`", row[3])}
    assert reasons == {reason for reason in Reason if reason.startswith("openai_")}
    assert statuses == set(Health)
