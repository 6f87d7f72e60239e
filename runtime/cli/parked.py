"""`agent-runtime parked`: conversations that wait because a projection refused an event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, NoReturn

import orjson
import typer
from rich.console import Console

from projections.statements import statements
from runtime.cli.acting import Actor, DryRun, Yes, actor, must_be_askable
from runtime.cli.context import WRONG_USE, Open, carry_out, fail, opened, settings_or_exit
from runtime.cli.requests import DISCARD, RETRY, Kind, Manner, carry_out_request
from runtime.cli.tables import Json, duration, say, show

_SQL = statements("runtime.queries", "parked.sql")
parked = typer.Typer(
    help="Conversations that wait because a projection refused one of their events.",
    no_args_is_help=True,
)

Company = Annotated[str | None, typer.Option(help="Only this company.")]
Conversation = Annotated[str | None, typer.Option(help="Only this conversation.")]
Projection = Annotated[str | None, typer.Option(help="Only what this projection refused.")]
Group = Annotated[str | None, typer.Option(help="Only this consumer group.")]
Why = Annotated[
    str | None,
    typer.Option("--reason", help="Only this reason of the first event, as listed."),
]
Everything = Annotated[bool, typer.Option("--all", help="All that is parked.")]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Only leave the request.")]
Timeout = Annotated[float, typer.Option("--timeout", min=0, help="Seconds to wait.")]


@dataclass(frozen=True, slots=True)
class Choice:
    """Which parked conversations are meant; None leaves that open."""

    company: str | None
    conversation: str | None
    projection: str | None
    group: str | None
    reason: str | None

    def narrowed(self) -> bool:
        """Whether anything is said at all."""
        return bool(self.told())

    def told(self) -> dict[str, str]:
        """What is said, by the option's name."""
        names = ("company", "conversation", "projection", "group", "reason")
        return {name: value for name in names if (value := getattr(self, name)) is not None}


@parked.command("list")
def parked_list(
    company: Company = None,
    conversation: Conversation = None,
    projection: Projection = None,
    group: Group = None,
    reason: Why = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many.")] = 50,
    as_json: Json = False,
) -> None:
    """List the conversations that wait, the longest first, and why their first event was refused.

    One row a conversation and projection: events that wait, reason and detail of the first, since
    when, how often it was tried, and whether a retry or discard is already asked for.

    Example: agent-runtime parked list --projection leads
    """
    settings = settings_or_exit()
    choice = Choice(company, conversation, projection, group, reason)

    async def work() -> int:
        async with opened(settings) as open_:
            rows = await _waiting(open_, choice, limit)
        columns = ["projection", "company", "conversation", "events", "why", "waits", "tries"]
        if any(row["asked"] for row in rows):
            columns.append("asked")
        if not as_json:
            told = ({"waits": duration(row["waits_s"]), "tries": row["attempts"]} for row in rows)
            rows = [{**row, **more} for row, more in zip(rows, told, strict=True)]
        whole = ("conversation", "waits")
        show(rows, title="parked", as_json=as_json, columns=columns, whole=whole, absent="-")
        return 0

    carry_out(work)


@parked.command("show")
def parked_show(
    company: Annotated[str, typer.Argument(help="The company.")],
    conversation: Annotated[str, typer.Argument(help="The conversation.")],
    projection: Projection = None,
    group: Group = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 20,
    as_json: Json = False,
) -> None:
    """Show the events of one conversation that wait, in order, with their bodies.

    Example: agent-runtime parked show acme 5511999990000@s.whatsapp.net
    """
    settings = settings_or_exit()

    async def work() -> int:
        wanted = (company, conversation, projection, group, limit)
        async with opened(settings) as open_:
            rows = [dict(row) for row in await open_.db.fetch(_SQL["events"], *wanted)]
        if not rows:
            fail(f"nothing of {company}/{conversation} is parked")
        for row in rows:
            row["body"] = orjson.loads(row["body"]) if row["body"] is not None else None
        if as_json:
            show(rows, title="parked", as_json=True)
            return 0
        for row in rows:
            Console().print_json(orjson.dumps(row, default=str).decode())
        return 0

    carry_out(work)


@parked.command("retry")
def parked_retry(
    company: Company = None,
    conversation: Conversation = None,
    projection: Projection = None,
    group: Group = None,
    reason: Why = None,
    everything: Everything = False,
    dry_run: DryRun = False,
    no_wait: NoWait = False,
    timeout_s: Timeout = 60,
    as_: Actor = None,
    as_json: Json = False,
) -> None:
    """Ask the partitions' owners to apply parked events again, in order; wait for the outcome.

    Do it after the cause is mended: new code is deployed, or the data it needs is there. An event
    that is refused again stays, and its followers with it. Exit 0 when all went through, 1 when
    some were refused again or time ran out; the requests stay and are carried out later.

    Example: agent-runtime parked retry --company acme --conversation 5511999990000
    """
    choice = Choice(company, conversation, projection, group, reason)
    _must_choose(choice, everything=everything)
    manner = Manner(dry_run, True, no_wait, timeout_s, actor(as_), as_json)
    _act(RETRY, choice, manner)


@parked.command("discard")
def parked_discard(
    company: Company = None,
    conversation: Conversation = None,
    projection: Projection = None,
    group: Group = None,
    reason: Why = None,
    everything: Everything = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    no_wait: NoWait = False,
    timeout_s: Timeout = 60,
    as_: Actor = None,
    as_json: Json = False,
) -> None:
    """Give parked events up: they never take effect in that projection, later ones do again.

    The event log keeps them, and a rebuild of the projection meets them again. Prefer a retry. Asks
    before it does anything, or wants --yes.

    Example: agent-runtime parked discard --projection leads --conversation 5511999990000 --dry-run
    """
    choice = Choice(company, conversation, projection, group, reason)
    _must_choose(choice, everything=everything)
    must_be_askable(yes=yes, dry_run=dry_run)
    manner = Manner(dry_run, yes, no_wait, timeout_s, actor(as_), as_json)
    _act(DISCARD, choice, manner)


def _act(kind: Kind, choice: Choice, manner: Manner) -> NoReturn:
    settings = settings_or_exit()

    async def work() -> int:
        async with opened(settings) as open_:
            rows = await _waiting(open_, choice, None)
            if not rows:
                return await _nothing(open_, choice)
            return await carry_out_request(open_, kind, rows, choice.told(), manner)

    carry_out(work)


def _must_choose(choice: Choice, *, everything: bool) -> None:
    if not choice.narrowed() and not everything:
        fail(
            "say what is meant: --conversation, --company, --projection, --group, --reason or --all",
            code=WRONG_USE,
        )


async def _waiting(open_: Open, choice: Choice, limit: int | None) -> list[dict[str, Any]]:
    rows = await open_.db.fetch(
        _SQL["conversations"],
        choice.company,
        choice.conversation,
        choice.projection,
        choice.group,
        choice.reason,
        limit,
    )
    names = {"group_name": "group", "company_id": "company", "conversation_id": "conversation"}
    told = [{names.get(key, key): value for key, value in row.items()} for row in rows]
    return [{**row, "why": f"{row['reason']}: {row['detail']}"} for row in told]


async def _nothing(open_: Open, choice: Choice) -> int:
    known = await open_.db.fetchrow(_SQL["known"], choice.group, choice.projection)
    if known is not None and not known["group_known"]:
        fail(f"there is no group {choice.group}", code=WRONG_USE)
    if known is not None and not known["projection_known"]:
        fail(f"there is no projection {choice.projection}", code=WRONG_USE)
    say("nothing that matches is parked")
    return 0
