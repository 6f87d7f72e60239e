"""Every message of a customer waits for a turn; nothing else does."""

from __future__ import annotations

from projections.inbox import PROJECTION
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


def test_what_enriches_a_message_is_no_message() -> None:
    assert "message_received.transcribed" not in PROJECTION.reads
    assert "message.sent" not in PROJECTION.reads
