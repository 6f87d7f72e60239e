"""How live traffic does while a rebuild goes on beside it."""

from __future__ import annotations

from consumers.rebuild.pace import LiveLook
from consumers.redis_clients import RedisClient
from projections.migrate import Database
from runtime.queries.standings import standings


async def look(conn: Database, redis: RedisClient, *, group: str, prefix: str) -> LiveLook:
    """The group's oldest unread entry, and whether nobody living owns any partition."""
    found = [one for one in await standings(conn, redis, prefix) if one.group == group]
    ages = [one.lag_s for one in found if one.lag != 0]
    known = [age for age in ages if age is not None]
    lag_s = None if len(known) < len(ages) else max(known, default=0.0)
    return LiveLook(alone=not any(one.alive for one in found), lag_s=lag_s)
