"""`agent-runtime conversations`: one conversation, as it stands and why."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from runtime.cli.context import WRONG_USE, Open, carry_out, fail, opened, settings_or_exit
from runtime.cli.tables import Json, output, say, show, show_json
from runtime.explaining.as_json import objects
from runtime.explaining.explain import explain
from runtime.explaining.rendering import one_line, tree
from runtime.queries.conversations import (
    Conversation,
    companies_of,
    conversation,
    inbox_states,
    logged_events,
)

conversations = typer.Typer(
    help="One conversation: how it stands, and why the bot did or did not answer.",
    no_args_is_help=True,
)
Id = Annotated[str, typer.Argument(help="The conversation's id.")]
Company = Annotated[str | None, typer.Option(help="Its company, where the id is not unique.")]
_STATE = ("owner", "status", "channel", "contact_name", "contact_id", "centurion_id", "opted_out")
_TIMES = ("first_seen_at", "last_inbound_at", "last_outbound_at", "unanswered_since")


@conversations.command("explain")
def conversations_explain(
    conversation_id: Id, company: Company = None, as_json: Json = False
) -> None:
    """Tell what became of each message of the customer, and why, from the event log and the inbox.

    Below each message: the turns that cover it with their outcome and reason, and in each turn its
    model calls, searches, facts, score and what was sent or not. Times are UTC.

    Example: agent-runtime conversations explain 5511987654321 --company acme
    """
    settings = settings_or_exit()

    async def work() -> int:
        async with opened(settings) as open_:
            its_company = await _company_of(open_, conversation_id, company)
            events = await logged_events(open_.db, its_company, conversation_id)
            inbox = await inbox_states(open_.db, its_company, conversation_id)
        explanation = explain(events, inbox)
        if as_json:
            show_json(list(objects(explanation)))
        else:
            output().print(tree(explanation))
        return 0

    carry_out(work)


@conversations.command("show")
def conversations_show(
    conversation_id: Id,
    company: Company = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many messages.")] = 50,
    as_json: Json = False,
) -> None:
    """Show a conversation's state, leads, handoffs and newest messages, from the read models.

    Example: agent-runtime conversations show 5511987654321 --company acme --limit 200
    """
    settings = settings_or_exit()

    async def work() -> int:
        async with opened(settings) as open_:
            its_company = await _company_of(open_, conversation_id, company)
            found = await conversation(open_.db, its_company, conversation_id, messages=limit)
        scope = {"company_id": its_company, "conversation_id": conversation_id}
        if as_json:
            show_json([{**scope, **_whole(found)}])
        else:
            _print(found, scope)
        return 0

    carry_out(work)


async def _company_of(open_: Open, conversation_id: str, company: str | None) -> str:
    """The company meant; ends where there is none, or more than one and none was named."""
    found = await companies_of(open_.db, conversation_id)
    if company is not None:
        found = [company] if company in found else []
    if not found:
        of = f" of company {company}" if company is not None else ""
        fail(f"no conversation {conversation_id}{of} in the event log")
    if len(found) > 1:
        fail(
            f"several companies have a conversation {conversation_id}: {', '.join(found)}; "
            "name one with --company",
            code=WRONG_USE,
        )
    return found[0]


def _whole(found: Conversation) -> dict[str, Any]:
    return {
        "state": found.state,
        "leads": found.leads,
        "handoffs": found.handoffs,
        "messages": found.transcript,
    }


def _print(found: Conversation, scope: dict[str, str]) -> None:
    say(f"conversation {scope['conversation_id']} of company {scope['company_id']}")
    if found.state is None:
        say("the read models do not know it yet")
        return
    state = found.state
    told = [f"{name}: {one_line(str(state[name]))}" for name in _STATE if state[name] is not None]
    told += [f"{name}: {state[name]:%Y-%m-%d %H:%M:%SZ}" for name in _TIMES if state[name]]
    told += [f"received: {state['received_count']}", f"sent: {state['sent_count']}"]
    say("\n".join(f"  {line}" for line in told))
    if found.leads:
        show([_lead(lead) for lead in found.leads], title="leads", as_json=False, absent="-")
    if found.handoffs:
        show(found.handoffs, title="handoffs", as_json=False, absent="-")
    messages = [_message(message) for message in found.transcript]
    show(messages, title="messages", as_json=False, whole=("at (UTC)",), absent="-")


def _lead(lead: dict[str, Any]) -> dict[str, Any]:
    facts = ", ".join(
        f"{name}={fact.get('value') if isinstance(fact, dict) else fact}"
        for name, fact in lead["facts"].items()
    )
    return {
        "lead": lead["lead_id"],
        "stage": lead["stage"],
        "score": None if lead["score"] is None else f"{lead['score']:.2f}",
        "facts": one_line(facts),
    }


def _message(message: dict[str, Any]) -> dict[str, Any]:
    who = "contact" if message["direction"] == "in" else message["sent_by"] or "not known"
    return {
        "at (UTC)": f"{message['occurred_at']:%Y-%m-%d %H:%M:%S}",
        "who": who,
        "kind": message["kind"],
        "text": one_line(message["text"] or ""),
        "status": message["status"],
    }
