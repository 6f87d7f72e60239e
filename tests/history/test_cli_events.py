"""`events show` and `events tail`, as an operator uses them."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

import events.codec
import runtime.history.event
from projections.migrate import migrate
from runtime.embedded.postgres import Postgres
from runtime.history import event
from tests.consumers.test_parking import learn_version_2
from tests.explaining.story import event_id
from tests.faults.servers import sockets_directory
from tests.forked_command import COMMAND
from tests.history.commands import Operator
from tests.history.material import Logged, placed, write
from tests.history.test_timeline import number_of, told

TAIL = ("events", "tail", "--json")


def numbers(rows: list[dict[str, Any]]) -> list[int]:
    return [number_of(row["id"]) for row in rows]


BODIES = [
    told(1, "c-1"),
    told(2, "c-1", type_="message.sent", cause=1),
    told(3, "c-2"),
    told(4, "c-2", company_id="beta"),
    told(5, "c-1"),
    told(6, "c-3", cause=1),
]


@pytest.fixture
async def logged(operator: Operator) -> Operator:
    """Six events, one each 7 s from 12:00 UTC."""
    await write(operator.database_url, placed(BODIES))
    return operator


async def append(database_url: str, *new: Logged) -> None:
    """One more transaction of the engine: rows of the log, and the places."""
    conn = await asyncpg.connect(database_url)
    await conn.execute("DELETE FROM runtime.checkpoints")
    await conn.close()
    await write(database_url, new)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), [1, 2, 3, 4, 5, 6]),
        (("--type", "message.sent"), [2]),
        (("--company", "beta"), [4]),
        (("--conversation", "c-2"), [3, 4]),
        (("--conversation", "c-2", "--company", "acme"), [3]),
        (("--limit", "2"), [5, 6]),
        (("--since", "2026-11-02T12:00:21Z"), [5, 6]),
        (("--since", "2026-11-02T12:00:21"), [5, 6]),
        (("--since", "2026-11-02T09:00:20.999-03:00"), [4, 5, 6]),
        (("--since", "2026-11-03"), []),
        (("--type", "nobody.knows"), []),
        (("--company", "nobody", "--conversation", "c-1"), []),
    ],
    ids=str,
)
def test_each_option_of_tail_chooses(
    logged: Operator, words: tuple[str, ...], expected: list[int]
) -> None:
    answer = logged.run(*TAIL, *words)
    assert (answer.code, answer.err) == (0, "")
    assert numbers(answer.rows()) == expected


@pytest.mark.parametrize(
    ("words", "accepted"),
    [
        (("tail", "--since", "soon"), "give a time like 2026-11-02T12:00:00Z"),
        (("tail", "--limit", "0"), "greater than or equal to 1"),
        (("tail", "--limit", "many"), "valid integer"),
        (("show", "17"), "not an event id (a UUID)"),
    ],
)
def test_wrong_use_is_told(operator: Operator, words: tuple[str, ...], accepted: str) -> None:
    answer = operator.run("events", *words)
    assert (answer.code, answer.out) == (2, "")
    assert accepted in " ".join(answer.err.replace("│", " ").split())


def test_show_has_the_cause_and_the_effects(logged: Operator) -> None:
    (row,) = logged.run("events", "show", event_id(1), "--json").rows()
    assert row["place"].split(":")[1] == "1"
    assert row["body"] == BODIES[0]
    assert row["cause"] is None
    assert [(number_of(e["id"]), e["type"], e["conversation"]) for e in row["effects"]] == [
        (2, "message.sent", "c-1"),
        (6, "message_received.text", "c-3"),
    ]
    assert (row["version"], row["upcast"], row["parked"]) == ({"logged": 1, "read": 1}, False, [])
    (effect,) = logged.run("events", "show", event_id(6), "--json").rows()
    assert (number_of(effect["cause"]["id"]), effect["cause"]["in_log"]) == (1, True)
    assert effect["effects"] == []
    text = logged.run("events", "show", event_id(6)).out
    assert f'"id": "{event_id(1)}"' in text


async def test_show_says_where_an_event_is_parked_and_what_is_not_in_the_log(
    operator: Operator,
) -> None:
    await write(operator.database_url, placed([told(1, cause=77, version=9)]))
    conn = await asyncpg.connect(operator.database_url)
    await conn.execute(
        "INSERT INTO runtime.parked (group_name, projection, company_id, conversation_id,"
        " partition, position, event_id, reason, detail)"
        " SELECT 'projections', 'messages', company_id, conversation_id, partition, position,"
        " event_id, 'newer_version', 'x' FROM runtime.event_log"
    )
    await conn.close()
    (row,) = operator.run("events", "show", event_id(1), "--json").rows()
    assert row["cause"] == {"id": event_id(77), "in_log": False}
    assert [(p["projection"], p["reason"]) for p in row["parked"]] == [
        ("messages", "newer_version")
    ]
    assert (row["version"], row["upcast"]) == ({"logged": 9, "read": None}, False)
    answer = operator.run("events", "show", event_id(2))
    assert (answer.code, answer.out) == (1, "")


async def test_a_lifted_event_says_from_which_version(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    learn_version_2(monkeypatch)
    monkeypatch.setattr(runtime.history.event, "CATALOGUE", vars(events.codec)["CATALOGUE"])
    await write(database_url, placed([told(1), told(2, version=2, mood="calm")]))
    conn = await asyncpg.connect(database_url)
    ids = [UUID(event_id(number)) for number in (1, 2)]
    found = [await event.told(conn, row) for row in await event.events_by_id(conn, ids, "acme")]
    await conn.close()
    assert [(one.row["version"], one.read_version, one.upcast) for one in found] == [
        (1, 2, True),
        (2, 2, False),
    ]


def test_a_reader_that_has_gone_ends_it_quietly(logged: Operator, tmp_path: Path) -> None:
    for words in (TAIL, TAIL[:2], ("events", "show", event_id(1), "--json")):
        line = f"{COMMAND} {' '.join(words)} | true; echo ${{PIPESTATUS[0]}}"
        done = subprocess.run(
            ["/bin/bash", "-c", line],
            env=logged.environ,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.stdout, done.stderr) == ("0\n", ""), words


async def test_following_shows_what_comes_once_and_ends_at_ctrl_c(logged: Operator) -> None:
    with logged.following(*TAIL, "--follow", "--type", "message_received.text") as tail:
        assert numbers([tail.row() for _ in range(5)]) == [1, 3, 4, 5, 6]
        coming = [told(7, "c-9", type_="message.sent"), told(8), told(9, "c-3"), told(10)]
        more = placed([*BODIES, *coming])
        await append(logged.database_url, *more[6:9])
        assert numbers([tail.row(), tail.row()]) == [8, 9]
        await append(logged.database_url, more[9])
        assert numbers([tail.row()]) == [10]
        ended = tail.interrupt()
    assert (ended.code, ended.out, ended.err) == (130, "", "")


@pytest.fixture
def server(tmp_path: Path) -> Any:
    """A Postgres of its own, to be stopped and started."""
    with sockets_directory() as sockets:
        postgres = Postgres(data=tmp_path / "pg", sockets=sockets, fsync=False, inherited_fd=2)
        postgres.start()
        yield postgres
        postgres.stop()


async def test_following_outlasts_a_restart_of_postgres_and_misses_nothing(
    server: Postgres, tmp_path: Path
) -> None:
    url = server.url()
    operator = Operator(url, tmp_path)
    conn = await asyncpg.connect(url)
    await migrate(conn, partitions=16, stream_prefix="domain-events")
    await conn.close()
    every = placed(told(number, f"c-{number % 5}") for number in range(1, 31))
    await append(url, *every[:10])
    with operator.following(*TAIL, "--follow") as tail:
        assert numbers([tail.row() for _ in range(10)]) == list(range(1, 11))
        server.stop()
        assert "Postgres is away" in tail.said()
        server.start()
        await append(url, *every[10:])
        assert numbers([tail.row() for _ in range(20)]) == list(range(11, 31))
        assert "Postgres is back" in tail.said()
        assert tail.interrupt().code == 130
