"""Events that cannot be applied wait in the rebuild's account; after the swap they are what is parked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import asyncpg
import orjson
import pytest

from consumers.errors import ProjectionBroken
from consumers.rebuild.errors import EventParked
from consumers.rebuild.plan import Kind
from consumers.rebuild.report import Report
from consumers.selection import Selection
from events.envelope import RecordedEvent
from projections.projection import Changes, State
from projections.registry import by_name
from tests.consumers.choosy import Choosy, answer, ask, choosy, leave_to_requests
from tests.consumers.members import member, wait_caught_up
from tests.rebuild.accounts import unbalanced, value, wait_true
from tests.rebuild.conftest import RowsAfter
from tests.rebuild.ground import NAMES, Watched, consumed, mixed, publish, rebuilt, rows_of, schemas
from tests.rebuild.test_narrow import STATES, SUMS
from tests.runtime.operators import Switch

WHERE = ("company-1", "c-4")
TYPE = "message_received.text"
PARKED = """
    SELECT projection, position, event_id::text, reason FROM runtime.parked
     WHERE (company_id, conversation_id) = ($1, $2) ORDER BY projection, position
"""
READERS = tuple(name for name in NAMES if TYPE in by_name(name).reads)
COUNTS = ("company_activity", "daily_counts")
POISONS = {
    "no_longer_decodes": "(body::jsonb - 'payload')::json",
    "newer_version": "jsonb_set(body::jsonb, '{version}', '99')::json",
}


@dataclass(frozen=True)
class Poisoned:
    """A conversation's event in the middle, and what the log held before and behind it."""

    url: str
    event_id: str
    body: str
    flowing: list[bytes]
    """All events but this one and the later ones of its conversation."""

    async def poison(self, how: str) -> None:
        await value(
            self.url,
            f"UPDATE runtime.event_log SET body = {how} WHERE event_id = $1::uuid",
            self.event_id,
        )

    async def cure(self) -> None:
        await value(
            self.url,
            "UPDATE runtime.event_log SET body = $2::json WHERE event_id = $1::uuid",
            *(self.event_id, self.body),
        )

    async def parked(self) -> list[tuple[Any, ...]]:
        conn = await asyncpg.connect(self.url)
        try:
            rows = await conn.fetch(PARKED, *WHERE)
            assert await conn.fetchval("SELECT count(*) FROM runtime.parked") == len(rows)
            return [tuple(row) for row in rows]
        finally:
            await conn.close()


def _is_there(body: bytes) -> bool:
    event = orjson.loads(body)
    return (event["company_id"], event["conversation_id"]) == WHERE


BODIES = mixed(400)


