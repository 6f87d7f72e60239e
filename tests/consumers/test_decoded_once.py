"""Two groups of a process decode what they read once."""

from __future__ import annotations

from collections import Counter

import orjson
import pytest
from redis.asyncio import Redis

from consumers import decoded_once
from consumers.decoded_once import DecodedOnce
from events.envelope import Event
from events.errors import InvalidEvent
from events.stream_bodies import event_of as decode
from tests.consumers.members import wait_caught_up
from tests.consumers.one_stream import append, event
from tests.where_it_runs.running import serving, settings_for, wait_logged

BODIES = [orjson.dumps(event(number)) for number in range(100)]


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> Counter[bytes]:
    """How often each body was decoded."""
    counts: Counter[bytes] = Counter()

    def counted(raw: bytes) -> Event:
        counts[raw] += 1
        return decode(raw)

    monkeypatch.setattr(decoded_once, "event_of", counted)
    return counts


def test_the_second_who_asks_gets_the_same_event_and_nothing_is_kept(
    decoded: Counter[bytes],
) -> None:
    once = DecodedOnce()
    for _ in range(2):
        first = [once(raw) for raw in BODIES]
        # Another object of the same bytes, as another group reads them.
        second = [once(bytes(bytearray(raw))) for raw in BODIES]
        assert all(a is b for a, b in zip(first, second, strict=True))
        assert first == [decode(raw) for raw in BODIES]
    assert decoded == Counter(dict.fromkeys(BODIES, 2))


def test_no_more_is_kept_than_was_asked_for_the_oldest_goes_first(decoded: Counter[bytes]) -> None:
    once = DecodedOnce(kept_bytes=sum(len(raw) for raw in BODIES[-20:]))
    for raw in BODIES:
        once(raw)
    for raw in reversed(BODIES):
        once(raw)
    again = [decoded[raw] for raw in BODIES]
    assert again == sorted(again, reverse=True)
    assert 10 <= again.count(1) <= 20


def test_what_is_larger_than_all_that_is_kept_is_not_kept(decoded: Counter[bytes]) -> None:
    once = DecodedOnce(kept_bytes=10)
    assert once(BODIES[0]) == once(BODIES[0])
    assert decoded[BODIES[0]] == 2


def test_what_is_no_event_is_refused_each_time() -> None:
    once = DecodedOnce()
    for _ in range(3):
        with pytest.raises(InvalidEvent):
            once(b"{}")


async def test_a_service_decodes_what_both_its_groups_read_once(
    database_url: str, redis_url: str, decoded: Counter[bytes]
) -> None:
    redis = Redis.from_url(redis_url)
    async with serving(settings_for(database_url, redis_url, DISABLE_WORKERS="true")):
        await append(redis, range(100))
        await wait_logged(database_url, 100)
        await wait_caught_up(database_url, redis_url, group="agent")
    await redis.aclose()
    assert decoded == Counter(BODIES)
