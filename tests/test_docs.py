"""What the documents name exists."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from projections.migrate import known_migrations

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
FROZEN = ROOT / "tests" / "vectors" / "migrations.sha256"


def _guarantees() -> list[list[str]]:
    """The rows of the tables: fault, what happens, what the operator sees, test."""
    page = (ROOT / "docs" / "explanation" / "guarantees.md").read_text()
    rows = [line.strip("|").split("|") for line in page.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in row] for row in rows]
    return [row for row in cells if row[0] != "fault" and set(row[0]) != {"-"}]


def test_every_guarantee_names_a_test_that_runs_each_time() -> None:
    code = "\n".join(file.read_text() for file in (ROOT / "tests").rglob("test_*.py"))
    tests = re.findall(r"((?:^@.*\n)*)^(?:async )?def (test_\w+)\(", code, re.MULTILINE)
    decorators = {name: marks for marks, name in tests}
    guarantees = _guarantees()
    assert len(guarantees) > 40
    for row in guarantees:
        assert len(row) == 4, row
        assert all(row), row
        name = row[3].strip("`")
        assert name in decorators, name
        assert "soak" not in decorators[name], name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
        assert (page.parent / target).exists(), target


def test_applied_migrations_are_frozen() -> None:
    lines = [line.split() for line in FROZEN.read_text().splitlines()]
    frozen = {title: sha256 for sha256, title in lines}
    found = {migration.title: migration.sha256 for migration in known_migrations()}
    assert found == frozen, "an applied migration never changes; a new one adds its line"


def test_the_hashes_are_those_of_the_files() -> None:
    for migration in known_migrations():
        file = ROOT / "projections" / "migrations" / f"{migration.title}.sql"
        assert hashlib.sha256(file.read_bytes()).hexdigest() == migration.sha256
