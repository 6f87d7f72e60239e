"""The log holds events in the versions in which they were sent; a replay reads them all alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from consumers.selection import Selection
from events.catalogue import CATALOGUE
from tests.rebuild.accounts import forge, value
from tests.rebuild.conftest import RowsAfter
from tests.rebuild.ground import consumed, mixed, rebuilt, rows_of
from tests.rebuild.test_narrow import STATES, SUMS

RAG = ("rag.retrieved", "rag.no_match", "rag.failed")
OLD = "SELECT count(*) FROM runtime.event_log WHERE type = $1 AND version = 1"


def _as_sent_before(payload: dict[str, Any]) -> dict[str, Any]:
    return {"ms" if name == "duration_ms" else name: one for name, one in payload.items()}


FIRST: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    **dict.fromkeys(RAG, _as_sent_before),
    "message.failed": lambda payload: {**payload, "reason": "131026: undeliverable"},
}


def sent(*, before: bool) -> list[bytes]:
    """The same events, as producers of version 1 sent them or as those of today do."""
    bodies = []
    for body in mixed(400):
        event = orjson.loads(body)
        if event["type"] == "message.failed":
            event["payload"] |= {"reason": "131026", "detail": "undeliverable"}
        if before and event["type"] in FIRST:
            event["payload"].pop("detail", None)
            event |= {"version": 1, "payload": FIRST[event["type"]](event["payload"])}
        bodies.append(orjson.dumps(event))
    return bodies


def test_every_type_that_has_an_earlier_version_is_among_them() -> None:
    assert FIRST.keys() == {name for name, known in CATALOGUE.items() if known.current > 1}


@pytest.mark.parametrize("narrowed", [False, True])
async def test_events_of_earlier_versions_give_the_same_rows_again(
    database_url: str, redis_url: str, rows_after: RowsAfter, narrowed: bool
) -> None:
    right = await rows_after(sent(before=False))
    await consumed(database_url, redis_url, sent(before=True))
    for type_ in FIRST:
        assert await value(database_url, OLD, type_) > 1
    assert await rows_of(database_url) == right
    await forge(database_url, "company_id = 'company-1'")
    assert await rows_of(database_url) != right
    if narrowed:
        for names in (STATES, SUMS):
            await rebuilt(database_url, *names, selection=Selection(company="company-1"))
    else:
        await rebuilt(database_url)
    assert await rows_of(database_url) == right
