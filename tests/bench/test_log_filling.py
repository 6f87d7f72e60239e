"""The log that a bench writes: valid events in the right places, and accounts that add up."""

from __future__ import annotations

import gzip
from itertools import islice, pairwise
from pathlib import Path

import asyncpg
import orjson
import pytest

from events.codec import decode, is_known
from events.partitioning import partition_of
from projections.registry import by_name
from runtime.bench.log_events import Corpus, CorpusInvalid, LogEvents, LogShape
from runtime.bench.log_filling import GROUP, LogFilling, events_read
from runtime.demo.script import bodies, conversations
from runtime.queries.conservation import LOG_GROUP, recount

PARTITIONS = 16


async def test_a_log_that_grew_is_what_its_accounts_say(database_url: str) -> None:
    conn = await asyncpg.connect(database_url)
    events = LogEvents(Corpus.read(None), partitions=PARTITIONS)
    filling, written = LogFilling(conn, events, partitions=PARTITIONS), list[int]()
    for size in (300, 2000):
        await filling.grow(to=size, written=written.append)
        assert sum(written) == size
        wrong = [
            check
            for check in (await recount(conn)).checks
            if check.group == LOG_GROUP and check.state != "ok"
        ]
        assert wrong == []
    assert await events_read(conn, GROUP.projections) == 2000
    assert 0 < await events_read(conn, [by_name("conversations")]) < 2000
    await conn.close()


def test_copies_are_valid_events_of_their_own_in_the_right_partition() -> None:
    rows = list(islice(LogEvents(Corpus.read(None), partitions=PARTITIONS).rows(), 3000))
    assert len({row[2] for row in rows}) == 3000
    last = [0] * PARTITIONS
    for partition, position, event_id, type_, version, company, conversation, *rest in rows:
        occurred_at, _, _, body = rest
        event = decode(body.encode())
        assert is_known(event)
        assert (event.id, event.type, event.version) == (event_id, type_, version)
        assert (event.company_id, event.conversation_id) == (company, conversation)
        assert (event.occurred_at, event_id.version) == (occurred_at, 7)
        assert partition == partition_of(company, conversation, PARTITIONS)
        assert position == last[partition] + 1
        last[partition] = position


def test_conversations_are_as_many_as_wanted_and_far_apart() -> None:
    corpus = Corpus.read(None)
    few = islice(LogEvents(corpus, conversations=7, partitions=PARTITIONS).rows(), 5000)
    assert len({(row[5], row[6]) for row in few}) == 7
    many = list(islice(LogEvents(corpus, partitions=PARTITIONS).rows(), 40_000))
    assert len({(row[5], row[6]) for row in many}) > 1000
    one = [n for n, row in enumerate(many) if (row[5], row[6]) == (many[0][5], many[0][6])]
    assert max(b - a for a, b in pairwise(one)) > 100


def test_companies_are_as_many_as_wanted() -> None:
    events = LogEvents(Corpus.read(None), companies=3, partitions=PARTITIONS)
    assert len({row[5] for row in islice(events.rows(), 3000)}) == 3


def test_a_corpus_may_be_packed(tmp_path: Path) -> None:
    lines = bodies(conversations()[:1])
    path = tmp_path / "corpus.jsonl.gz"
    path.write_bytes(gzip.compress(b"\n".join(lines)))
    assert len(Corpus.read(path).written) == len(lines)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"", "no event"),
        (b"{}", "line 1"),
        (orjson.dumps({**orjson.loads(bodies(conversations()[:1])[0]), "type": "a.b"}), "line 1"),
    ],
)
def test_a_corpus_of_anything_else_is_refused(tmp_path: Path, text: bytes, told: str) -> None:
    path = tmp_path / "corpus.jsonl"
    path.write_bytes(text)
    with pytest.raises(CorpusInvalid, match=told):
        Corpus.read(path)


def test_a_shape_is_scaled_by_its_events() -> None:
    assert LogShape(600, 5, None).scaled(0.5) == LogShape(300, 5, None)


def test_a_corpus_can_be_cut_to_the_beginnings_of_its_conversations() -> None:
    corpus = Corpus.read(None)
    cut = corpus.beginnings(2)
    assert (cut.conversations, cut.companies) == (corpus.conversations, corpus.companies)
    for number in {written.conversation for written in corpus.written}:
        whole = [w.event.id for w in corpus.written if w.conversation == number]
        assert [w.event.id for w in cut.written if w.conversation == number] == whole[:2]
