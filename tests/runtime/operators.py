"""An operator at the command line, beside members of groups that run in the test's own process."""

from __future__ import annotations

import asyncio
import os
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import asyncpg
import orjson
from redis.asyncio import Redis

from consumers.group import ConsumerGroup
from consumers.groups import PROJECTIONS
from consumers.topology import record_topology
from events.envelope import RecordedEvent
from events.partitioning import partition_of, stream_key
from projections.projection import Changes, Projection, State, Table, Touched
from projections.registry import by_name
from tests.consumers.members import SETTINGS, member, wait_caught_up
from tests.examples import body
from tests.forked_command import COMMAND, Ended, run

POISON = "veneno"


@dataclass(frozen=True)
class Answer:
    """What a command said."""

    code: int
    out: str
    err: str

    def rows(self) -> list[dict[str, Any]]:
        """The JSON objects of its standard output."""
        return [orjson.loads(line) for line in self.out.splitlines()]


@dataclass(frozen=True)
class Operator:
    """Runs commands; what they print is as wide as `columns`.

    They are forked, or `afresh` children of this process, for tests that look for them and kill.
    """

    database_url: str
    redis_url: str
    folder: Path
    columns: int = 100
    afresh: bool = False

    async def run(self, *words: str) -> Answer:
        """Run a command without a terminal."""
        return await self._run(None, *words)

    async def feed(self, file: Path, *words: str) -> Answer:
        """Run a command with a file on its standard input."""
        with file.open("rb") as opened:
            return await self._run(opened.fileno(), *words)

    async def answer(self, said: str, *words: str) -> Answer:
        """Run a command at a terminal and answer its question."""
        ours, theirs = os.openpty()
        try:
            os.write(ours, f"{said}\n".encode())
            return await self._run(theirs, *words)
        finally:
            os.close(ours)
            os.close(theirs)

    async def _run(self, stdin: int | None, *words: str) -> Answer:
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "USER": "ana",
            "COLUMNS": str(self.columns),
            "SUPABASE_DB_URL": self.database_url,
            "REDIS_URL": self.redis_url,
        }
        how = _run_afresh if self.afresh else _run_forked
        done = await how(words, environ=environ, folder=self.folder, stdin=stdin)
        assert b"Traceback" not in done.err, done.err.decode()
        return Answer(done.code, done.out.decode(), done.err.decode())

    async def rows(self, sql: str, *given: Any) -> list[tuple[Any, ...]]:
        """Rows of a query."""
        conn = await asyncpg.connect(self.database_url)
        try:
            return [tuple(row) for row in await conn.fetch(sql, *given)]
        finally:
            await conn.close()

    async def execute(self, *sql: str) -> None:
        """Statements, one after the other."""
        conn = await asyncpg.connect(self.database_url)
        try:
            for one in sql:
                await conn.execute(one)
        finally:
            await conn.close()

    async def value(self, sql: str, *given: Any) -> Any:
        """The only value of a query."""
        return (await self.rows(sql, *given))[0][0]

    async def begin(self) -> None:
        """Record the topology in Redis, as `migrate` does."""
        conn = await asyncpg.connect(self.database_url)
        async with self.redis() as redis:
            await record_topology(conn, redis)
        await conn.close()

    @asynccontextmanager
    async def redis(self) -> AsyncIterator[Redis]:
        """A client of the streams, closed at the end."""
        redis = Redis.from_url(self.redis_url)
        try:
            yield redis
        finally:
            await redis.aclose()

    @asynccontextmanager
    async def member(self, group: ConsumerGroup = PROJECTIONS) -> AsyncIterator[None]:
        """A running member, which has all partitions and has read everything when the block begins."""
        async with member(self.database_url, self.redis_url, group=group) as running:
            async with asyncio.timeout(60):
                while len(running.engine.status().partitions) < SETTINGS.partitions:  # noqa: ASYNC110
                    await asyncio.sleep(0.005)
            await self.wait_caught_up(group.name)
            yield

    async def consume(self, group: ConsumerGroup = PROJECTIONS) -> None:
        """Let a member read everything, then stop."""
        async with self.member(group):
            pass

    async def wait_caught_up(self, group: str = "projections") -> None:
        """Until nothing is unread."""
        await wait_caught_up(self.database_url, self.redis_url, group=group)


async def _run_forked(
    words: Sequence[str], *, environ: Mapping[str, str], folder: Path, stdin: int | None
) -> Ended:
    return await asyncio.to_thread(run, words, environ=environ, folder=folder, stdin=stdin)


async def _run_afresh(
    words: Sequence[str], *, environ: Mapping[str, str], folder: Path, stdin: int | None
) -> Ended:
    process = await asyncio.create_subprocess_exec(
        *(COMMAND, *words),
        env=environ,
        cwd=folder,
        stdin=DEVNULL if stdin is None else stdin,
        stdout=PIPE,
        stderr=PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return Ended(process.returncode, out, err)


@dataclass
class Switch:
    """Whether the projection is poisoned now; turned off, its code is what it was."""

    on: bool = True


@dataclass(frozen=True)
class Refusing:
    """A projection that refuses a text while a switch is on."""

    inner: Projection
    switch: Switch

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def version(self) -> int:
        return self.inner.version

    @property
    def reads(self) -> frozenset[str]:
        return self.inner.reads

    @property
    def tables(self) -> tuple[Table, ...]:
        return self.inner.tables

    def touch(self, events: Sequence[RecordedEvent]) -> Touched:
        return self.inner.touch(events)

    def fold(self, state: State, events: Sequence[RecordedEvent]) -> Changes:
        if self.switch.on and any(getattr(r.event.payload, "text", "") == POISON for r in events):
            raise KeyError(POISON)
        return self.inner.fold(state, events)


def refusing_group(switch: Switch, name: str = "conversations") -> ConsumerGroup:
    """The group `projections` with one read model that refuses."""
    sick = Refusing(by_name(name), switch)
    fed = tuple(sick if p.name == name else p for p in PROJECTIONS.projections)
    return replace(PROJECTIONS, projections=fed)


async def send(redis: Redis, number: int, conversation: str, text: str) -> None:
    """Append a text message to its stream."""
    event = {**body("message_received.text", number, text=text, message_id=f"m-{number}")}
    event["conversation_id"] = conversation
    key = stream_key(partition_of("acme", conversation, 16))
    await redis.xadd(key, {"event": orjson.dumps(event)})
