"""What `replay` and `projections check` refuse before they ask a server: exit 2, and the option's name."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from runtime.cli import app

ALL = ("--all",)
LEADS = ("--projection", "leads")
NAMES = "conversations, messages, leads, handoffs, rag_queries, followups, openai_usage"
ONE_OF = "give one of --projection NAME, --all, --to-file FILE, --to-stream KEY, --abandon"
CASES: dict[str, tuple[tuple[str, ...], str]] = {
    "nothing": ((), ONE_OF),
    "only how": (("--dry-run",), ONE_OF),
    "only undo": (("--undo",), ONE_OF),
    "names and all": ((*LEADS, *ALL), "not --all and --projection together"),
    "all and a file": ((*ALL, "--to-file", "x"), "not --all and --to-file together"),
    "a name and a stream": ((*LEADS, "--to-stream", "x"), "not --projection and --to-stream"),
    "a name to be dropped": ((*LEADS, "--abandon"), "not --projection and --abandon together"),
    "unknown": (("--projection", "lead"), f"there is no read model lead; there are {NAMES}"),
    "one of several unknown": (("--projection", "leads,lead"), "there is no read model lead;"),
    "an empty name": (("--projection", "leads,"), "there is no read model without a name;"),
    "a work queue": (
        ("--projection", "inbox"),
        "inbox is a work queue of the group agent: it holds what is still to be done",
    ),
    "keep-old text": ((*ALL, "--keep-old", "long"), "'--keep-old'"),
    "keep-old below": ((*ALL, "--keep-old", "-1"), "'--keep-old'"),
    "keep-old above": ((*ALL, "--keep-old", "8761"), "'--keep-old'"),
    "keep-old nan": ((*ALL, "--keep-old", "nan"), "'--keep-old'"),
    "workers 0": ((*ALL, "--workers", "0"), "'--workers'"),
    "workers 65": ((*ALL, "--workers", "65"), "'--workers'"),
    "share 0": ((*ALL, "--share", "0"), "'--share'"),
    "share 1.5": ((*ALL, "--share", "1.5"), "'--share'"),
    "share nan": ((*ALL, "--share", "nan"), "'--share'"),
    "max-lag 0": ((*ALL, "--max-lag", "0"), "'--max-lag'"),
    "max-lag inf": ((*ALL, "--max-lag", "inf"), "'--max-lag'"),
    "max-lag nan": ((*ALL, "--max-lag", "nan"), "'--max-lag'"),
    "company": ((*ALL, "--company", ""), "--company: must be text"),
    "conversation": ((*ALL, "--company", "a", "--conversation", "x" * 201), "--conversation:"),
    "type": ((*ALL, "--type", "lead"), "--type: 'lead' is not family.name"),
    "from": ((*ALL, "--from", "ontem"), "--from: 'ontem' is neither a time"),
    "until": ((*ALL, "--until", "2026-13-01"), "--until:"),
    "order": ((*ALL, "--from", "2026-02-01", "--until", "2026-01-01"), "--until: must be later"),
    "by": ((*ALL, "--from", "2026-02-01", "--by", "sent_at"), "--by: 'sent_at' is none of"),
    "by without a time": ((*ALL, "--by", "occurred_at"), "--by: only with --from or --until"),
    "fail-on-change alone": ((*ALL, "--fail-on-change"), "--fail-on-change: only with --dry-run"),
    "kept of a dry run": (
        (*ALL, "--dry-run", "--keep-old", "24"),
        "--keep-old: not with --dry-run",
    ),
    "kept of rows": (
        (*ALL, "--company", "a", "--keep-old", "24"),
        "--keep-old: not with --company",
    ),
    "undo of some": ((*ALL, "--undo", "--company", "a"), "--company: not with --undo"),
    "undo tried": ((*ALL, "--undo", "--dry-run"), "--dry-run: not with --undo"),
    "rate": ((*ALL, "--rate", "5"), "--rate: not with --projection and --all"),
    "max-len": ((*ALL, "--max-len", "5"), "--max-len: not with --projection and --all"),
    "overwrite": ((*ALL, "--dry-run", "--overwrite"), "--overwrite: not with --dry-run"),
    "restart": ((*LEADS, "--restart"), "--restart: not with --projection and --all"),
    "undo of a file": (("--to-file", "x", "--undo"), "--undo: not with --to-file"),
    "workers of a stream": (
        ("--to-stream", "x", "--workers", "2"),
        "--workers: not with --to-stream",
    ),
    "json of a drop": (("--abandon", "--json"), "--json: not with --abandon"),
    "dry drop": (("--abandon", "--dry-run"), "--dry-run: not with --abandon"),
    "narrowed drop": (("--abandon", "--company", "a"), "--company: not with --abandon"),
}
CHECKS: dict[str, tuple[tuple[str, ...], str]] = {
    "unknown": (("leads", "lead"), f"there is no read model lead; there are {NAMES}"),
    "a work queue": (("inbox",), "inbox is a work queue of the group agent"),
    "rows": (("--rows", "-1"), "'--rows'"),
    "workers": (("--workers", "0"), "'--workers'"),
}


def told(*words: str) -> tuple[int, str]:
    """The exit code and all that was said, in one line; no server answers."""
    environ = {
        "SUPABASE_DB_URL": "postgresql://nobody@127.0.0.1:1/x",
        "REDIS_URL": "redis://127.0.0.1:1",
        "COLUMNS": "300",
    }
    answer = CliRunner().invoke(app, list(words), env=environ)
    return answer.exit_code, " ".join(answer.output.split())


@pytest.mark.parametrize("case", CASES)
def test_a_replay_that_makes_no_sense_is_wrong_use(case: str) -> None:
    words, said = CASES[case]
    code, output = told("replay", *words)
    assert (code, said in output) == (2, True), output


@pytest.mark.parametrize("case", CHECKS)
def test_a_check_that_makes_no_sense_is_wrong_use(case: str) -> None:
    words, said = CHECKS[case]
    code, output = told("projections", "check", *words)
    assert (code, said in output) == (2, True), output


@pytest.mark.parametrize("words", [("replay", "--all"), ("projections", "check")])
def test_a_postgres_that_does_not_answer_is_told_in_one_line(words: tuple[str, ...]) -> None:
    code, output = told(*words)
    assert code == 1
    assert output.startswith("Postgres does not answer:")
    assert output.endswith("Check SUPABASE_DB_URL, or try `psql`.")
