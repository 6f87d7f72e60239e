"""What led to what, over the conversations of a company."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from runtime.history.timeline import Timeline, timeline
from tests.examples import body
from tests.explaining.story import CONVERSATION, event_id, everything
from tests.history.commands import Operator
from tests.history.material import START, placed, write


def told(
    number: int,
    conversation: str | None = "c-1",
    *,
    type_: str = "message_received.text",
    cause: int | None = None,
    correlation: str | None = None,
    **more: Any,
) -> dict[str, Any]:
    given: dict[str, Any] = {
        name: more.pop(name) for name in ("company_id", "version") if name in more
    }
    return {
        **body(type_, number, **more),
        "conversation_id": conversation,
        "causation_id": None if cause is None else event_id(cause),
        "correlation_id": correlation or f"own-{number}",
        **given,
    }


async def gathered(database_url: str, **wanted: Any) -> Timeline:
    conn = await asyncpg.connect(database_url, statement_cache_size=0)
    options = {"since": None, "until": None, "limit": 100, "alone": False, **wanted}
    found = await timeline(conn, ("acme", "c-1"), **options)
    await conn.close()
    return found


def number_of(id_: str) -> int:
    return int(id_.rsplit("-", 1)[1])


ACROSS = [
    told(1, "before"),
    told(2, "c-1", cause=1, correlation='é/"x'),
    told(3, "c-2", cause=2),
    told(4, None, type_="rag.document_indexed", cause=3),
    told(5, "c-3", correlation='é/"x'),
    told(6, "c-3", cause=5, text="zero\0byte"),
    told(7, "c-2"),
    told(8, "c-2", cause=7),
    told(9, "c-1", cause=900),
    told(10, "c-2", cause=2, company_id="another"),
    told(11, "c-4", correlation="own-3"),
]


async def test_causes_and_effects_are_found_in_other_conversations(database_url: str) -> None:
    await write(database_url, placed(ACROSS))
    found = await gathered(database_url)
    told_ = [(number_of(str(n.recorded.event.id)), n.depth, n.link.value) for n in found.nodes]
    assert told_ == [
        (1, 0, "root"),
        (2, 1, "causation"),
        (3, 2, "causation"),
        (4, 3, "causation"),
        (5, 2, "correlation"),
        (6, 3, "causation"),
        (9, 0, "cause_not_in_log"),
    ]
    assert found.cut == []


async def test_an_effect_that_cannot_be_read_is_there_too(database_url: str) -> None:
    unreadable = told(2, "c-2", cause=1)
    del unreadable["payload"]
    await write(database_url, placed([told(1), unreadable]))
    found = await gathered(database_url)
    assert [number_of(str(n.recorded.event.id)) for n in found.nodes] == [1, 2]


async def test_too_many_effects_are_cut_and_told(database_url: str) -> None:
    await write(database_url, placed([told(1), *(told(n, "c-2", cause=1) for n in range(2, 9))]))
    found = await gathered(database_url, limit=1)
    assert [number_of(str(n.recorded.event.id)) for n in found.nodes] == [1, 2]
    assert found.cut == ["more than 2 events belong to it: raise --limit"]


async def test_alone_no_other_conversation_is_searched_for_effects(database_url: str) -> None:
    await write(database_url, placed(ACROSS))
    found = await gathered(database_url, alone=True)
    assert [number_of(str(n.recorded.event.id)) for n in found.nodes] == [1, 2, 9]


async def test_an_effect_more_than_a_day_later_is_not_looked_for(database_url: str) -> None:
    bodies = [told(1), told(2, "c-2", cause=1), told(3, "c-2", cause=1)]
    await write(database_url, placed(bodies, every=timedelta(hours=23)))
    found = await gathered(database_url)
    assert [number_of(str(n.recorded.event.id)) for n in found.nodes] == [1, 2]


async def test_since_until_and_limit_choose_of_its_own_events(database_url: str) -> None:
    await write(database_url, placed([told(n) for n in range(1, 11)]))

    async def numbers(**wanted: Any) -> list[int]:
        found = await gathered(database_url, **wanted)
        return [number_of(str(n.recorded.event.id)) for n in found.nodes]

    def at(index: int) -> Any:
        return START + timedelta(seconds=7 * index)

    assert await numbers(since=at(3)) == [4, 5, 6, 7, 8, 9, 10]
    assert await numbers(until=at(3)) == [1, 2, 3, 4]
    assert await numbers(since=at(2), until=at(3)) == [3, 4]
    assert await numbers(limit=3) == [8, 9, 10]
    cut = (await gathered(database_url, limit=3)).cut
    assert cut == ["older events are left out: --limit 3, or give --until"]
    assert (await gathered(database_url, limit=10)).cut == []


async def test_a_cause_outside_of_the_time_is_shown_too(database_url: str) -> None:
    await write(database_url, placed([told(1), told(2), told(3, cause=1)]))
    found = await gathered(database_url, since=START + timedelta(seconds=14))
    assert [(number_of(str(n.recorded.event.id)), n.depth) for n in found.nodes] == [(1, 0), (3, 1)]


async def test_a_chain_that_is_followed_too_far_says_that_its_cause_is_there(
    database_url: str,
) -> None:
    chain = [told(n, f"c-{100 - n}", cause=n - 1 if n > 1 else None) for n in range(1, 100)]
    await write(database_url, placed(chain))
    found = await gathered(database_url)
    assert found.nodes[0].link.value == "cause_not_shown"
    assert number_of(str(found.nodes[-1].recorded.event.id)) == 99


async def test_causes_in_a_circle_over_conversations_end(database_url: str) -> None:
    await write(database_url, placed([told(1, cause=2), told(2, "c-2", cause=1)]))
    found = await gathered(database_url)
    assert {n.link.value for n in found.nodes} == {"causation", "causes_in_a_circle"}


async def test_the_tree_fits_a_terminal_and_tells_what_happened(operator: Operator) -> None:
    await write(operator.database_url, placed(everything().bodies))
    answer = operator.run("conversations", "timeline", CONVERSATION)
    assert (answer.code, answer.err) == (0, "")
    assert max(map(len, answer.out.splitlines())) <= 80
    text = " ".join(answer.out.replace("│", " ").split())
    for said in (
        "2026-11-02 12:00:00Z message_received.text",
        "handed_off: asked_for_human",
        '"quero falar com gente"',
        "fact city = Recife",
        'bot: "Abrimos, sim!"',
    ):
        assert said in text
    assert all(event_id(n) in answer.out for n in range(1, 28))
    assert "\x1b" not in answer.out


async def test_a_deep_chain_fits_a_terminal(operator: Operator) -> None:
    await write(
        operator.database_url,
        placed([told(n, cause=n - 1 or None, text="um texto comprido " * 9) for n in range(1, 41)]),
    )
    answer = operator.run("conversations", "timeline", "c-1")
    assert max(map(len, answer.out.splitlines())) <= 80
    assert "(depth 39)" in answer.out
    assert all(event_id(n) in answer.out for n in range(1, 41))


async def test_json_is_one_object_an_event_parents_first(operator: Operator) -> None:
    await write(operator.database_url, placed(ACROSS))
    answer = operator.run("conversations", "timeline", "c-1", "--company", "acme", "--json")
    rows = answer.rows()
    assert [number_of(row["id"]) for row in rows] == [1, 2, 3, 4, 5, 6, 9]
    assert [row["depth"] for row in rows] == [0, 1, 2, 3, 2, 3, 0]
    parents = [row["parent"] and number_of(row["parent"]) for row in rows]
    assert parents == [None, 1, 2, 3, 2, 5, None]
    assert rows[-1]["link"] == "cause_not_in_log"
    assert rows[3]["conversation"] == ""
    assert rows[0]["summary"] == '"oi"'
    text = operator.run("conversations", "timeline", "c-1").out
    assert f"{event_id(4)}, in conversation (none)" in " ".join(text.replace("│", " ").split())
    assert "its cause is not in the log" in " ".join(text.split())


async def test_options_choose_and_what_is_cut_is_told(operator: Operator) -> None:
    await write(operator.database_url, placed(ACROSS))
    line = ("conversations", "timeline", "c-1", "--json")
    assert [number_of(r["id"]) for r in operator.run(*line, "--alone").rows()] == [1, 2, 9]
    since = operator.run(*line, "--since", "2026-11-02 12:00:56").rows()
    assert [number_of(r["id"]) for r in since] == [9]
    until = operator.run(*line, "--until", "2026-11-02T09:00:07-03:00", "--alone").rows()
    assert [number_of(r["id"]) for r in until] == [1, 2]
    limited = operator.run(*line, "--limit", "1")
    assert [number_of(r["id"]) for r in limited.rows()] == [9]
    assert "older events are left out" in limited.err


@pytest.mark.parametrize(
    ("words", "accepted"),
    [
        (("--since", "now"), "give a time like"),
        (("--until", "1"), "give a time like"),
        (("--limit", "0"), "greater than or equal to 1"),
        (("--since", "2026-11-03", "--until", "2026-11-02"), "later than --until"),
    ],
)
def test_wrong_use_is_told(operator: Operator, words: tuple[str, ...], accepted: str) -> None:
    answer = operator.run("conversations", "timeline", "c-1", *words)
    assert (answer.code, answer.out) == (2, "")
    assert accepted in " ".join(answer.err.replace("│", " ").split())
