"""`agent-runtime conversations`: one conversation, as it stands and why."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from events.envelope import RecordedEvent
from runtime.cli.context import WRONG_USE, Open, carry_out, fail, opened, settings_or_exit
from runtime.cli.its_company import Company, Id, company_of
from runtime.cli.moments import parse_moment
from runtime.cli.tables import Json, output, say, show, show_json
from runtime.cli.timeline import conversations_timeline
from runtime.explaining.as_json import objects
from runtime.explaining.explain import explain
from runtime.explaining.rendering import one_line, tree
from runtime.history import telling
from runtime.history.as_of import By, EventElsewhere, Past, cut_at, past
from runtime.history.moments import Moment
from runtime.queries.conversations import (
    Conversation,
    conversation,
    inbox_states,
    logged_events,
)

conversations = typer.Typer(
    help="One conversation: how it stands, and why the bot did or did not answer.",
    no_args_is_help=True,
)
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
            its_company = await company_of(open_, conversation_id, company)
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
    as_of: Annotated[
        Moment | None,
        typer.Option(
            parser=parse_moment,
            metavar="TIME|EVENT_ID",
            help="As it was then, from the event log alone; the moment itself is included.",
        ),
    ] = None,
    by: Annotated[
        By, typer.Option(help="The clock that the time of --as-of is of.")
    ] = telling.DEFAULT_BY,
    events: Annotated[
        bool, typer.Option("--events", help="With --as-of: list the events that made it.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show a conversation's state, leads, handoffs and newest messages, from the read models.

    With --as-of, as it was at a time (RFC 3339; UTC without an offset) or right after an event. It
    is folded anew from the event log by the code that runs now; nothing is written.

    Example: agent-runtime conversations show 5511987654321 --as-of 2026-11-02T12:00:00Z
    """
    if as_of is None and (events or by != telling.DEFAULT_BY):
        fail("--events and --by go with --as-of", code=WRONG_USE)
    settings = settings_or_exit()

    async def work() -> int:
        async with opened(settings) as open_:
            its_company = await company_of(open_, conversation_id, company)
            scope = (its_company, conversation_id)
            if as_of is not None:
                then = await _past(open_, scope, as_of, by=by, limit=limit, events=events)
                _tell_past(then, scope, as_of, by=by, as_json=as_json)
                return 0
            found = await conversation(open_.db, *scope, messages=limit)
        if as_json:
            show_json([{**_scope(scope), **_whole(found)}])
        else:
            _print(found, scope)
        return 0

    carry_out(work)


async def _past(
    open_: Open, scope: tuple[str, str], moment: Moment, *, by: By, limit: int, events: bool
) -> Past:
    try:
        cut = await cut_at(open_.db, scope, moment, by=by)
    except EventElsewhere as error:
        fail(f"{error}; --as-of wants one of conversation {scope[1]}", code=WRONG_USE)
    return await past(open_.db, scope, cut, messages=limit, list_events=events)


def _tell_past(
    then: Past, scope: tuple[str, str], moment: Moment, *, by: By, as_json: bool
) -> None:
    if as_json:
        told = telling.as_object(then, moment, by)
        show_json([{**_scope(scope), **_whole(then.found), **told}])
        return
    _print(then.found, scope, "\n".join(telling.lines(then, moment, by)))
    for name, rows in then.others.items():
        show(_briefly(name, rows), title=name, as_json=False, absent="-")
    if then.listed:
        _print_events(then.listed)


def _print_events(events: list[RecordedEvent]) -> None:
    say("events")
    for recorded in events:
        told = telling.listed(recorded)
        say(f"  {told['recorded_at']} {told['type']}\n    {told['id']} at {told['place']}")


_BRIEF = {
    "followups": ("followup_id", "rule", "attempt", "status", "due_at"),
    "rag_queries": ("asked_at", "outcome", "query", "best_score"),
}
"""What of a wide read model fits a table; JSON has all of it."""


def _briefly(name: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    columns = _BRIEF.get(name, tuple(rows[0]))
    texts = [{column: row[column] for column in columns} for row in rows]
    return [{k: one_line(v) if isinstance(v, str) else v for k, v in row.items()} for row in texts]


def _scope(scope: tuple[str, str]) -> dict[str, str]:
    return {"company_id": scope[0], "conversation_id": scope[1]}


def _whole(found: Conversation) -> dict[str, Any]:
    return {
        "state": found.state,
        "leads": found.leads,
        "handoffs": found.handoffs,
        "messages": found.transcript,
    }


def _print(found: Conversation, scope: tuple[str, str], moment: str | None = None) -> None:
    say(f"conversation {scope[1]} of company {scope[0]}")
    if moment is not None:
        say(moment, prose=True)
    elif found.state is None:
        say("the read models do not know it yet")
        return
    if found.state is not None:
        _print_state(found.state)
    if found.leads:
        show([_lead(lead) for lead in found.leads], title="leads", as_json=False, absent="-")
    if found.handoffs:
        show(found.handoffs, title="handoffs", as_json=False, absent="-")
    messages = [_message(message) for message in found.transcript]
    show(messages, title="messages", as_json=False, whole=("at (UTC)",), absent="-")


def _print_state(state: dict[str, Any]) -> None:
    told = [f"{name}: {one_line(str(state[name]))}" for name in _STATE if state[name] is not None]
    told += [f"{name}: {state[name]:%Y-%m-%d %H:%M:%SZ}" for name in _TIMES if state[name]]
    told += [f"received: {state['received_count']}", f"sent: {state['sent_count']}"]
    say("\n".join(f"  {line}" for line in told))


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


conversations.command("timeline")(conversations_timeline)
