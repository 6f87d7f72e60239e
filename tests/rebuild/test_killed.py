"""A rebuild killed at any point leaves old rows or new ones, and the same call goes on from there."""

from __future__ import annotations

import pytest

from consumers.rebuild.errors import UnfinishedRun
from consumers.rebuild.plan import Kind
from consumers.selection import Selection
from projections.registry import by_name
from tests.rebuild.accounts import forge, unbalanced, value
from tests.rebuild.ground import NAMES, Watched, consumed, mixed, rebuilt, rows_of, schemas
from tests.rebuild.victim import killed_at

EVENTS = 900
READ = "SELECT sum(read)::int FROM replay_scratch.partitions"
SWAPPED = "SELECT array_agg(name) FROM replay_scratch.read_models WHERE swapped_at IS NOT NULL"
WHOLE = [
    # Point, how many times it is come to, read models that are new then.
    ("begun", 1, 0),
    ("chunk", 1, 0),
    ("chunk", 5, 0),
    ("filled", 1, 0),
    ("follow", 1, 0),
    ("compare", 1, 0),
    ("swap", 1, 0),
    ("in the swap", 1, 0),
    ("swapped", 1, 1),
    ("in the swap", 2, 2),
    ("done", 1, len(NAMES)),
]
ROWS_ONLY = ("begun", "chunk", "filled", "compare", "in the swap", "swapped", "done")
TYPES = sorted({type_ for name in NAMES for type_ in by_name(name).reads})
UNREAD = "SELECT count(*) FROM runtime.event_log WHERE NOT type = ANY($1)"
UNDO = ("begun", "filled", "follow", "compare", "swap", "in the swap", "swapped", "done")


def _tables(names: list[str]) -> set[str]:
    return {table.name for name in names for table in by_name(name).tables}


@pytest.fixture
async def filled(database_url: str, redis_url: str) -> str:
    await consumed(database_url, redis_url, mixed(EVENTS))
    return database_url


async def test_killed_at_every_point_in_turn_a_whole_replay_comes_to_its_end(filled: str) -> None:
    right = await rows_of(filled)
    await forge(filled)
    wrong = await rows_of(filled)
    assert all(wrong[table] != right[table] for table in right)
    reads, read = -1, 0
    for point, number, swapped in WHOLE:
        await killed_at(filled, point, number=number)
        new = await value(filled, SWAPPED) or []
        assert len(new) == swapped, point
        for table, rows in (await rows_of(filled)).items():
            expected = right if table.removesuffix("_v1") in _tables(new) else wrong
            assert rows == expected[table], (point, table)
        read, before = await value(filled, READ), read
        assert read >= before
        if point == "filled":
            reads = read
        assert await unbalanced(filled) == [], point
    assert reads == read == EVENTS - await value(filled, UNREAD, list(TYPES))
    watched = Watched()
    reports = await rebuilt(filled, observer=watched)
    assert watched.resumed == [True]
    assert watched.points == ["begun", "filled", "done"], "nothing is done again"
    assert [report.projection for report in reports] == list(NAMES)
    assert not any(report.equal for report in reports), "what was found is told by who ends it"
    assert await rows_of(filled) == right
    assert await schemas(filled) == [f"replaced_{name}" for name in sorted(NAMES)]
    assert await unbalanced(filled) == []


@pytest.mark.soak
async def test_killed_at_every_point_in_turn_a_narrowed_replay_comes_to_its_end(
    filled: str,
) -> None:
    names = ("conversations", "messages", "leads")
    right = await rows_of(filled)
    await forge(filled, "company_id = 'company-2'")
    wrong = await rows_of(filled)
    for point in ROWS_ONLY:
        await killed_at(filled, point, *names, company="company-2")
        new = await value(filled, SWAPPED) or []
        assert len(new) == {"swapped": 1, "done": 3}.get(point, 0), point
        for table, rows in (await rows_of(filled)).items():
            expected = right if table.removesuffix("_v1") in _tables(new) else wrong
            assert rows == expected[table], (point, table)
        assert await unbalanced(filled) == [], point
    watched = Watched()
    await rebuilt(filled, *names, selection=Selection(company="company-2"), observer=watched)
    assert (watched.resumed, "chunk" in watched.points) == ([True], False)
    assert await rows_of(filled, *names) == {
        table: rows for table, rows in right.items() if table.startswith(names)
    }
    assert await schemas(filled) == []


@pytest.mark.soak
async def test_killed_at_every_point_in_turn_an_undo_comes_to_its_end(filled: str) -> None:
    new = await rows_of(filled, "conversations")
    await forge(filled)
    old = await rows_of(filled, "conversations")
    await rebuilt(filled, "conversations")
    for point in UNDO:
        await killed_at(filled, point, "conversations", kind=Kind.UNDO)
        stands = await rows_of(filled, "conversations")
        assert stands == (old if point in {"swapped", "done"} else new), point
        assert await unbalanced(filled) == [], point
    await rebuilt(filled, "conversations", kind=Kind.UNDO)
    assert await rows_of(filled, "conversations") == old
    assert await schemas(filled) == ["replaced_conversations"]
    assert await unbalanced(filled) == []


async def test_a_killed_check_is_begun_anew_or_goes_on_and_leaves_nothing(filled: str) -> None:
    before = await rows_of(filled)
    for point in ("chunk", "compare"):
        await killed_at(filled, point, kind=Kind.CHECK)
        assert await schemas(filled) == ["replay_check"]
    assert all(report.equal for report in await rebuilt(filled, kind=Kind.CHECK))
    assert await rows_of(filled) == before
    assert await schemas(filled) == []


async def test_another_wish_does_not_take_up_what_was_killed(filled: str) -> None:
    await killed_at(filled, "chunk", "leads")
    with pytest.raises(UnfinishedRun, match=r"ana began replay of leads at .* --abandon"):
        await rebuilt(filled, "handoffs")
    with pytest.raises(UnfinishedRun, match="replay of leads"):
        await rebuilt(filled, "leads", selection=Selection(company="company-1"))
    watched = Watched()
    await rebuilt(filled, "leads", observer=watched)
    assert watched.resumed == [True]
