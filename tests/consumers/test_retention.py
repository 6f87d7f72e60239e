"""The rule of trimming, held against a stream that is trimmed for real (in memory)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from redis import Redis

from consumers.retention import (
    GroupStanding,
    HeldBecause,
    Retention,
    Trimming,
    plan_trimming,
)
from events.entry_id import ZERO, EntryId

HOUR_MS = 3600 * 1000
DAY_MS = 24 * HOUR_MS
NOW_MS = 100 * DAY_MS
RETENTION = Retention(keep_ms=DAY_MS)


def hours_ago(hours: float, seq: int = 0) -> EntryId:
    return EntryId(NOW_MS - int(hours * HOUR_MS), seq)


def standing(group: str, cursor: EntryId, next_unread: EntryId | None = None) -> GroupStanding:
    return GroupStanding(
        group=group,
        cursor=cursor,
        generation=1,
        next_unread=next_unread,
        progressed_ms=cursor.ms,
        has_members=True,
    )


def planned(*groups: GroupStanding) -> Trimming:
    return plan_trimming(groups, generation=1, now_ms=NOW_MS, retention=RETENTION)


def test_what_all_have_read_goes_when_it_is_older_than_the_time_to_keep() -> None:
    plan = planned(standing("projections", hours_ago(1)), standing("agent", hours_ago(0)))
    assert plan == Trimming(min_id=hours_ago(24), holdings=())


def test_the_slowest_group_s_cursor_is_the_limit_and_the_entry_at_it_stays() -> None:
    slow = standing("agent", hours_ago(30, seq=7), next_unread=hours_ago(29))
    plan = planned(standing("projections", hours_ago(1)), slow)
    assert plan.min_id == hours_ago(30, seq=7)
    (holding,) = plan.holdings
    assert (holding.group, holding.because) == ("agent", HeldBecause.UNREAD)
    assert (holding.after, holding.below) == (slow.cursor, hours_ago(24))
    assert holding.held_ms == 5 * HOUR_MS
    assert not holding.forgotten


def test_a_quiet_stream_is_held_back_by_nobody() -> None:
    plan = planned(standing("projections", hours_ago(72)), standing("agent", hours_ago(72)))
    assert plan == Trimming(min_id=hours_ago(72), holdings=())


def test_what_is_unread_but_young_is_no_complaint() -> None:
    plan = planned(standing("projections", hours_ago(48), next_unread=hours_ago(23)))
    assert plan == Trimming(min_id=hours_ago(48), holdings=())


def test_a_group_that_has_read_nothing_stops_the_trimming() -> None:
    plan = planned(standing("projections", hours_ago(1)), standing("third", ZERO, hours_ago(50)))
    assert plan.min_id is None
    assert [(h.group, h.held_ms) for h in plan.holdings] == [("third", 26 * HOUR_MS)]


def test_a_group_without_members_is_forgotten_after_some_hours_only() -> None:
    agent = replace(standing("agent", hours_ago(31), hours_ago(30)), has_members=False)
    projections = standing("projections", hours_ago(1))
    assert not planned(projections, agent).holdings[0].forgotten
    longer = replace(agent, next_unread=hours_ago(30, seq=0)._replace(ms=hours_ago(30).ms - 1))
    assert planned(projections, longer).holdings[0].forgotten
    assert not planned(projections, replace(longer, has_members=True)).holdings[0].forgotten


def test_a_group_in_another_generation_stops_the_trimming() -> None:
    agent = replace(standing("agent", hours_ago(31)), generation=2, has_members=False)
    behind = standing("projections", hours_ago(31))
    plan = plan_trimming([behind, agent], generation=2, now_ms=NOW_MS, retention=RETENTION)
    assert plan.min_id is None
    (holding,) = plan.holdings
    assert (holding.group, holding.because) == ("projections", HeldBecause.OTHER_GENERATION)
    assert holding.held_ms == 7 * HOUR_MS


def test_without_the_group_that_writes_the_log_nothing_is_proven() -> None:
    plan = planned(standing("agent", hours_ago(0)))
    assert plan.min_id is None
    assert [h.because for h in plan.holdings] == [HeldBecause.NOT_REGISTERED]
    assert planned().min_id is None


def test_a_clock_near_its_beginning_trims_nothing() -> None:
    groups = [standing("projections", EntryId(5, 0))]
    assert plan_trimming(groups, generation=1, now_ms=10, retention=RETENTION).min_id is None


def test_redis_keeps_the_entry_at_the_threshold(redis_url: str) -> None:
    slow = standing("agent", hours_ago(30, seq=1), next_unread=hours_ago(30, seq=2))
    plan = planned(standing("projections", hours_ago(1)), slow)
    with Redis.from_url(redis_url) as redis:
        for entry in (hours_ago(31), hours_ago(30), slow.cursor, slow.next_unread):
            redis.xadd("stream", {"event": "{}"}, id=str(entry))
        redis.execute_command("XTRIM", "stream", "MINID", str(plan.min_id))
        left: Any = redis.xrange("stream")
    assert [EntryId.parse(entry) for entry, _ in left] == [slow.cursor, slow.next_unread]


ids = st.builds(EntryId, st.integers(1, 60), st.integers(0, 2))


@given(
    entries=st.sets(ids, max_size=40),
    reads=st.lists(st.integers(0, 40), min_size=1, max_size=4),
    now_ms=st.integers(1, 90),
    keep_ms=st.integers(0, 30),
)
def test_nothing_unread_or_young_goes_and_everything_else_does(
    entries: set[EntryId], reads: list[int], now_ms: int, keep_ms: int
) -> None:
    stream = sorted(entries)
    cursors = [stream[min(n, len(stream)) - 1] if n and stream else ZERO for n in reads]
    groups = [
        standing(
            "projections" if number == 0 else f"g{number}",
            cursor,
            next((entry for entry in stream if entry > cursor), None),
        )
        for number, cursor in enumerate(cursors)
    ]
    plan = plan_trimming(groups, generation=1, now_ms=now_ms, retention=Retention(keep_ms=keep_ms))
    kept = [entry for entry in stream if plan.min_id is None or entry >= plan.min_id]
    # In the words of the promise, not of the rule: read by all, not at a cursor, old enough.
    may_go = [e for e in stream if all(e < c for c in cursors) and e.ms < now_ms - keep_ms]
    assert kept == [entry for entry in stream if entry not in may_go]
    held = {h.group for h in plan.holdings}
    assert held == {
        g.group for g in groups if any(g.cursor < e and e.ms < now_ms - keep_ms for e in stream)
    }
