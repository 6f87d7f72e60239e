"""The runbooks name only what exists, and their queries run."""

from __future__ import annotations

import re
import shlex
import unicodedata
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import typer.main

from events.catalogue import CATALOGUE
from runtime.agent.reasons import Reason
from runtime.cli import app
from runtime.metric_families import FAMILIES
from runtime.openai.health import Health
from runtime.readiness import State
from runtime.settings import Settings
from runtime.turns.debounce import NAME as DEBOUNCE
from tests.companies.files import applied
from tests.companies.test_guide import DEMO

ROOT = Path(__file__).parent.parent.parent
RUNBOOKS = ("runbook.md", "runbook.pt-BR.md")
SOURCE = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "runtime").rglob("*.py"))
HOW_TOS = [f"how-to/{file.name}" for file in sorted((ROOT / "docs" / "how-to").glob("*.md"))]
LOGGED = {*CATALOGUE, f"{DEBOUNCE}.tick_failed"}
"""Lines whose name is put together: events under their type, ticks by worker."""
NOT_BUILT = {"followup.tick_failed", "memory_cleanup.failed"}


def text(runbook: str) -> str:
    return (ROOT / "docs" / runbook).read_text(encoding="utf-8")


def queries(runbook: str) -> list[str]:
    return re.findall(r"```sql\n(.*?);\n```", text(runbook), re.DOTALL)


def tables(runbook: str) -> list[list[list[str]]]:
    """The cells of each table, head first."""
    blocks = re.findall(r"(?:^\|.*\n)+", text(runbook), re.MULTILINE)
    return [
        [[cell.strip() for cell in line.strip("|").split("|")] for line in block.splitlines()]
        for block in blocks
    ]


def codes(runbook: str, head: str) -> set[str]:
    """The codes in the first column of the tables that begin with this head."""
    return {
        code
        for rows in tables(runbook)
        if rows[0][0] == head
        for row in rows[2:]
        for code in re.findall(r"`([a-z_]+)`", row[0])
    }


@pytest.mark.parametrize("runbook", RUNBOOKS)
def test_each_log_line_is_logged(runbook: str) -> None:
    named = re.findall(r"^\| `([a-z_]+\.[a-z_]+)`", text(runbook), re.MULTILINE)

    assert len(named) >= 27
    assert [name for name in named if f'"{name}"' not in SOURCE and name not in LOGGED] == []


@pytest.mark.parametrize("runbook", RUNBOOKS)
def test_the_families_of_lines_are_those_of_the_catalogue(runbook: str) -> None:
    families = set(re.findall(r"`([a-z_]+)\.\*`", text(runbook)))

    assert families == {"message_received", "handoff", "rag", "lead"}
    assert families <= {name.partition(".")[0] for name in CATALOGUE}


@pytest.mark.parametrize("runbook", RUNBOOKS)
def test_workers_that_are_not_built_are_named_as_such(runbook: str) -> None:
    assert [name for name in NOT_BUILT if f'"{name}"' in SOURCE] == []
    lines = [line for line in text(runbook).splitlines() if any(name in line for name in NOT_BUILT)]
    assert [("never" in line or "nunca" in line) for line in lines] == [True]


@pytest.mark.parametrize("runbook", RUNBOOKS)
def test_each_metric_is_exported(runbook: str) -> None:
    named = set(
        re.findall(
            r"agent_runtime_[a-z_]+|agent_unanswered_seconds|domain_events_total", text(runbook)
        )
    )

    assert "agent_unanswered_seconds" in named
    assert named <= {family.shown_name for family in FAMILIES}


@pytest.mark.parametrize("runbook", RUNBOOKS)
def test_each_variable_is_a_setting(runbook: str) -> None:
    named = set(re.findall(r"`([A-Z]+_[A-Z_]+)(?:=[a-z0-9]+)?`", text(runbook)))

    assert {"DISABLE_CONNECTIONS", "SUPABASE_DB_URL", "DB_POOL_MAX", "TURN_LEASE_S"} <= named
    assert named - {"OPENAI_API_KEY"} <= {name.upper() for name in Settings.model_fields}


@pytest.mark.parametrize("runbook", RUNBOOKS)
def test_codes_are_those_of_the_program(runbook: str) -> None:
    reasons = codes(runbook, "`reason` without a call") | codes(runbook, "`reason` sem chamada")
    assert reasons
    assert reasons <= {str(reason) for reason in Reason}
    assert codes(runbook, "`status`") == {str(health) for health in Health} | {"unknown"}
    states = codes(runbook, "`state`") - {"unknown", "suppressed", "pending", "sending"}
    assert states <= {str(state) for state in State}
    told = codes(runbook, "it says") | codes(runbook, "o que diz")
    assert len(told) >= 10
    assert told <= {str(reason) for reason in Reason}


async def test_each_query_runs(database_url: str, tmp_path: Path) -> None:
    async with asyncpg.create_pool(database_url, min_size=1, max_size=1) as pool:
        await applied(pool, tmp_path, DEMO.read_text(encoding="utf-8"))
        assert len(queries(RUNBOOKS[0])) == 14
        for query in queries(RUNBOOKS[0]):
            await pool.fetch(query)
        [company] = await pool.fetch(next(q for q in queries(RUNBOOKS[0]) if "no binding" in q))
    assert (company["company"], company["binding"]) == ("sorriso-leve", "no binding")
    assert company["has_key"] is False


def test_both_languages_have_the_same_queries() -> None:
    assert queries(RUNBOOKS[0]) == queries(RUNBOOKS[1])


def test_both_languages_have_the_same_sections_and_tables() -> None:
    levels = [re.findall(r"^(#+) ", text(runbook), re.MULTILINE) for runbook in RUNBOOKS]
    heads = [re.findall(r"^\| `([a-z_.]+)`", text(runbook), re.MULTILINE) for runbook in RUNBOOKS]

    assert levels[0] == levels[1]
    assert heads[0] == heads[1]


@pytest.mark.parametrize("page", [*RUNBOOKS, *HOW_TOS])
def test_each_command_and_option_exists(page: str) -> None:
    named = re.findall(r"`agent-runtime ([^`]+)`|^agent-runtime (.+)$", text(page), re.MULTILINE)

    for words in (shlex.split(quoted or line) for quoted, line in named):
        command: Any = typer.main.get_command(app)
        while words and words[0] in getattr(command, "commands", {}):
            command = command.commands[words.pop(0)]
        options = {option for parameter in command.params for option in parameter.opts}
        assert not getattr(command, "commands", None), (page, words)
        assert {word for word in words if word.startswith("--")} <= options, (page, words)


@pytest.mark.parametrize("runbook", RUNBOOKS)
def test_links_within_lead_to_a_section(runbook: str) -> None:
    sections = {anchor(title) for title in re.findall(r"^#+ (.+)$", text(runbook), re.MULTILINE)}
    wanted = re.findall(r"\]\(#([^)]+)\)", text(runbook))

    assert len(wanted) > 20
    assert [link for link in wanted if link not in sections] == []


def anchor(title: str) -> str:
    """As GitHub makes it: lower case, without punctuation, hyphens for spaces."""
    kept = [
        letter
        for letter in unicodedata.normalize("NFC", title.lower())
        if letter.isalnum() or letter in " -_"
    ]
    return "".join(kept).replace(" ", "-")
