"""Every message of a customer waits for a turn; nothing else does."""

from __future__ import annotations

from datetime import timedelta

import pytest

from events.entry_id import EntryId
from projections.inbox import MOST_MS, PROJECTION
from tests.projections.spec import event, given


def test_each_inbound_message_has_one_row_in_its_place() -> None:
    text = event("message_received.text", number=3)
    audio = event("message_received.audio", number=4)
    given(PROJECTION).when(text, audio, times=2).then(
        {
            "inbox": {
                ("acme", "c-1", text.event.id): {"kind": "text", "position": 3},
                ("acme", "c-1", audio.event.id): {"kind": "audio", "position": 4},
            }
        }
    )


def test_a_burst_grows_from_its_first_message_to_its_last() -> None:
    first = event("message_received.text", number=3)
    last = event("message_received.text", number=5, centurion_id="cora")
    given(PROJECTION).when(first, last).then(
        {
            "bursts": {
                ("acme", "c-1"): {
                    "first_position": 3,
                    "last_position": 5,
                    "centurion_id": "cora",
                }
            }
        }
    )


@pytest.mark.parametrize(
    ("lag_ms", "counted_ms"), [(200, 200), (0, 0), (-3000, 0), (3_600_000, MOST_MS)]
)
def test_a_message_is_received_when_its_stream_took_it_within_bounds(
    lag_ms: int, counted_ms: int
) -> None:
    text = event("message_received.text")
    taken = EntryId(int(text.recorded_at.timestamp() * 1000) - lag_ms, 0)
    at = text.recorded_at - timedelta(milliseconds=counted_ms)
    given(PROJECTION).when(text._replace(entry_id=taken)).then(
        {
            "inbox": {("acme", "c-1", text.event.id): {"received_at": at}},
            "bursts": {("acme", "c-1"): {"first_received_at": at, "last_received_at": at}},
        }
    )


def test_what_was_said_in_a_voice_message_stands_in_its_row_and_is_no_message() -> None:
    audio = event("message_received.audio", message_id="m-9", number=4)
    other = event("message_received.text", message_id="m-10", number=5)
    said = event("message_received.transcribed", message_id="m-9", text="bom dia", number=6)
    spec = given(PROJECTION, audio, other).when(said)
    spec.then(
        {
            "inbox": {
                ("acme", "c-1", audio.event.id): {"text": "bom dia"},
                ("acme", "c-1", other.event.id): {"text": "oi"},
            },
            "bursts": {("acme", "c-1"): {"last_position": 5}},
        }
    )


def test_the_words_of_an_erased_contact_are_gone() -> None:
    text = event("message_received.text", number=3)
    given(PROJECTION, text).when(event("contact.erased")).then(
        {"inbox": {("acme", "c-1", text.event.id): {"text": None, "content": None}}}
    )
