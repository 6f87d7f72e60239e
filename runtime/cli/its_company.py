"""Whose a conversation is, where only its id was given."""

from __future__ import annotations

from typing import Annotated

import typer

from runtime.cli.context import WRONG_USE, Open, fail
from runtime.queries.conversations import companies_of

Id = Annotated[str, typer.Argument(help="The conversation's id.")]
Company = Annotated[str | None, typer.Option(help="Its company, where the id is not unique.")]
_NAMED = 10


async def company_of(open_: Open, conversation_id: str, company: str | None) -> str:
    """The company meant; ends with exit 1 where there is none, with 2 where there are several."""
    found = await companies_of(open_.db, conversation_id)
    if company is not None:
        found = [company] if company in found else []
    if not found:
        of = f" of company {company}" if company is not None else ""
        fail(f"no conversation {conversation_id or '(none)'}{of} in the event log")
    if len(found) > 1:
        more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
        fail(
            f"several companies have a conversation {conversation_id or '(none)'}: "
            f"{', '.join(found[:_NAMED])}{more}; name one with --company",
            code=WRONG_USE,
        )
    return found[0]
