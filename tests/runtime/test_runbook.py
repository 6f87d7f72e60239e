"""The runbooks name only what exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from runtime.metric_families import FAMILIES
from runtime.settings import Settings

ROOT = Path(__file__).parent.parent.parent
RUNBOOKS = ("runbook.md", "runbook.pt-BR.md")
SOURCE = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "runtime").rglob("*.py"))


def text(runbook: str) -> str:
    return (ROOT / "docs" / runbook).read_text(encoding="utf-8")


@pytest.mark.parametrize("runbook", RUNBOOKS)
def test_each_log_line_is_logged(runbook: str) -> None:
    named = re.findall(r"^\| `([a-z_]+\.[a-z_]+)`", text(runbook), re.MULTILINE)

    assert len(named) >= 14
    assert [name for name in named if f'"{name}"' not in SOURCE] == []


@pytest.mark.parametrize("runbook", RUNBOOKS)
def test_each_metric_is_exported(runbook: str) -> None:
    named = set(re.findall(r"agent_runtime_[a-z_]+|domain_events_total", text(runbook)))

    assert named
    assert named <= {family.shown_name for family in FAMILIES}


@pytest.mark.parametrize("runbook", RUNBOOKS)
def test_each_variable_is_a_setting(runbook: str) -> None:
    named = set(re.findall(r"`([A-Z]+_[A-Z_]+)(?:=[a-z0-9]+)?`", text(runbook)))

    assert {"DISABLE_CONNECTIONS", "SUPABASE_DB_URL", "DB_POOL_MAX"} <= named
    assert named - {"OPENAI_API_KEY"} <= {name.upper() for name in Settings.model_fields}


def test_both_languages_have_the_same_sections() -> None:
    levels = [re.findall(r"^(#+) ", text(runbook), re.MULTILINE) for runbook in RUNBOOKS]

    assert levels[0] == levels[1]
