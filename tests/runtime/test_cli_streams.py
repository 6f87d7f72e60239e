"""`agent-runtime streams trim` through the real program."""

from __future__ import annotations

from redis.asyncio import Redis

from consumers.groups import AGENT
from tests.consumers.members import member, wait_caught_up
from tests.consumers.one_stream import KEY, append
from tests.consumers.test_trimming import NEVER, ids_hours_ago
from tests.runtime.operators import Operator


async def test_trim_previews_then_removes_and_names_who_holds_the_rest(operator: Operator) -> None:
    redis = Redis.from_url(operator.redis_url)
    await append(redis, range(20), ids=await ids_hours_ago(redis, 30, 20))
    async with member(operator.database_url, operator.redis_url, settings=NEVER):
        await wait_caught_up(operator.database_url, operator.redis_url)
    held = await operator.run("streams", "trim", "--dry-run")
    async with member(operator.database_url, operator.redis_url, group=AGENT, member_id="agent"):
        await wait_caught_up(operator.database_url, operator.redis_url, group="agent")
    previewed = await operator.run("streams", "trim", "--dry-run")
    before = await redis.xlen(KEY)
    done = await operator.run("streams", "trim", "--json", "--as", "maria")
    after = await redis.xlen(KEY)
    await redis.aclose()
    assert "agent: not_registered" in held.out
    assert "0 entries would be removed" in held.out
    assert held.code == previewed.code == done.code == 0
    assert "19 entries would be removed" in previewed.out
    assert (before, after) == (20, 1)
    assert '"removed":19' in done.out