@pytest.fixture
async def poisoned(database_url: str, redis_url: str) -> Poisoned:
    await consumed(database_url, redis_url, BODIES)
    there = [body for body in BODIES if _is_there(body)]
    texts = [n for n, body in enumerate(there) if orjson.loads(body)["type"] == TYPE]
    which = min(texts, key=lambda n: abs(n - len(there) // 2))
    assert 5 < which < len(there) - 5
    body = there[which]
    left = set(there[which:])
    flowing = [body for body in BODIES if body not in left]
    return Poisoned(database_url, orjson.loads(body)["id"], body.decode(), flowing)


async def all_rebuilt(url: str, selection: Selection | None) -> dict[str, Report]:
    """Every read model's report, whole or narrowed."""
    together = [NAMES] if selection is None else [STATES, SUMS]
    reports = [one for names in together for one in await rebuilt(url, *names, selection=selection)]
    return {report.projection: report for report in reports}


@pytest.mark.parametrize(
    ("reason", "selection"),
    [("no_longer_decodes", None), ("newer_version", Selection(company=WHERE[0]))],
    ids=["whole", "narrowed"],
)
async def test_a_poisoned_event_and_its_followers_wait_and_all_else_flows(
    poisoned: Poisoned,
    rows_after: RowsAfter,
    redis_url: str,
    reason: str,
    selection: Selection | None,
) -> None:
    """With a member at work throughout, which knew nothing parked before the swap."""
    url, right, without = (
        poisoned.url,
        await rows_of(poisoned.url),
        await rows_after(poisoned.flowing),
    )
    more = mixed(60, start=len(BODIES))
    async with member(url, redis_url):
        await poisoned.poison(POISONS[reason])
        reports = await all_rebuilt(url, selection)
        parked = await poisoned.parked()
        assert {row[0] for row in parked} == set(READERS)
        for name in NAMES:
            waiting = [row for row in parked if row[0] == name]
            assert reports[name].parked == len(waiting)
            told = [(one.event_id, one.reason) for one in reports[name].waiting]
            assert told == [row[2:] for row in waiting][:20]
            if name in READERS:
                assert (waiting[0][2], waiting[0][3]) == (poisoned.event_id, reason)
                assert {row[3] for row in waiting[1:]} == {"follows_parked"}
                assert waiting[0][1] == min(row[1] for row in waiting)
        now = await rows_of(url)
        for name in NAMES:
            tables = [f"{table.name}_v1" for table in by_name(name).tables]
            expected = without if name in READERS else right
            assert {t: now[t] for t in tables} == {t: expected[t] for t in tables}, name
        assert await unbalanced(url) == []
        await publish(redis_url, more)
        await wait_caught_up(url, redis_url)
        behind = [row for row in await poisoned.parked() if row not in parked]
        assert {row[3] for row in behind} == {"follows_parked"}
        assert {row[0] for row in behind} == set(READERS)
        await poisoned.cure()
        await drained(url)
    assert await rows_of(url) == await rows_after([*BODIES, *more])
    assert await unbalanced(url) == []


async def drained(url: str, *names: str) -> None:
    """Ask for another try of all that is parked there, and wait for it."""
    conn = await asyncpg.connect(url)
    try:
        await leave_to_requests(conn)
        for name in names or READERS:
            request = await ask(conn, WHERE[1], company=WHERE[0], projection=name)
            outcome, moved = await answer(conn, request)
            assert (outcome, moved > 1) == ("drained", True)
        assert await conn.fetchval("SELECT count(*) FROM runtime.parked") == 0
    finally:
        await conn.close()


async def test_what_the_table_refuses_of_a_copied_chunk_waits_alone(poisoned: Poisoned) -> None:
    forbid = "ALTER TABLE replay_scratch.message_statuses_v1 ADD CONSTRAINT no CHECK"

    async def narrow() -> None:
        await value(poisoned.url, f"{forbid} (conversation_id <> '{WHERE[1]}')")

    (report,) = await rebuilt(poisoned.url, "messages", observer=Watched(begun=narrow))
    refused, *followers = await poisoned.parked()
    assert refused[3] == "projection_refused"
    assert {row[3] for row in followers} == {"follows_parked"}
    assert report.waiting[0].event_id == refused[2]
    assert report.waiting[0].detail == "postgres: 23514 CheckViolationError no"
    assert report.tables[0].old_rows > report.tables[0].new_rows > 0
    assert await unbalanced(poisoned.url) == []


class Overflowing(Choosy):
    """A read model that makes too large a number of some texts."""

    def fold(self, state: State, events: Sequence[RecordedEvent]) -> Changes:
        changes = self.inner.fold(state, events)
        for recorded in events:
            if getattr(recorded.event.payload, "text", None) in self.refused:
                key = (recorded.event.company_id, recorded.event.conversation_id)
                changes["conversations"][key].received_count = 2**70
        return changes


async def test_a_number_that_no_column_holds_waits_alone(poisoned: Poisoned) -> None:
    text = orjson.loads(poisoned.body)["payload"]["text"]
    large = Overflowing(by_name("conversations"), Switch(), refused={text})
    (report,) = await rebuilt(poisoned.url, projections=(large,))
    assert [(one.event_id, one.reason) for one in report.waiting][:1] == [
        (poisoned.event_id, "projection_refused")
    ]
    assert len(await poisoned.parked()) == report.parked > 5
    assert report.tables[0].new_rows == report.tables[0].old_rows
    assert await unbalanced(poisoned.url) == []


def refusing(name: str, *texts: str) -> Choosy:
    """A read model whose fold refuses these texts."""
    return replace(choosy(name), refused=set(texts))


async def test_a_refused_fold_parks_and_another_code_drains_it(
    poisoned: Poisoned, redis_url: str
) -> None:
    url, right = poisoned.url, await rows_of(poisoned.url)
    text = orjson.loads(poisoned.body)["payload"]["text"]
    await rebuilt(url, projections=(refusing("conversations", text),))
    parked = await poisoned.parked()
    assert [row[2:] for row in parked][:1] == [(poisoned.event_id, "projection_refused")]
    assert len(parked) > 5
    assert await rows_of(url) != right
    assert await unbalanced(url) == []
    async with member(url, redis_url):
        await wait_true(url, "SELECT count(*) = 0 FROM runtime.parked")
    assert await rows_of(url) == right
    assert await unbalanced(url) == []


async def test_under_fail_fast_the_first_is_named_and_nothing_is_left(poisoned: Poisoned) -> None:
    before = await rows_of(poisoned.url)
    await poisoned.poison(POISONS["newer_version"])
    named = (
        f"(conversations|daily_counts): event {poisoned.event_id}: newer_version: {TYPE} version 99"
    )
    for given in ({}, {"selection": Selection(company=WHERE[0])}, {"kind": Kind.CHECK}):
        with pytest.raises(EventParked, match=named):
            await rebuilt(poisoned.url, "conversations", fail_fast=True, **given)
    assert await schemas(poisoned.url) == []
    assert await rows_of(poisoned.url) == before
    assert await poisoned.parked() == []


async def test_a_fold_that_fails_on_everything_stops_the_replay(poisoned: Poisoned) -> None:
    before = await rows_of(poisoned.url)
    texts: set[Any] = {None, *(orjson.loads(body)["payload"].get("text") for body in BODIES)}
    broken = replace(choosy(), refused=texts)
    with pytest.raises(ProjectionBroken, match=r"^conversations: KeyError"):
        await rebuilt(poisoned.url, projections=(by_name("leads"), broken))
    assert await schemas(poisoned.url) == []
    assert await rows_of(poisoned.url) == before
    assert await poisoned.parked() == []
    assert await unbalanced(poisoned.url) == []


async def test_an_undo_brings_back_what_was_parked_then(poisoned: Poisoned, redis_url: str) -> None:
    """And a narrowed replay of all that is touched makes the rows right again."""
    url, right = poisoned.url, await rows_of(poisoned.url)
    await poisoned.poison(POISONS["newer_version"])
    await rebuilt(url, "conversations")
    parked, waiting = await poisoned.parked(), await rows_of(url, "conversations")
    await poisoned.cure()
    await rebuilt(url, "conversations")
    assert (await poisoned.parked(), await rows_of(url)) == ([], right)
    (report,) = await rebuilt(url, "conversations", kind=Kind.UNDO)
    assert report.parked == len(parked)
    assert (await poisoned.parked(), await rows_of(url, "conversations")) == (parked, waiting)
    assert await unbalanced(url) == []
    await rebuilt(url, "conversations", selection=Selection(company=WHERE[0]))
    assert (await poisoned.parked(), await rows_of(url)) == ([], right)
    assert await unbalanced(url) == []


async def test_discarded_events_that_a_narrowed_replay_parks_again_are_counted_once(
    poisoned: Poisoned, redis_url: str
) -> None:
    url = poisoned.url
    await poisoned.poison(POISONS["newer_version"])
    await rebuilt(url, "conversations")
    parked = await poisoned.parked()
    conn = await asyncpg.connect(url)
    async with member(url, redis_url):
        request = await ask(conn, WHERE[1], company=WHERE[0], kind="discard_parked")
        assert await answer(conn, request) == ("discarded", len(parked))
    await rebuilt(url, "conversations", selection=Selection(*WHERE))
    assert await poisoned.parked() == parked
    assert await conn.fetchval("SELECT min(applied) FROM runtime.projection_checkpoints") >= 0
    await conn.close()
    assert await unbalanced(url) == []


async def test_narrowed_sums_lose_and_repeat_nothing_that_waits(
    poisoned: Poisoned, redis_url: str
) -> None:
    """What a company's parked events are part of is made anew too, whatever was selected."""
    url, right = poisoned.url, await rows_of(poisoned.url)
    elsewhere = Selection(company=WHERE[0], types=("message.sent",))
    await poisoned.poison(POISONS["newer_version"])
    await rebuilt(url, *COUNTS, selection=elsewhere)
    assert len(await poisoned.parked()) > 2
    assert await unbalanced(url) == []
    await poisoned.cure()
    await rebuilt(url, *COUNTS, selection=elsewhere)
    assert await poisoned.parked() == []
    assert await rows_of(url) == right
    await poisoned.poison(POISONS["newer_version"])
    await rebuilt(url, *COUNTS, selection=elsewhere)
    await poisoned.cure()
    async with member(url, redis_url):
        await drained(url, *COUNTS)
    assert await rows_of(url) == right
    assert await unbalanced(url) == []
