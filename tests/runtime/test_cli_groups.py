"""What groups tell: pace, members, and groups that nobody runs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from runtime.queries.standings import Pace, Standing, pace
from tests.consumers.members import member
from tests.runtime.operators import Operator, send

STANDING = Standing(
    group="projections",
    partition=0,
    generation=1,
    owner="m",
    alive=True,
    epoch=1,
    position=0,
    cursor="0-0",
    read=100,
    duplicate=0,
    parked=0,
    dead=0,
    lost=0,
    lost_at_least=False,
    lag=50,
    lag_s=1.0,
    added=150,
)


def test_the_pace_tells_when_a_group_has_caught_up() -> None:
    draining = pace(STANDING, replace(STANDING, read=140, added=170), 2.0)
    assert draining == Pace(rate=20.0, arrival_rate=10.0)
    assert draining.catch_up(30) == ("draining", 3.0)
    assert draining.catch_up(0) == ("caught_up", 0.0)
    assert draining.catch_up(None) == ("unknown", None)
    growing = pace(STANDING, replace(STANDING, read=110, added=190), 2.0)
    assert growing.catch_up(80) == ("never", None)


@pytest.mark.parametrize(
    "changed", [{"generation": 2}, {"added": None}, {"added": 149}], ids=lambda c: next(iter(c))
)
def test_a_pace_that_cannot_be_known_is_unknown(changed: dict[str, Any]) -> None:
    measured = pace(STANDING, replace(STANDING, **changed), 2.0)
    assert measured.arrival_rate is None
    assert measured.catch_up(50) == ("unknown", None)


async def test_status_tells_partitions_and_members_and_fits_the_terminal(
    operator: Operator,
) -> None:
    name = "agent-runtime-7d9f8b6c5d-x2x4z-12345-0a1b2c3d"
    async with member(operator.database_url, operator.redis_url, member_id=name):
        await operator.wait_caught_up()
        assert (await operator.run("groups", "status", "--wait")).code == 0
        rows = (await operator.run("groups", "status", "--json", "--sample", "0.2")).rows()
        table = await operator.run("groups", "status", "--sample", "0")
    partitions = [row for row in rows if row["kind"] == "partition"]
    assert [row["partition"] for row in partitions] == list(range(16))
    assert {row["owner"] for row in partitions} == {name}
    assert {row["rate"] for row in partitions} == {0.0}
    assert {row["catch_up"] for row in partitions} == {"caught_up"}
    members = [row for row in rows if row["kind"] == "member"]
    assert [(row["member"], row["alive"], row["partitions"]) for row in members] == [
        (name, True, 16)
    ]
    assert max(map(len, table.out.splitlines())) <= 100
    assert "unknown" in table.out, "a rate that was not measured"
    assert name in "".join(table.out.split())


async def test_a_group_that_nobody_runs_is_named_with_what_it_holds_back(
    consumed: Operator,
) -> None:
    async with consumed.redis() as redis:
        for number in range(3):
            await send(redis, 500 + number, "late", "oi")
    shown = await consumed.run("groups", "status", "--sample", "0")
    assert "group projections has no living member: 3 entries unread" in shown.out
    assert "not caught up" in shown.out
    rows = (await consumed.run("groups", "status", "--sample", "0", "--json")).rows()
    dead = [row for row in rows if row["kind"] == "dead_group"]
    assert [(row["group"], row["lag"]) for row in dead] == [("projections", 3)]
    assert dead[0]["oldest_s"] > 0
