"""A file is whole or not there, and a run that was killed is gone on with."""

from __future__ import annotations

import asyncio
import gzip
import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from consumers.selection import Selection
from runtime.exporting.errors import EventRefused, PlaceUnusable, TakenOver, TargetRefused
from runtime.exporting.export import export
from runtime.exporting.file_target import FileTarget, Replacing
from runtime.exporting.pace import Pace
from runtime.exporting.state import State
from tests.exporting.logs import event, many, write_log


class Silent:
    """Nobody looks on."""

    def begun(self, state: State, *, resumed: bool) -> None:
        self.resumed = resumed

    def moved(self, state: State, *, looked_at: int, of: int) -> None:
        """Nothing."""


class Stopping(Silent):
    """Cancels the run once so many events are written, after looking at what stands."""

    def __init__(self, at: int, copy_to: Path | None = None) -> None:
        self.at, self.copy_to = at, copy_to

    def moved(self, state: State, *, looked_at: int, of: int) -> None:
        if state.events >= self.at:
            raise asyncio.CancelledError


def ticking() -> Iterator[float]:
    now = 0.0
    while True:
        yield now
        now += 0.9


def target(path: Path, *, replacing: Replacing | None = None) -> FileTarget:
    """Its clock goes on by nearly a second at each look, so that there are many checkpoints."""
    clock = ticking()
    return FileTarget(path, replacing=replacing or Replacing(), clock=lambda: next(clock))


async def nap(seconds: float) -> None:
    assert seconds > 0


async def run(
    conn: asyncpg.Connection,
    path: Path,
    *,
    watch: Silent | None = None,
    selection: Selection | None = None,
    replacing: Replacing | None = None,
    fail_fast: bool = False,
) -> State:
    # By a clock that stands still, only the portions' size follows from the rate.
    pace = Pace(500, clock=lambda: 0.0, sleep=nap)
    with target(path, replacing=replacing) as to:
        return await export(
            conn,
            selection or Selection(),
            to,
            pace=pace,
            watch=watch or Silent(),
            fail_fast=fail_fast,
        )


def lines(path: Path) -> list[bytes]:
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return raw.splitlines()


def is_there(path: Path) -> bool:
    return path.exists()


def content(path: Path) -> bytes:
    return path.read_bytes()


