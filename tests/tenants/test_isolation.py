"""Whatever two tenants with the same ids live through together, neither ever meets the other."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import Phase, event, given, settings
from hypothesis import strategies as st

from runtime.agent.errors import CannotThink
from runtime.companies.directory import Directory
from runtime.openai.clock import Clock
from runtime.openai.credentials import CredentialStore
from tests.companies.files import CIPHER
from tests.runtime.operators import Operator
from tests.tenants.deeds import DEEDS, everything
from tests.tenants.house import House, house
from tests.tenants.neighbours import neighbours
from tests.tenants.tenants import ACME, TENANTS, ZETA, Tenant, other, strays
from tests.tenants.watching import owners_of_rows, strayed

LIVES = st.lists(
    st.tuples(st.sampled_from(TENANTS), st.integers(1, 2), st.sampled_from(sorted(DEEDS))),
    min_size=4,
    max_size=14,
)


def test_nothing_of_one_tenant_ever_shows_at_the_other(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    examples = itertools.count(1)
    with neighbours(database_url, redis_url, tmp_path) as living:

        async def live(life: list[tuple[Tenant, int, str]], example: int) -> None:
            here = living.house
            here.broken.clear()
            for tenant, number, deed in life:
                await DEEDS[deed](here, tenant, f"c{example}-{number}")
            await here.room.wait_quiet()

        @settings(
            max_examples=10,
            deadline=None,
            database=None,
            phases=(Phase.generate,),
        )
        @given(life=LIVES)
        def lives(life: list[tuple[Tenant, int, str]]) -> None:
            living.run(live(life, next(examples)))
            assert living.run(strayed(living.house)) == []
            assert living.house.room.ears.faults == []
            for _, _, deed in life:
                event(deed)

        living.run(everything(living.house))
        lives()
        living.run(_must_have_seen_both(living.house))


async def _must_have_seen_both(here: House) -> None:
    """An empty house proves nothing: both were asked about, answered and kept."""
    assert {call.key for call in here.models.calls} == {tenant.api_key for tenant in TENANTS}
    replies = {one.data["company_id"] for one in here.channel.record.received}
    assert replies == {ACME.id, ZETA.id}
    owners = await owners_of_rows(here.pool)
    lacking = {table for table, found in owners.items() if not found >= {ACME.id, ZETA.id}}
    assert sorted(lacking) == sorted(WORK_THAT_IS_DONE)


WORK_THAT_IS_DONE = {"agent.bursts", "agent.bursts_v1", "runtime.outbox", "runtime.requests"}
"""Leaves no rows."""


async def test_no_command_for_one_tenant_shows_the_other(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text(f"CREDENTIALS_KEY={'00' * 32}\n")
    operator = Operator(database_url, redis_url, tmp_path)
    async with house(database_url, redis_url, tmp_path) as here:
        await everything(here)
        commands = [
            ["conversations", "show", "all-0"],
            ["conversations", "explain", "all-0"],
            ["parked", "list"],
            ["events", "tail", "--limit", "1000"],
        ]
        scoped = [[*words, "--company", ACME.id] for words in commands]
        scoped.append(["companies", "show", ACME.id])
        scoped.append(["parked", "show", ACME.id, "all-10-newer"])
        for words in scoped:
            answer = await operator.run(*words, "--json")
            assert answer.code == 0, (words, answer.err)
            assert not strays(answer.out, ACME), words
            assert ACME.id in answer.out, words
            assert ZETA.id not in answer.out, words
        both = await operator.run("conversations", "show", "all-0")
        assert (both.code, both.out) == (2, "")


NOBODY = [
    "",
    " acme",
    "ACME",
    "acme ",
    "acme%",
    "acm_",
    "*",
    "acme' OR '1'='1",
    "acme/all-0",
    "zet",
]


async def test_no_other_spelling_of_an_id_opens_a_tenants_door(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    async with house(database_url, redis_url, tmp_path) as here:
        directory = Directory(here.pool, CIPHER)
        store = CredentialStore(here.pool, CIPHER, clock=Clock())
        for name in NOBODY:
            assert await directory.company(name) is None
            assert await directory.centurion(name, "cora") is None
            assert await here.knowledge.passages(name, "quanto custa um leão?") == ()
            with pytest.raises(CannotThink):
                await store.of(name)
        for tenant in TENANTS:
            assert (await store.of(tenant.id)).api_key == tenant.api_key
            found = await here.knowledge.passages(tenant.id, "quanto custa um leão?")
            assert [passage.document_id for passage in found] == ["prices"]
            assert not strays(repr(found), tenant)
            theirs = other(tenant)
            assert await here.knowledge.passages(tenant.id, f"{theirs.canary} {theirs.goods}") == ()
