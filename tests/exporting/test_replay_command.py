"""`agent-runtime replay` as an operator runs it: killed, stopped, refused."""

from __future__ import annotations

import asyncio
import gzip
import json
import random
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from redis import Redis
from typer.testing import CliRunner

from runtime.cli import app
from tests.exporting.logs import event, many, write_log
from tests.exporting.systems import LOOK_S, start, stop_once
from tests.runtime.operators import Operator

AUDIT = "SELECT action, affected, arguments->>'outcome' FROM runtime.audit_log ORDER BY id"
TO_FILE = ("--to-file", "x.jsonl")
BAD = {
    "neither": ((), "--to-file"),
    "both": ((*TO_FILE, "--to-stream", "s"), "--to-stream"),
    "from": ((*TO_FILE, "--from", "ontem"), "--from"),
    "until": ((*TO_FILE, "--until", "2026-13-01"), "--until"),
    "order": ((*TO_FILE, "--from", "2026-02-01", "--until", "2026-01-01"), "--until"),
    "by": ((*TO_FILE, "--by", "sent_at"), "--by"),
    "type": ((*TO_FILE, "--type", "Message"), "--type"),
    "company": ((*TO_FILE, "--company", ""), "--company"),
    "conversation": ((*TO_FILE, "--conversation", "c\n1", "--company", "a"), "--conversation"),
    "rate 0": ((*TO_FILE, "--rate", "0"), "--rate"),
    "rate nan": ((*TO_FILE, "--rate", "nan"), "--rate"),
    "rate text": ((*TO_FILE, "--rate", "fast"), "--rate"),
    "max-len": ((*TO_FILE, "--max-len", "5"), "--max-len"),
    "max-len 0": (("--to-stream", "s", "--yes", "--max-len", "0"), "--max-len"),
    "overwrite": (("--to-stream", "s", "--yes", "--overwrite"), "--overwrite"),
    "nobody to ask": (("--to-stream", "s"), "--yes"),
    "own stream": (("--to-stream", "domain-events:{0}", "--yes"), "--to-stream"),
    "no key": (("--to-stream", "", "--yes"), "--to-stream"),
    "no file": (("--to-file", ""), "--to-file"),
}


@pytest.mark.parametrize("case", BAD)
def test_wrong_use_names_the_option(case: str, tmp_path: Path) -> None:
    words, option = BAD[case]
    environ = {
        "SUPABASE_DB_URL": "postgresql://nobody@127.0.0.1:1/x",
        "REDIS_URL": "redis://127.0.0.1:1",
        "COLUMNS": "200",
    }
    answer = CliRunner().invoke(app, ["replay", *words], env=environ)
    assert answer.exit_code == 2, answer.output
    assert option in answer.output


async def test_what_only_the_log_or_the_disk_knows_is_wrong_use_too(operator: Operator) -> None:
    unknown = "0190a000-0000-7000-8000-000000000999"
    answer = await operator.run("replay", *TO_FILE, "--from", unknown)
    assert (answer.code, answer.err.split()[0]) == (2, "--from:")
    answer = await operator.run("replay", "--to-file", "nowhere/x.jsonl")
    assert answer.code == 2
    assert "no such directory" in answer.err


@pytest.fixture
async def filled(operator: Operator, conn: asyncpg.Connection) -> list[str]:
    """Twelve megabytes of events: several checkpoints."""
    rows = await write_log(conn, many(12_000, conversations=300, text="x" * 600))
    return [row.body for row in rows]


@pytest.mark.parametrize(
    "name", [pytest.param("events.jsonl", marks=pytest.mark.soak), "events.jsonl.gz"]
)
async def test_a_file_of_killed_runs_is_that_of_an_undisturbed_one(
    operator: Operator, filled: list[str], name: str
) -> None:
    choice = random.Random(name)
    partial = operator.folder / f"{name}.partial"
    scale = 1.0 if name.endswith("l") else len(gzip.compress("\n".join(filled).encode())) / 12e6
    words = ("replay", "--to-file", name, "--json")
    for least, most in ((0, 0), (0, 4e6), (5e6, 8e6), (9e6, 11e6)):
        size = choice.uniform(least, most) * scale
        process = start(operator, *words)
        code, _ = stop_once(process, _Above(lambda: _size(partial), size), signal.SIGKILL)
        if code == 0:
            break
        assert code == -signal.SIGKILL
        assert not _is_there(operator.folder / name)
    if not _is_there(operator.folder / name):
        (told,) = (await operator.run(*words)).rows()
        assert told["resumed"]
        assert told["events"] == len(filled) > told["events_of_this_run"]
    assert _lines(operator.folder / name) == filled
    again = await operator.run("replay", "--to-file", "whole.jsonl")
    assert again.code == 0, again.err
    assert _lines(operator.folder / "whole.jsonl") == filled