def put(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def take_away(path: Path) -> None:
    path.unlink()


def names(path: Path) -> list[str]:
    """What stands in the file's folder."""
    return [file.name for file in path.parent.iterdir()]


@pytest.fixture(params=["events.jsonl", "events.jsonl.gz"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / str(request.param)


async def test_a_whole_file_has_each_body_on_a_line(conn: asyncpg.Connection, path: Path) -> None:
    rows = await write_log(conn, many(700))
    state = await run(conn, path)
    assert lines(path) == [row.body.encode() for row in rows]
    assert (state.events, state.written) == (700, len(content(path)))
    assert names(path) == [path.name]


async def test_line_breaks_between_tokens_become_spaces(
    conn: asyncpg.Connection, path: Path
) -> None:
    told = event(1, text="a\nb")
    await write_log(conn, [json.dumps(told, indent=1) + "\r\n"])
    state = await run(conn, path)
    (line,) = lines(path)
    assert json.loads(line) == told
    assert state.one_lined == 1


async def test_a_stopped_run_leaves_no_file_and_is_gone_on_with(
    conn: asyncpg.Connection, path: Path
) -> None:
    rows = await write_log(conn, many(700))
    for at in (60, 300, 650):
        with pytest.raises(asyncio.CancelledError):
            await run(conn, path, watch=Stopping(at))
        assert not is_there(path)
    watch = Silent()
    state = await run(conn, path, watch=watch)
    assert watch.resumed
    assert lines(path) == [row.body.encode() for row in rows]
    assert state.by_type == {"message_received.text": 700}


class Snapshots(Silent):
    """Copies what a kill would leave, at each step."""

    def __init__(self, path: Path, folder: Path) -> None:
        self.path, self.folder, self.taken = path, folder, 0

    def moved(self, state: State, *, looked_at: int, of: int) -> None:
        into = self.folder / str(self.taken)
        into.mkdir(parents=True)
        for file in self.path.parent.glob(f"{self.path.name}*"):
            shutil.copy(file, into)
        self.taken += 1


async def test_a_kill_at_any_step_is_gone_on_with_whatever_was_half_written(
    conn: asyncpg.Connection, path: Path, tmp_path: Path
) -> None:
    rows = await write_log(conn, many(700))
    watch = Snapshots(path, tmp_path / "left")
    await run(conn, path, watch=watch)
    whole = [row.body.encode() for row in rows]
    assert watch.taken == 14
    for number in range(watch.taken):
        left = tmp_path / "left" / str(number) / path.name
        partial = left.with_name(f"{left.name}.partial")
        put(partial, content(partial) + random.Random(number).randbytes(number * 50))
        state = await run(conn, left)
        assert lines(left) == whole, number
        assert state.events == 700


async def test_a_kill_around_the_last_step_is_gone_on_with(
    conn: asyncpg.Connection, path: Path
) -> None:
    rows = await write_log(conn, many(100))
    to = target(path)
    with to:
        await export(
            *(conn, Selection(), to),
            pace=Pace(None, clock=lambda: 0.0, sleep=nap),
            watch=Silent(),
        )
        done = to.state
    whole = content(path)
    to.place.write_bytes(done.to_json())
    assert (await run(conn, path)).events == 100
    assert content(path) == whole
    put(to.partial, whole)
    take_away(path)
    to.place.write_bytes(done.to_json())
    assert (await run(conn, path)).events == len(rows)
    assert content(path) == whole
    assert names(path) == [path.name]


async def test_what_arrives_later_is_of_another_export(
    conn: asyncpg.Connection, path: Path
) -> None:
    bodies = many(300)
    rows = await write_log(conn, bodies)
    with pytest.raises(asyncio.CancelledError):
        await run(conn, path, watch=Stopping(100))
    await conn.execute(
        "INSERT INTO runtime.event_log SELECT partition, position + 1000000, gen_random_uuid(),"
        " type, version, company_id, conversation_id, occurred_at, recorded_at, entry_id, body"
        " FROM runtime.event_log"
    )
    await run(conn, path)
    assert lines(path) == [row.body.encode() for row in rows]


async def test_another_selection_is_refused_until_it_begins_anew(
    conn: asyncpg.Connection, path: Path
) -> None:
    await write_log(conn, many(300))
    with pytest.raises(asyncio.CancelledError):
        await run(conn, path, watch=Stopping(100))
    other = Selection(company="acme", conversation="c-1")
    with pytest.raises(TargetRefused, match="--restart"):
        await run(conn, path, selection=other)
    await run(conn, path, selection=other, replacing=Replacing(partial=True))
    assert len(lines(path)) == 10


async def test_a_file_that_stands_is_replaced_only_when_asked_and_only_at_the_end(
    conn: asyncpg.Connection, path: Path
) -> None:
    await write_log(conn, many(300))
    put(path, b"old")
    with pytest.raises(TargetRefused, match="--overwrite"):
        await run(conn, path)
    assert names(path) == [path.name]
    with pytest.raises(asyncio.CancelledError):
        await run(conn, path, watch=Stopping(100), replacing=Replacing(whole=True))
    assert content(path) == b"old"
    await run(conn, path, replacing=Replacing(whole=True))
    assert len(lines(path)) == 300


async def test_two_runs_do_not_write_one_file(conn: asyncpg.Connection, path: Path) -> None:
    await write_log(conn, many(10))
    with target(path) as first:
        assert await first.found(Selection()) is None
        await first.begin(State.new(Selection(), ()))
        with pytest.raises(TakenOver):
            await run(conn, path)


async def test_a_damaged_place_is_told_and_begun_anew(conn: asyncpg.Connection, path: Path) -> None:
    await write_log(conn, many(300))
    with pytest.raises(asyncio.CancelledError):
        await run(conn, path, watch=Stopping(200))
    to = target(path)
    partial, place = to.partial.read_bytes(), to.place.read_bytes()
    for harm in (b"", b"{}", b"[]", place[:-9], place.replace(b'"format":1', b'"format":2')):
        to.place.write_bytes(harm)
        with pytest.raises(PlaceUnusable, match="--restart"):
            await run(conn, path)
    to.place.write_bytes(place)
    to.partial.write_bytes(partial[:-1])
    with pytest.raises(PlaceUnusable, match="--restart"):
        await run(conn, path)
    to.place.unlink()
    with pytest.raises(PlaceUnusable, match="--restart"):
        await run(conn, path)
    await run(conn, path, replacing=Replacing(partial=True))
    assert len(lines(path)) == 300


async def test_another_log_is_not_gone_on_with(conn: asyncpg.Connection, path: Path) -> None:
    await write_log(conn, many(300))
    with pytest.raises(asyncio.CancelledError):
        await run(conn, path, watch=Stopping(200))
    await conn.execute("UPDATE runtime.event_log SET event_id = gen_random_uuid()")
    with pytest.raises(PlaceUnusable, match="not the log"):
        await run(conn, path)


async def test_the_first_event_that_cannot_be_published_stops_it_when_asked(
    conn: asyncpg.Connection, path: Path
) -> None:
    bad = json.dumps({**event(900), "type": "invoice.paid"})
    worse = json.dumps({**event(901), "version": 7})
    rows = await write_log(conn, [*many(130), bad, *many(9)[:0], worse])
    with pytest.raises(EventRefused) as told:
        await run(conn, path, fail_fast=True)
    assert UUID(told.value.refusal.event_id) == rows[130].event_id
    assert not is_there(path)
    state = await run(conn, path)
    assert lines(path) == [row.body.encode() for row in rows]
    assert state.refused == 2
    assert [x.why.partition(":")[0] for x in state.refusals] == ["unknown_type", "newer_version"]


async def test_a_path_that_cannot_be_a_file_is_refused(
    conn: asyncpg.Connection, tmp_path: Path
) -> None:
    with pytest.raises(TargetRefused, match="no such directory"):
        await run(conn, tmp_path / "nowhere" / "x.jsonl")
    with pytest.raises(TargetRefused, match="not a file"):
        await run(conn, tmp_path)
