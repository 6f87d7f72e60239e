"""Who answers in a conversation, and where it goes out."""

from __future__ import annotations

from consumers.errors import faults_translated
from runtime.agent.reasons import Reason
from runtime.companies.directory import Directory
from runtime.turns.opening import Speaker


async def speaker_of(
    directory: Directory, company_id: str, centurion_id: str | None, channel_name: str | None
) -> Speaker | Reason:
    """The centurion and its channel, or why nobody answers.

    Raises:
        ConfigInvalid: the platform's rows say what cannot be used.
        TransientFault: Postgres does not answer.
    """
    with faults_translated():
        company = await directory.company(company_id)
        centurion = await directory.centurion(company_id, centurion_id)
    if company is None or centurion is None:
        return Reason.NO_CENTURION
    channel = None if channel_name is None else centurion.channel(channel_name)
    if channel_name is None or channel is None:
        return Reason.NO_CHANNEL
    return Speaker(company, centurion, channel_name, channel)