async def test_a_stream_of_killed_runs_has_each_event_once_in_order(
    operator: Operator, filled: list[str]
) -> None:
    choice = random.Random(5)
    words = ("replay", "--to-stream", "history", "--yes", "--json")
    client = Redis.from_url(operator.redis_url)
    kills = 0
    for least, most in ((0, 0), (1, 3_000), (4_000, 6_000), (7_000, 9_000)):
        reached = _Above(lambda: _length(client), choice.uniform(least, most))
        code, _ = stop_once(start(operator, *words, "--rate", "6000"), reached, signal.SIGKILL)
        if code == 0:
            break
        kills += 1
    assert kills
    if client.exists("{history}:replay"):
        (told,) = (await operator.run(*words)).rows()
        assert told["events"] == len(filled) > told["events_of_this_run"]
    entries: Any = client.xrange("history")
    assert [fields[b"event"].decode() for _, fields in entries] == filled
    assert client.exists("{history}:replay") == 0
    client.close()
    ((action, affected, outcome),) = await operator.rows(AUDIT)
    assert (action, outcome) == ("replay --to-stream", "done")
    assert affected <= len(filled)


@pytest.mark.parametrize(
    "how", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.soak)]
)
async def test_a_stopped_run_says_how_to_go_on(
    operator: Operator, conn: asyncpg.Connection, how: signal.Signals
) -> None:
    rows = await write_log(conn, many(300))
    slow = ("--rate", "100")
    to_file = ("replay", "--to-file", "x.jsonl")
    partial = operator.folder / "x.jsonl.partial"
    process = start(operator, *to_file, *slow)
    code, err = stop_once(process, lambda: _size(partial) > 5_000, how)
    assert code == 130
    assert "the same command goes on" in err
    (told,) = (await operator.run(*to_file, "--json")).rows()
    assert told["resumed"]
    assert _lines(operator.folder / "x.jsonl") == [row.body for row in rows]

    to_stream = ("replay", "--to-stream", "history", "--yes", "--as", "maria")
    client = Redis.from_url(operator.redis_url)
    process = start(operator, *to_stream, *slow)
    code, err = stop_once(process, lambda: _length(client) > 20, how)
    assert code == 130
    assert "the same command goes on" in err
    answer = await operator.run(*to_stream)
    assert "by earlier runs" in answer.out
    audited = await operator.rows(AUDIT)
    assert [outcome for _, _, outcome in audited] == ["stopped", "done"]
    assert sum(affected for _, affected, _ in audited) == 300
    assert _length(client) == 300
    client.close()


@pytest.mark.parametrize("to", [pytest.param("--to-file", marks=pytest.mark.soak), "--to-stream"])
async def test_a_cut_connection_keeps_the_place(
    operator: Operator, conn: asyncpg.Connection, to: str
) -> None:
    rows = await write_log(conn, many(25_000, text="x" * 60))
    words = ("replay", to, "history", "--yes", "--json")
    client = Redis.from_url(operator.redis_url)
    partial = operator.folder / "history.partial"
    process = start(operator, *words, "--rate", "3000")
    while _size(partial) < 1_000 and _length(client) < 10:
        assert process.poll() is None
        await asyncio.sleep(LOOK_S)
    await conn.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = 'agent-runtime'"
    )
    _, err = process.communicate()
    assert process.returncode == 1
    assert b"the same command goes on" in err
    assert b"Traceback" not in err
    (told,) = (await operator.run(*words)).rows()
    assert told["resumed"]
    if to == "--to-file":
        assert _lines(operator.folder / "history") == [row.body for row in rows]
    else:
        assert _length(client) == told["events"] == len(rows)
    client.close()


async def test_standard_output_has_the_events_alone(
    operator: Operator, conn: asyncpg.Connection
) -> None:
    bad = {**event(900), "type": "invoice.paid"}
    rows = await write_log(conn, [*many(50), json.dumps(bad)])
    answer = await operator.run("replay", "--to-file", "-", "--json")
    assert answer.out.splitlines() == [row.body for row in rows]
    told = json.loads(answer.err)
    assert told["by_type"] == {"invoice.paid": 1, "message_received.text": 50}
    assert told["not_publishable"] == 1
    assert told["not_publishable_first"][0]["event_id"] == bad["id"]
    stopped = await operator.run("replay", "--to-file", "x.jsonl", "--fail-fast")
    assert stopped.code == 1
    assert bad["id"] in stopped.err
    (told,) = (await operator.run("replay", "--to-file", "-", "--dry-run", "--json")).rows()
    assert told["events"] == 51


async def test_a_reader_that_goes_away_ends_it(
    operator: Operator, conn: asyncpg.Connection
) -> None:
    await write_log(conn, many(2_000))
    process = start(operator, "replay", "--to-file", "-")
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None
    err = process.stderr.read()
    assert process.wait() == 1
    assert b"Traceback" not in err
    assert b"has stopped" in err
    process.stderr.close()


async def test_a_terminal_is_shown_and_asked(operator: Operator, conn: asyncpg.Connection) -> None:
    await write_log(conn, many(5))
    words = ("replay", "--to-stream", "history")
    answer = await operator.answer("n", *words)
    assert answer.code == 1
    assert "5 events of 5" in answer.err
    assert await operator.rows(AUDIT) == []
    assert (await operator.answer("y", *words)).code == 0
    assert await operator.rows(AUDIT) == [("replay --to-stream", 5, "done")]


@dataclass(frozen=True)
class _Above:
    """Whether what grows has grown above a value."""

    measured: Callable[[], int]
    value: float

    def __call__(self) -> bool:
        return self.measured() > self.value


def _length(client: Redis) -> int:
    found: Any = client.xlen("history")
    return int(found)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return -1


def _is_there(path: Path) -> bool:
    return path.exists()


def _lines(path: Path) -> list[str]:
    raw = path.read_bytes()
    return (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode().splitlines()
