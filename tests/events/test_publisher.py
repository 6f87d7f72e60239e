"""Publishing keeps order, checks before it sends, and survives cut connections."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ReadOnlyError

from events.appending import _APPEND, Appender
from events.codec import decode
from events.entry_id import EntryId
from events.errors import InvalidEvent, PartitionsDisagree, PublishFailed
from events.partitioning import partition_of, stream_key, topology_key
from events.publisher import Publisher, PublisherSettings
from tests.examples import body


def bodies(count: int, conversation: str = "c-1") -> list[bytes]:
    return [
        orjson.dumps({**body("message_received.text", n), "conversation_id": conversation})
        for n in range(count)
    ]


async def stored(redis: Redis, conversation: str = "c-1") -> list[bytes]:
    key = stream_key(partition_of("acme", conversation, 16))
    entries: Any = await redis.xrange(key)
    return [fields[b"event"] for _, fields in entries]


async def test_order_is_kept_over_many_batches_and_ids_come_in_input_order(redis_url: str) -> None:
    redis = Redis.from_url(redis_url)
    publisher = Publisher(redis, settings=PublisherSettings(max_batch=7))
    sent = bodies(100)
    ids = await publisher.publish_raw(sent)
    assert await stored(redis) == sent
    assert ids == sorted(ids)
    assert all(isinstance(entry_id, EntryId) for entry_id in ids)
    await redis.aclose()


async def test_concurrent_calls_do_not_mix_a_batch(redis_url: str) -> None:
    redis = Redis.from_url(redis_url)
    publisher = Publisher(redis, settings=PublisherSettings(max_batch=5))
    first, second = bodies(40, "a"), bodies(40, "b")
    await asyncio.gather(publisher.publish_raw(first), publisher.publish_raw(second))
    found = [await stored(redis, name) for name in ("a", "b")]
    assert [b for b in found[0] if b in set(first)] == first
    assert [b for b in found[1] if b in set(second)] == second
    await redis.aclose()


async def test_nothing_is_sent_when_one_event_is_refused(redis_url: str) -> None:
    redis = Redis.from_url(redis_url)
    unknown = orjson.dumps({**body("message_received.text"), "type": "invoice.paid"})
    with pytest.raises(InvalidEvent, match="unknown_type") as caught:
        await Publisher(redis).publish_raw([*bodies(3), unknown])
    assert caught.value.index == 3
    assert await stored(redis) == []
    await redis.aclose()


def spread(count: int, each: int) -> list[bytes]:
    """So many conversations in several partitions, with their events taking turns."""
    told = [bodies(each, f"c-{n}") for n in range(count)]
    return [body for turn in zip(*told, strict=True) for body in turn]


@pytest.mark.parametrize("max_batch_bytes", [1, 8_000, 4 * 1024 * 1024])
async def test_many_partitions_each_keep_their_order(redis_url: str, max_batch_bytes: int) -> None:
    redis = Redis.from_url(redis_url)
    settings = PublisherSettings(max_batch=4, max_batch_bytes=max_batch_bytes)
    sent = spread(12, each=9)
    ids = await Publisher(redis, settings=settings).publish_raw(sent)
    expected: dict[str, list[tuple[bytes, bytes]]] = {}
    for entry_id, raw in zip(ids, sent, strict=True):
        event = decode(raw)
        key = stream_key(partition_of(event.company_id, event.conversation_id, 16))
        expected.setdefault(key, []).append((str(entry_id).encode(), raw))
    assert len(expected) > 3
    for key, entries in expected.items():
        found: Any = await redis.xrange(key)
        assert [(entry_id, fields[b"event"]) for entry_id, fields in found] == entries
    await redis.aclose()


async def test_ids_are_told_as_they_are_where_the_millisecond_has_no_number_left(
    redis_url: str,
) -> None:
    redis = Redis.from_url(redis_url)
    key = stream_key(partition_of("acme", "c-1", 16))
    ahead, last = 4_000_000_000_000, 2**64 - 1
    await redis.xadd(key, {"event": b"{}"}, id=f"{ahead}-{last - 2}")
    ids = await Publisher(redis).publish_raw(bodies(4))
    assert ids == [
        *(EntryId(ahead, last - 1), EntryId(ahead, last)),
        *(EntryId(ahead + 1, 0), EntryId(ahead + 1, 1)),
    ]
    await redis.aclose()


async def test_a_server_that_forgot_the_script_is_told_it_again(redis_url: str) -> None:
    redis = Redis.from_url(redis_url)
    publisher = Publisher(redis)
    await publisher.publish_raw(spread(12, each=1))
    await redis.script_flush()
    assert len(await publisher.publish_raw(spread(12, each=2))) == 24
    await redis.script_flush()
    assert len(await publisher.publish_raw(bodies(1))) == 1
    await redis.aclose()


async def test_a_server_that_does_not_know_the_script_gets_the_bodies_once(redis_url: str) -> None:
    redis = Redis.from_url(redis_url)
    await redis.script_flush()
    await redis.config_resetstat()
    assert len(await Publisher(redis).publish_raw(spread(12, each=20))) == 240
    told: Any = await redis.info("commandstats")
    assert told["cmdstat_eval"]["calls"] == 1
    assert told["cmdstat_evalsha"]["failed_calls"] == 0
    await redis.aclose()


@pytest.mark.parametrize(("each", "commands"), [(2, 1), (20, 3)])
async def test_a_few_events_of_many_streams_are_one_command(
    redis_url: str, each: int, commands: int
) -> None:
    """So that who waits for any of them finds all of them."""
    redis = Redis.from_url(redis_url)
    publisher = Publisher(redis)
    sent = spread(12, each=each)
    streams = {partition_of("acme", decode(raw).conversation_id, 16) for raw in sent}
    assert 8 < len(streams) <= 12
    await publisher.publish_raw(sent)
    await redis.config_resetstat()
    await publisher.publish_raw(sent)
    told: Any = await redis.info("commandstats")
    scripts = ("cmdstat_eval", "cmdstat_evalsha")
    assert sum(told[name]["calls"] for name in scripts if name in told) == commands
    await redis.aclose()


async def test_a_partition_that_refuses_leaves_the_others_and_gets_nothing_more(
    redis_url: str,
) -> None:
    redis = Redis.from_url(redis_url)
    refusing = stream_key(partition_of("acme", "c-0", 16))
    await redis.set(refusing, "not a stream")
    sent = spread(12, each=9)
    places = [partition_of("acme", decode(raw).conversation_id, 16) for raw in sent]
    with pytest.raises(PublishFailed, match="WRONGTYPE") as caught:
        await Publisher(redis, settings=PublisherSettings(max_batch=4)).publish_raw(sent)
    assert caught.value.unconfirmed == sum(stream_key(place) == refusing for place in places)
    for place in {place for place in places if stream_key(place) != refusing}:
        assert await redis.xlen(stream_key(place)) == places.count(place)
    await redis.aclose()


@pytest.mark.parametrize("streams", [1, 3, 12])
async def test_a_replica_refuses_as_a_whole_so_that_clients_look_for_the_master(
    redis_url: str, streams: int
) -> None:
    redis = Redis.from_url(redis_url)
    keys = [stream_key(partition) for partition in range(streams)]
    await redis.replicaof("127.0.0.1", "1")
    try:
        with pytest.raises(ReadOnlyError):
            await redis.eval(_APPEND, len(keys), *keys, *[b"{}"] * len(keys))
        appender = Appender(redis, attempts=1)
        outcomes = await appender.append({key: [b"{}"] for key in keys})
    finally:
        await redis.replicaof("NO", "ONE")
        await redis.aclose()
    assert {type(outcome) for outcome in outcomes.values()} == {ReadOnlyError}


async def test_a_client_that_decodes_answers_will_do(redis_url: str) -> None:
    redis = Redis.from_url(redis_url, decode_responses=True)
    ids = await Publisher(redis).publish_raw(spread(12, each=2))
    assert all(isinstance(entry_id, EntryId) for entry_id in ids)
    await redis.aclose()


async def test_calls_that_share_partitions_do_not_wait_for_each_other_for_ever(
    redis_url: str,
) -> None:
    redis = Redis.from_url(redis_url)
    publisher = Publisher(redis, settings=PublisherSettings(max_batch=2, parallel_batches=1))
    sent = spread(12, each=6)
    async with asyncio.timeout(30):
        done = await asyncio.gather(
            *(publisher.publish_raw(sent[start:] + sent[:start]) for start in range(10))
        )
    assert len({entry_id for ids in done for entry_id in ids}) <= 10 * len(sent)
    assert sum(len(ids) for ids in done) == 10 * len(sent)
    await redis.aclose()


async def test_nothing_to_publish_is_nothing(redis_url: str) -> None:
    redis = Redis.from_url(redis_url)
    assert await Publisher(redis).publish_raw([]) == []
    await redis.aclose()


async def batches_in_flight(redis: Redis) -> list[str]:
    """Ids of the clients that wait with a script."""
    clients: Any = await redis.client_list()
    return [client["id"] for client in clients if client["cmd"].startswith("eval")]


async def test_a_cut_connection_repeats_ids_but_loses_none(redis_url: str) -> None:
    redis = Redis.from_url(redis_url, retry=Retry(NoBackoff(), 0))
    other = Redis.from_url(redis_url)
    publisher = Publisher(redis, settings=PublisherSettings(max_batch=10))
    await other.client_pause(30_000, all=False)
    sending = asyncio.create_task(publisher.publish_raw(bodies(400)))
    # Writes wait in the server, so that the connection is cut with a batch certainly in flight.
    async with asyncio.timeout(30):
        while not (held := await batches_in_flight(other)):  # noqa: ASYNC110 - a real condition
            await asyncio.sleep(0.005)
    for client_id in held:
        await other.client_kill_filter(_id=client_id)
    await other.client_unpause()
    await sending
    found = [decode(raw).id for raw in await stored(redis)]
    assert list(dict.fromkeys(found)) == [decode(raw).id for raw in bodies(400)]
    await redis.aclose()
    await other.aclose()


async def test_an_unreachable_server_is_told_with_what_is_unconfirmed() -> None:
    redis = Redis.from_url("unix:///nowhere/redis.sock", retry=Retry(NoBackoff(), 0))
    publisher = Publisher(redis, settings=PublisherSettings(attempts=2))
    with pytest.raises(PublishFailed) as caught:
        await publisher.publish_raw(bodies(3))
    assert caught.value.unconfirmed == 3
    await redis.aclose()


async def test_a_failure_does_not_look_like_a_cancellation_of_the_caller() -> None:
    redis = Redis.from_url("unix:///nowhere/redis.sock", retry=Retry(NoBackoff(), 0))
    publisher = Publisher(redis, settings=PublisherSettings(attempts=1))
    with pytest.raises(PublishFailed):
        await publisher.publish_raw(bodies(3))
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    await redis.aclose()


async def test_partitions_must_agree_with_the_record(redis_url: str) -> None:
    redis = Redis.from_url(redis_url)
    publisher = Publisher(redis)
    with pytest.raises(PartitionsDisagree):
        await publisher.verify_topology()
    await redis.hset(topology_key(), "partitions", "16")
    await publisher.verify_topology()
    await redis.hset(topology_key(), "partitions", "8")
    with pytest.raises(PartitionsDisagree, match="records 8"):
        await publisher.verify_topology()
    await redis.aclose()


async def test_a_server_that_refuses_writes_is_told_as_publish_failed(redis_url: str) -> None:
    redis = Redis.from_url(redis_url)
    await redis.config_set("maxmemory", "1mb")
    try:
        with pytest.raises(PublishFailed, match=r"OOM|memory") as caught:
            await Publisher(redis).publish_raw(bodies(3))
    finally:
        await redis.config_set("maxmemory", "0")
        await redis.aclose()
    assert caught.value.unconfirmed == 3
