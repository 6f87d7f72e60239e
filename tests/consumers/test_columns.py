"""Columns are sent as lists are, whatever they hold, and asyncpg still looks through them twice."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from consumers.columns import Column, columns

_SENT = {
    "text": ["a", "", None, '"', "{}", "NULL", "ü\n\\"],
    "bigint": [1, None, -(2**62)],
    "boolean": [True, None, False],
    "bytea": [b"", b"\x00\xff", None],
    "json": ['{"a": 1}', None],
}


@pytest.mark.parametrize(("type_", "values"), _SENT.items())
async def test_a_column_arrives_as_the_list_does(
    database_url: str, type_: str, values: list[Any]
) -> None:
    conn = await asyncpg.connect(database_url)
    query = f"SELECT * FROM unnest($1::{type_}[])"
    for many in (values, [], values * 100):
        column = Column(many)
        for _ in range(2):  # sent again, as after a plan that is no longer valid
            rows = [row[0] for row in await conn.fetch(query, column)]
            assert rows == many
    await conn.close()


async def test_a_value_of_another_type_is_refused(database_url: str) -> None:
    conn = await asyncpg.connect(database_url)
    with pytest.raises(asyncpg.DataError, match="invalid array element"):
        await conn.fetch("SELECT * FROM unnest($1::bigint[])", Column([1, "a"]))
    await conn.close()


async def test_one_that_was_gone_through_too_often_or_too_little_is_refused(
    database_url: str,
) -> None:
    class Once(list[Any]):
        """What a column would be if it were gone through only once."""

        def __iter__(self) -> Any:
            return iter(())

    conn = await asyncpg.connect(database_url)
    with pytest.raises(asyncpg.PostgresError):
        await conn.fetch("SELECT * FROM unnest($1::bigint[])", Once([1, 2]))
    await conn.close()


def test_rows_become_columns() -> None:
    assert [[*column, *column] for column in columns([(1, "a"), (2, "b")])] == [[1, 2], ["a", "b"]]
    assert columns([]) == []
    with pytest.raises(ValueError, match="zip"):
        columns([(1,), (1, 2)])
