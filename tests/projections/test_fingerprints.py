"""A fingerprint changes with what decides rows, and with nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import MappingProxyType

import pytest

import projections.fingerprints as fingerprints
import projections.reached_code as reached_code
from events.catalogue import CATALOGUE, EventType
from projections.fingerprints import PREFIX, fingerprint, makes_same_rows, plain_sql, sql_of
from projections.reached_code import ReachedCode, source_of
from projections.registry import ALL, by_name
from projections.same_rows import SAME_ROWS
from tests.projections.fingerprints import PINNED, present

ROOT = Path(__file__).parent.parent.parent
MESSAGES, RAG, DAILY = by_name("messages"), by_name("rag_queries"), by_name("daily_counts")
Edit = Callable[[str], str]
_PARSED = cache(reached_code._parsed)


@pytest.fixture(autouse=True)
def each_text_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all modules, the edits change one."""
    monkeypatch.setattr(reached_code, "_parsed", _PARSED)


def edited(module: str, *edits: tuple[str, str]) -> ReachedCode:
    """The code with one module's text changed."""

    def source(name: str) -> str:
        text = source_of(name)
        for old, new in edits if name == module else ():
            assert old in text
            text = text.replace(old, new)
        return text

    return ReachedCode(source)


def changed_by(module: str, *edits: tuple[str, str]) -> set[str]:
    """The projections whose fingerprint such a change changes."""
    code = edited(module, *edits)
    return {p.name for p in ALL if fingerprint(p, code=code) != fingerprint(p)}


def test_the_fingerprints_are_those_that_were_reviewed() -> None:
    assert present() == json.loads(PINNED.read_text()), (
        "the code behind a read model changed: where its rows may differ, raise its version; where a "
        "test holds them to be the same, add the fingerprint of before to projections/same_rows.py. "
        "Then run python -m tests.projections.fingerprints"
    )


def test_no_two_projections_share_a_fingerprint() -> None:
    assert len(set(present().values())) == len(ALL)


@pytest.mark.parametrize(
    ("module", "old", "new", "changes"),
    [
        (
            "projections.messages",
            '"message.failed": "failed"',
            '"message.failed": "lost"',
            {"messages"},
        ),
        ("projections.rag_queries", "ms=payload.duration_ms", "ms=0", {"rag_queries"}),
        (
            "projections.conversations",
            '"unsupported"',
            '"unsupported", "poll"',
            {
                *("messages", "conversations", "inbox"),
                *("company_activity", "conversation_control"),
            },
        ),
        ("events.sources", '"agent-runtime"', '"us"', {"channel_reports", "conversation_control"}),
        (
            "events.upcasters",
            'payload["ms"]',
            "0",
            {"rag_queries", "daily_counts"},
        ),
        (
            "events.catalogue.messages",
            "detail: str | None = None",
            "detail: str",
            {"messages", "channel_reports", "daily_counts"},
        ),
    ],
)
def test_what_decides_rows_changes_the_fingerprints_that_it_decides(
    module: str, old: str, new: str, changes: set[str]
) -> None:
    assert changed_by(module, (old, new)) == changes


def test_a_shared_piece_of_the_folds_changes_those_that_use_it() -> None:
    changed = changed_by("projections.draft", ("_copied(loaded)", "loaded"))

    assert {"messages", "leads", "rag_queries"} <= changed
    assert "openai_usage" not in changed


def test_the_rest_of_a_module_from_which_a_constant_comes_changes_nothing_elsewhere() -> None:
    assert changed_by("projections.conversations", ("class Conversations", "class Dialogues")) == {
        "conversations"
    }


@pytest.mark.parametrize(
    "edits",
    [
        [('"""One row a query."""', '"""Another word."""')],
        [("    version = 1\n", "    version = 1  # the first\n\n")],
        [("    query: str | None\n", '    query: str | None\n    """What was asked."""\n')],
        [
            (
                "def _row(recorded: RecordedEvent, payload: RagQuery) -> Query:",
                "def _row(recorded, payload):",
            )
        ],
        [
            (
                'return {"rag_queries": draft.changed}',
                'return {\n  "rag_queries": (\n draft.changed\n),\n }',
            )
        ],
    ],
    ids=["docstring", "comment", "attribute docstring", "annotations", "layout"],
)
def test_what_decides_no_row_changes_nothing(edits: list[tuple[str, str]]) -> None:
    assert changed_by("projections.rag_queries", *edits) == set()


def test_a_comment_in_a_shared_module_changes_nothing() -> None:
    edits = ("class Draft(", "# Rows.\nclass Draft(")
    assert changed_by("projections.draft", edits) == set()


@pytest.mark.parametrize(
    ("edit", "changes"),
    [
        (lambda sql: sql.replace("-- name: store", "-- name: store", 1), False),
        (lambda sql: sql.replace("one array per column", "arrays"), False),
        (lambda sql: sql.replace("\n       ", "\n   /* here */ "), False),
        (lambda sql: sql.replace("ms = excluded.ms", "ms = t.ms"), True),
        (lambda sql: sql.replace("-- name: view", "-- name: show"), True),
    ],
)
def test_a_statement_decides_and_its_comments_and_layout_do_not(edit: Edit, changes: bool) -> None:
    found = fingerprint(RAG, sql=lambda name: edit(sql_of(name)))

    assert (found != fingerprint(RAG)) is changes


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SELECT a ,  b -- why\nFROM t", "SELECT a, b FROM t"),
        ("f( x )", "f(x)"),
        ("SELECT /* it's */ 1", "SELECT 1"),
    ],
)
def test_statements_that_differ_in_layout_are_the_same(one: str, other: str) -> None:
    assert plain_sql(one) == plain_sql(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SELECT 'a  b'", "SELECT 'a b'"),
        ("SELECT 'a -- b'", "SELECT 'a'"),
        ("SELECT 'it''s ( x )'", "SELECT 'it''s (x)'"),
        ('SELECT "a  b"', 'SELECT "a b"'),
        ("SELECT $$a  b$$", "SELECT $$a b$$"),
        ("SELECT a b", "SELECT ab"),
    ],
)
def test_what_stands_in_quotes_is_no_layout(one: str, other: str) -> None:
    assert plain_sql(one) != plain_sql(other)


def test_a_new_version_of_an_event_changes_those_that_read_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = present()
    known = CATALOGUE["rag.failed"]
    older = {"rag.failed": EventType(known.type, MappingProxyType({1: known.versions[1]}))}
    monkeypatch.setattr(fingerprints, "CATALOGUE", MappingProxyType({**CATALOGUE, **older}))

    changed = {name for name, found in present().items() if found != before[name]}

    assert changed == {"rag_queries v1", "daily_counts v1"}


def test_the_rows_of_a_listed_code_of_before_are_taken_for_the_present_ones() -> None:
    listed = next(iter(SAME_ROWS["rag_queries"]))

    assert makes_same_rows(RAG, fingerprint(RAG))
    assert makes_same_rows(RAG, listed)
    assert not makes_same_rows(MESSAGES, listed)
    assert not makes_same_rows(RAG, PREFIX + "0" * 64)
    assert not makes_same_rows(RAG, "0" * 64)


def test_a_listed_code_of_before_names_the_test_that_proves_it() -> None:
    code = "\n".join(file.read_text() for file in (ROOT / "tests").rglob("test_*.py"))
    for name, listed in SAME_ROWS.items():
        assert fingerprint(by_name(name)) not in listed
        for proof in listed.values():
            assert f"def {proof}(" in code
