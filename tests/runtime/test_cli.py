"""The commands as an operator runs them: processes, real servers, exit codes."""

from __future__ import annotations

import gzip
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import asyncpg
import orjson
import pytest
from redis import Redis

from runtime.cli_reference import PAGE, text
from tests.examples import body
from tests.forked_command import COMMAND, run
from tests.oracle import check_read_models, expected


@pytest.fixture
def environ(database_url: str, redis_url: str, tmp_path: Path) -> dict[str, str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "SUPABASE_DB_URL": database_url,
        "REDIS_URL": redis_url,
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "LEASE_S": "3",
        "HEARTBEAT_S": "0.2",
    }


def command(
    environ: dict[str, str], *words: str, cwd: Path, given: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    reads, writes = os.pipe()
    try:
        os.write(writes, given)
        os.close(writes)
        done = run(words, environ=environ, folder=cwd, stdin=reads)
    finally:
        os.close(reads)
    return subprocess.CompletedProcess(words, done.code, done.out, done.err)


@pytest.fixture
def migrated(environ: dict[str, str], tmp_path: Path) -> dict[str, str]:
    done = command(environ, "migrate", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    return environ


@pytest.fixture(params=[1, 2])
def serving(
    migrated: dict[str, str], tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[dict[str, str]]:
    log = (tmp_path / "serve.log").open("wb")
    process = subprocess.Popen(
        [COMMAND, "serve", "--processes", str(request.param)],
        env=migrated,
        cwd=tmp_path,
        stderr=log,
    )
    try:
        yield migrated
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
        log.close()


async def test_the_corpus_twice_and_shuffled_by_file(
    serving: dict[str, str], tmp_path: Path, corpus: Path
) -> None:
    file = corpus / "sgd-events.jsonl.gz"
    for source in (file, file, shuffled(file, tmp_path)):
        published = command(serving, "publish", str(source), cwd=tmp_path)
        assert published.returncode == 0, published.stderr
    waited = command(serving, "groups", "status", "--wait", "--timeout", "90", cwd=tmp_path)
    assert waited.returncode == 0, waited.stderr
    assert b"caught up" in waited.stdout
    audited = command(serving, "groups", "status", "--audit", cwd=tmp_path)
    assert audited.returncode == 0, audited.stdout
    conn = await asyncpg.connect(serving["SUPABASE_DB_URL"])
    await check_read_models(conn, corpus)
    await conn.close()
    assert_metrics_equal_the_log(serving, expected(corpus)["by_type"])


def assert_metrics_equal_the_log(environ: dict[str, str], wanted: dict[str, int]) -> None:
    deadline = time.monotonic() + 30
    while (found := domain_events_total(environ)) != wanted:
        assert time.monotonic() < deadline, found
        time.sleep(0.2)


def domain_events_total(environ: dict[str, str]) -> dict[str, int]:
    with urlopen(f"http://127.0.0.1:{environ['PORT']}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    found: dict[str, int] = {}
    for line in lines:
        if line.startswith("domain_events_total{"):
            type_ = line.partition('type="')[2].partition('"')[0]
            found[type_] = found.get(type_, 0) + int(float(line.rpartition(" ")[2]))
    return found


def shuffled(file: Path, folder: Path) -> Path:
    """The corpus in another interleaving; order kept within each conversation."""
    queues: dict[Any, list[bytes]] = {}
    with gzip.open(file) as lines:
        for line in lines:
            event = orjson.loads(line)
            queues.setdefault((event["company_id"], event["conversation_id"]), []).append(line)
    order = [key for key, queue in queues.items() for _ in queue]
    random.Random(11).shuffle(order)
    heads = {key: iter(queue) for key, queue in queues.items()}
    target = folder / "shuffled.jsonl"
    target.write_bytes(b"".join(next(heads[key]) for key in order))
    return target


GOOD = orjson.dumps(body("message_received.text", 1))
BAD_LINES = {
    "not_json": b'{"id":',
    "unknown_type": orjson.dumps({**body("message_received.text"), "type": "invoice.paid"}),
    "company_id": orjson.dumps(
        {k: v for k, v in body("message_received.text").items() if k != "company_id"}
    ),
    "occurred_at": orjson.dumps({**body("message_received.text"), "occurred_at": "ontem"}),
    "too_large": orjson.dumps(body("message_received.text", text="x" * 300 * 1024)),
    "not_utf8": b'{"id":"\xff"}',
}


def entries(environ: dict[str, str]) -> int:
    client = Redis.from_url(environ["REDIS_URL"])
    found: Any = sum(int(client.xlen(f"domain-events:{{{n}}}")) for n in range(16))
    client.close()
    return int(found)


def test_bad_lines_are_told_in_a_table_and_nothing_is_sent(
    migrated: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_bytes(b"\n".join([GOOD, *BAD_LINES.values()]) + b"\n")
    refused = command(migrated, "publish", str(file), cwd=tmp_path)
    assert refused.returncode == 2
    table = refused.stderr.decode()
    for number, name in enumerate(BAD_LINES, start=2):
        assert any(str(number) in row and name in row for row in table.splitlines()), (name, table)
    assert b"Traceback" not in refused.stderr
    assert entries(migrated) == 0
    sent = command(migrated, "publish", str(file), "--skip-bad", cwd=tmp_path)
    assert sent.returncode == 0
    assert b"published 1 events" in sent.stdout
    assert entries(migrated) == 1


def test_standard_input_is_published(migrated: dict[str, str], tmp_path: Path) -> None:
    done = command(migrated, "publish", "-", cwd=tmp_path, given=GOOD + b"\n")
    assert done.returncode == 0, done.stderr
    assert entries(migrated) == 1


def test_a_missing_file_is_wrong_use(migrated: dict[str, str], tmp_path: Path) -> None:
    done = command(migrated, "publish", "nowhere.jsonl", cwd=tmp_path)
    assert done.returncode == 2
    assert b"nowhere.jsonl" in done.stderr


def test_publishing_before_migrating_says_what_to_do(
    environ: dict[str, str], tmp_path: Path
) -> None:
    done = command(environ, "publish", "-", cwd=tmp_path, given=GOOD)
    assert done.returncode == 1
    assert b"agent-runtime migrate" in done.stderr


@pytest.mark.parametrize(
    ("variable", "url", "who"),
    [
        ("SUPABASE_DB_URL", "postgresql://u:geheim@127.0.0.1:1/x", b"Postgres does not answer"),
        ("REDIS_URL", "redis://:geheim@127.0.0.1:1/0", b"Redis does not answer"),
    ],
)
def test_a_server_that_does_not_answer_is_named_in_one_line(
    migrated: dict[str, str], tmp_path: Path, variable: str, url: str, who: bytes
) -> None:
    done = command({**migrated, variable: url}, "dead-letters", "retry", "--all", cwd=tmp_path)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert who in done.stderr
    assert variable.encode() in done.stderr
    assert b"geheim" not in done.stderr


def test_wrong_settings_are_told_all_at_once(tmp_path: Path) -> None:
    environ = {"PATH": os.environ["PATH"], "PORT": "x", "PARTITIONS": "0"}
    done = command(environ, "groups", "status", cwd=tmp_path)
    assert done.returncode == 2
    for name in ("PORT", "PARTITIONS", "SUPABASE_DB_URL", "REDIS_URL"):
        assert name.encode() in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("projections", "list"),
        ("streams", "status"),
        ("groups", "status"),
        ("groups", "status", "--audit"),
        ("groups", "losses"),
        ("parked", "list"),
        ("dead-letters", "list"),
        ("events", "tail"),
        ("audit", "list"),
    ],
)
def test_lists_come_as_tables_and_as_json(
    migrated: dict[str, str], tmp_path: Path, words: tuple[str, ...]
) -> None:
    table = command(migrated, *words, cwd=tmp_path)
    assert table.returncode == 0, table.stderr
    listed = command(migrated, *words, "--json", cwd=tmp_path)
    assert listed.returncode == 0
    for line in listed.stdout.splitlines():
        assert orjson.loads(line)


def test_migrate_check_tells_before_and_after(
    empty_database_url: str, environ: dict[str, str], tmp_path: Path
) -> None:
    environ = {**environ, "SUPABASE_DB_URL": empty_database_url}
    before = command(environ, "migrate", "--check", cwd=tmp_path)
    assert before.returncode == 1
    assert b"0001_runtime" in before.stderr
    assert command(environ, "migrate", cwd=tmp_path).returncode == 0
    assert command(environ, "migrate", "--check", cwd=tmp_path).returncode == 0


def test_every_command_teaches_by_an_example() -> None:
    sections = text().split("\n## `")[1:]
    assert len(sections) > 20
    for section in sections:
        name = section.partition("`")[0]
        assert f"Example: {name}" in section, name


def test_the_reference_page_is_current() -> None:
    assert PAGE.read_text() == text(), "run python -m runtime.cli_reference"


def test_the_rest_of_an_overlong_line_is_not_an_event(
    migrated: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "long.jsonl"
    file.write_bytes(b"x" * (2 * 256 * 1024) + GOOD + b"\n" + b"nonsense\n")
    done = command(migrated, "publish", str(file), "--skip-bad", cwd=tmp_path)
    assert b"published 0 events" in done.stdout
    assert b"2 bad lines" in done.stderr
    assert entries(migrated) == 0


async def test_unknown_lag_is_not_shown_as_caught_up(
    migrated: dict[str, str], tmp_path: Path
) -> None:
    conn = await asyncpg.connect(migrated["SUPABASE_DB_URL"])
    await conn.execute(
        "INSERT INTO runtime.checkpoints (group_name, partition, entry_id, read, applied, position)"
        " SELECT 'projections', p, '1764000000000-0', 7, 7, 7 FROM generate_series(0, 15) AS p"
    )
    await conn.close()
    status = command(migrated, "groups", "status", cwd=tmp_path)
    assert status.returncode == 0
    assert b"unknown" in status.stdout
    assert b"not caught up" in status.stdout
    assert b"an unknown number of entries unread" in status.stdout


async def test_a_dead_letter_that_looks_like_markup_is_listed(
    migrated: dict[str, str], tmp_path: Path
) -> None:
    conn = await asyncpg.connect(migrated["SUPABASE_DB_URL"])
    await conn.execute(
        "INSERT INTO runtime.dead_letters (group_name, partition, entry_id, raw, reason, detail)"
        " VALUES ('projections', 1, '1-1', '[/a]', 'not_json', '[/b]')"
    )
    await conn.close()
    listed = command(migrated, "dead-letters", "list", cwd=tmp_path)
    assert listed.returncode == 0
    assert b"[/a]" in listed.stdout
