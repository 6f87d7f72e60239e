"""A channel that only says what it would send: for trying a centurion out, and for the demo."""

from __future__ import annotations

from runtime.channels.port import Fate, OutboundPart, Sent
from runtime.companies.config import Channel
from runtime.logs import get_logger

_log = get_logger(__name__)


class LogSender:
    """Sends on channels of kind `log`: a line `channel.sent`, and it counts as sent.

    The line has the ids and the length; what was written is only in `channel.text`, at debug level.
    """

    async def send(self, part: OutboundPart, channel: Channel, secret: str | None) -> Sent:
        """Always `SENT`."""
        ids = {
            "company_id": part.company_id,
            "conversation_id": part.conversation_id,
            "message_id": str(part.message_id),
            "turn_id": str(part.turn_id),
        }
        _log.info(
            "channel.sent",
            **ids,
            centurion_id=part.centurion_id,
            channel=part.channel,
            part=part.part,
            parts=part.parts,
            chars=len(part.text),
        )
        _log.debug("channel.text", **ids, text=part.text)
        return Sent(Fate.SENT, detail="logged")
