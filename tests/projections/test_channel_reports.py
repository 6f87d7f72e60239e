"""What channels tell of messages that went out waits for who sent them."""

from __future__ import annotations

from events.sources import AGENT_RUNTIME
from projections.channel_reports import PROJECTION
from tests.projections.spec import event, given


def test_an_echo_whose_writer_is_not_known_waits() -> None:
    echo = event("message.sent", by=None, text="olá", provider_message_id="p-1")
    given(PROJECTION).when(echo, times=2).then(
        {
            "channel_reports": {
                ("acme", "c-1", echo.event.id): {
                    "kind": "sent",
                    "text": "olá",
                    "provider_message_id": "p-1",
                }
            }
        }
    )


def test_what_names_its_writer_does_not() -> None:
    given(PROJECTION).when(event("message.sent", by="bot"), event("message.sent", by="human")).then(
        {"channel_reports": {}}
    )


def test_a_status_waits() -> None:
    status = event("message.read", message_id="out-1")
    given(PROJECTION).when(status).then(
        {
            "channel_reports": {
                ("acme", "c-1", status.event.id): {"kind": "read", "message_id": "out-1"}
            }
        }
    )


def test_what_this_runtime_told_itself_does_not() -> None:
    failed = event("message.failed")
    own = failed._replace(event=failed.event._replace(source=AGENT_RUNTIME))
    given(PROJECTION).when(own).then({"channel_reports": {}})
