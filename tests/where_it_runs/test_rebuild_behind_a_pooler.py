"""Replays, checks and undoing work through a transaction pooler, while events flow through it too."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rebuild.ground import mixed, rows_of
from tests.runtime.operators import Operator
from tests.where_it_runs.postgres_servers import pgbouncers, readable_by_all
from tests.where_it_runs.running import publish, serving, settings_for, wait_logged


@pytest.mark.soak
async def test_commands_that_rebuild_work_behind_a_transaction_pooler(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    readable_by_all(tmp_path)
    with pgbouncers(tmp_path, database_url) as (url, _):
        operator = Operator(url, redis_url, tmp_path)
        async with serving(settings_for(url, redis_url, DISABLE_WORKERS="true")):
            await publish(redis_url, mixed(400))
            await wait_logged(database_url, 400)
            await operator.execute("UPDATE projections.leads_v1 SET stage = 'lost'")
            for words, code in (
                (("projections", "check", "leads"), 1),
                (("replay", "--all", "--workers", "2"), 0),
                (("replay", "--projection", "leads", "--company", "company-1"), 0),
                (("replay", "--projection", "messages", "--undo"), 0),
                (("projections", "check"), 0),
            ):
                answer = await operator.run(*words)
                assert answer.code == code, (words, answer)
                if words[:2] == ("replay", "--all"):
                    await publish(redis_url, mixed(200, start=400))
            await wait_logged(database_url, 600)
    assert (await rows_of(database_url, "leads"))["leads_v1"]
