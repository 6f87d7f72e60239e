"""What a small batch writes goes in one statement, and one by one where that is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from consumers.errors import TransientFault, faults_translated
from consumers.joined_writes import Forms, JoinedWrites, NotTogether
from projections.statements import joined

ADD = "-- $1 ids integer[], $2 texts text[]\nINSERT INTO one SELECT * FROM unnest($1::int[], $2::text[])"
ADD_OTHER = "-- $1 of what text, $2 ids integer[]\nINSERT INTO other SELECT unnest($2::int[]), $1"
MOVE = "-- $1 before text, $2 after text\nUPDATE one SET told = $2 WHERE told = $1\nRETURNING id"


class Counting:
    """A connection that counts its statements."""

    def __init__(self, conn: asyncpg.Connection) -> None:
        self._conn = conn
        self.sent: list[str] = []

    async def fetch(self, query: str, *args: Any) -> list[asyncpg.Record]:
        self.sent.append(query)
        return await self._conn.fetch(query, *args)


@pytest.fixture
async def conn(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    conn = await asyncpg.connect(database_url)
    await conn.execute(
        "CREATE TABLE one (id integer PRIMARY KEY, told text); CREATE TABLE other (LIKE one)"
    )
    yield conn
    await conn.close()


def writes(conn: Any, forms: Forms | None = None) -> JoinedWrites:
    return JoinedWrites(conn, forms or Forms())


async def everything(conn: asyncpg.Connection) -> tuple[list[Any], list[Any]]:
    one = await conn.fetch("SELECT id, told FROM one ORDER BY id")
    other = await conn.fetch("SELECT id, told FROM other ORDER BY id")
    return [tuple(row) for row in one], [tuple(row) for row in other]


async def test_all_is_written_in_one_statement_when_it_is_sent(conn: asyncpg.Connection) -> None:
    await conn.execute(ADD, [7], ["before"])
    counting = Counting(conn)
    kept = writes(counting)
    await kept.execute(ADD, [1, 2], ["a", None])
    await kept.execute(ADD_OTHER, "b", [3])
    kept.expect(MOVE, ("before", "after"), rows=1)
    assert await everything(conn) == ([(7, "before")], [])
    await kept.send()
    assert len(counting.sent) == 1
    assert await everything(conn) == ([(1, "a"), (2, None), (7, "after")], [(3, "b")])


async def test_what_was_sent_is_not_sent_again(conn: asyncpg.Connection) -> None:
    kept = writes(conn)
    await kept.execute(ADD, [1], ["a"])
    await kept.send()
    await kept.execute(ADD, [2], ["b"])
    await kept.send()
    assert await everything(conn) == ([(1, "a"), (2, "b")], [])


async def test_what_is_refused_undoes_the_rest(conn: asyncpg.Connection) -> None:
    await conn.execute(ADD, [1], ["stands"])
    kept = writes(conn)
    await kept.execute(ADD_OTHER, "b", [3])
    await kept.execute(ADD, [1], ["again"])
    with pytest.raises(NotTogether):
        await kept.send()
    assert await everything(conn) == ([(1, "stands")], [])


@pytest.mark.parametrize("parts", [1, 2], ids=["alone", "joined"])
async def test_fewer_rows_than_expected_are_a_refusal(conn: asyncpg.Connection, parts: int) -> None:
    kept = writes(conn)
    if parts > 1:
        await kept.execute(ADD, [1], ["a"])
    kept.expect(MOVE, ("nobody", "x"), rows=1)
    with pytest.raises(NotTogether):
        await kept.send()


async def test_a_fault_of_the_surroundings_is_no_refusal(conn: asyncpg.Connection) -> None:
    kept = writes(conn)
    await kept.execute(ADD, [1], ["a"])
    await kept.execute(ADD_OTHER, "b", [3])
    await conn.close()
    with pytest.raises(TransientFault), faults_translated():
        await kept.send()


async def test_forms_beyond_those_that_are_kept_are_written_one_by_one(
    conn: asyncpg.Connection,
) -> None:
    forms = Forms()
    for number in range(1000):
        forms.joined([ADD, f"{ADD_OTHER} -- {number}"])
    counting = Counting(conn)
    kept = writes(counting, forms)
    await kept.execute(ADD, [1], ["a"])
    kept.expect(MOVE, ("a", "moved"), rows=1)
    await kept.send()
    assert len(counting.sent) == 2
    assert await everything(conn) == ([(1, "moved")], [])


def test_parameters_keep_their_order_and_comments_are_left_out() -> None:
    sql = joined([ADD, MOVE])
    assert "--" not in sql
    assert "unnest($1::int[], $2::text[])\nRETURNING 1" in sql
    assert "SET told = $4 WHERE told = $3\nRETURNING id" in sql
