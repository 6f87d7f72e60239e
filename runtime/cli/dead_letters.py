"""`agent-runtime dead-letters`: entries that could not be events."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from events.partitioning import stream_key
from runtime.cli.acting import Actor, DryRun, Yes, actor, confirm, must_be_askable
from runtime.cli.context import WRONG_USE, Open, carry_out, fail, opened, settings_or_exit
from runtime.cli.resending import Asked, discard, resend
from runtime.cli.tables import Json, say, show
from runtime.queries.dead_letters import WHOLE, Letter, Wanted, find, parse_key, pretty
from runtime.queries.remedies import remedy

dead_letters = typer.Typer(help="Entries that could not be events.", no_args_is_help=True)
_BEGINNING = 60

Keys = Annotated[
    list[str] | None, typer.Argument(metavar="KEY", help="PARTITION:ENTRY_ID, as listed.")
]
Group = Annotated[str | None, typer.Option(help="Only what this consumer group met.")]
Why = Annotated[str | None, typer.Option("--reason", help="Only this reason.")]
Partition = Annotated[int | None, typer.Option(min=0, max=1023, help="Only this partition.")]
Generation = Annotated[
    int | None, typer.Option(min=1, help="Of this generation of the stream (else any).")
]
Everything = Annotated[bool, typer.Option("--all", help="All that are open.")]


@dead_letters.command("list")
def dead_letters_list(
    group: Group = None,
    reason: Why = None,
    company: Annotated[str | None, typer.Option(help="Only bytes that name this company.")] = None,
    partition: Partition = None,
    since: Annotated[datetime | None, typer.Option(help="Seen after this time.")] = None,
    resolved: Annotated[
        bool, typer.Option("--resolved", help="Those retried or discarded, not the open ones.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 50,
    as_json: Json = False,
) -> None:
    """List entries that could not be events, newest first, with the reason.

    Example: agent-runtime dead-letters list --reason invalid_payload --since 2026-11-02
    """
    settings = settings_or_exit()
    after = since.astimezone() if since is not None else None
    wanted = Wanted(group, reason, partition, after, resolved, company=company)

    async def work() -> int:
        async with opened(settings) as open_:
            beginning = WHOLE if as_json else _BEGINNING
            letters = await find(open_.db, wanted, limit=limit + 1, raw_bytes=beginning)
        _list(letters[:limit], resolved=resolved, as_json=as_json)
        if len(letters) > limit and not as_json:
            say(f"the newest {limit}; more with --limit")
        return 0

    carry_out(work)


def _list(letters: list[Letter], *, resolved: bool, as_json: bool) -> None:
    rows = [letter.told() for letter in letters]
    columns = ["key", "reason", "detail", "raw", "seen_at"]
    if resolved:
        columns[3:] = ["resolution", "resolved_by", "resolved_at"]
    if any(letter.generation > 1 for letter in letters):
        columns.insert(1, "generation")
    if not as_json:
        for row in rows:
            row["raw"] = " ".join(row["raw"].split())
    show(rows, title="dead letters", as_json=as_json, columns=columns, whole=("key",), absent="-")


@dead_letters.command("show")
def dead_letters_show(
    key: Annotated[str, typer.Argument(help="PARTITION:ENTRY_ID, as listed.")],
    generation: Generation = None,
    as_json: Json = False,
) -> None:
    """Show one dead letter: its bytes, why it is no event, and what to do about it.

    Example: agent-runtime dead-letters show 3:1764000000000-0
    """
    wanted = Wanted(resolved=None, generation=generation, keys=_keys([key]))
    settings = settings_or_exit()

    async def work() -> int:
        async with opened(settings) as open_:
            letters = await find(open_.db, wanted)
        letter = _only(letters, key)
        told = {**letter.told(), "remedy": remedy(letter.reason)}
        if as_json:
            show([told], title="dead letter", as_json=True)
            return 0
        say(f"dead letter {key} of {stream_key(letter.partition, settings.stream_prefix)}")
        for name in ("generation", "groups", "reason", "detail", "event_id", "seen_at"):
            value = ", ".join(letter.groups) if name == "groups" else told[name]
            if value is not None:
                say(f"{name:>10}  {value}")
        if letter.resolved_at is not None:
            done = f"{letter.resolution} at {letter.resolved_at} by {letter.resolved_by}"
            say(f"{'resolved':>10}  {done}")
        say(f"\n{pretty(letter)}\n")
        say(f"What to do: {remedy(letter.reason)}", prose=True)
        return 0

    carry_out(work)


@dead_letters.command("retry")
def dead_letters_retry(
    keys: Keys = None,
    reason: Why = None,
    group: Group = None,
    partition: Partition = None,
    generation: Generation = None,
    everything: Everything = False,
    dry_run: DryRun = False,
    as_: Actor = None,
    as_json: Json = False,
) -> None:
    """Send dead letters again, as they are, each to the end of its right stream.

    A retried one takes a new place in the log: behind what came after it. Retrying twice is
    harmless, because the event's id is its idempotency key. What is still no event is not sent and
    stays open (exit 1).

    Example: agent-runtime dead-letters retry --reason wrong_partition
    """
    wanted = _chosen(keys, reason, group, partition, generation, everything=everything)
    asked = Asked(actor(as_), wanted.told())
    settings = settings_or_exit()

    async def work() -> int:
        async with opened(settings) as open_:
            letters = await _open_letters(open_, wanted)
            return await resend(open_, letters, asked, dry_run=dry_run, as_json=as_json)

    carry_out(work)


@dead_letters.command("discard")
def dead_letters_discard(
    keys: Keys = None,
    reason: Why = None,
    group: Group = None,
    partition: Partition = None,
    generation: Generation = None,
    everything: Everything = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_: Actor = None,
    as_json: Json = False,
) -> None:
    """Give dead letters up: they are no longer open. Their bytes stay in the table.

    Asks before it does anything, or wants --yes.

    Example: agent-runtime dead-letters discard 3:1764000000000-0 --yes
    """
    wanted = _chosen(keys, reason, group, partition, generation, everything=everything)
    must_be_askable(yes=yes, dry_run=dry_run)
    asked = Asked(actor(as_), wanted.told())
    settings = settings_or_exit()

    async def work() -> int:
        async with opened(settings) as open_:
            letters = await _open_letters(open_, wanted)
            _list(letters[:10], resolved=False, as_json=as_json)
            if dry_run or not letters:
                say_count(len(letters), "would be discarded", as_json=as_json)
                return 0
            if not confirm(f"Discard these {len(letters)} dead letters?", yes=yes):
                fail("nothing was done")
            done = await discard(open_, letters, asked)
            say_count(done, "discarded", as_json=as_json)
        return 0

    carry_out(work)


def say_count(count: int, what: str, *, as_json: bool) -> None:
    """One closing line, where a person reads."""
    if not as_json:
        say(f"{count} dead letters {what}")


def _keys(texts: list[str]) -> tuple[tuple[int, str], ...]:
    try:
        return tuple(parse_key(text) for text in texts)
    except ValueError as error:
        fail(str(error), code=WRONG_USE)


def _chosen(
    keys: list[str] | None,
    reason: str | None,
    group: str | None,
    partition: int | None,
    generation: int | None,
    *,
    everything: bool,
) -> Wanted:
    if not (keys or reason or group or partition is not None or everything):
        fail("say what is meant: KEY…, --reason, --group, --partition or --all", code=WRONG_USE)
    return Wanted(group, reason, partition, None, None, generation, _keys(keys) if keys else None)


async def _open_letters(open_: Open, wanted: Wanted) -> list[Letter]:
    """Those that are meant and still open; a key that names none ends the command."""
    letters = await find(open_.db, wanted, raw_bytes=_BEGINNING)
    if wanted.keys is not None:
        found = {(letter.partition, letter.entry_id) for letter in letters}
        for partition, entry_id in wanted.keys:
            if (partition, entry_id) not in found:
                fail(f"there is no dead letter {partition}:{entry_id}", code=WRONG_USE)
            same = [x for x in letters if (x.partition, x.entry_id) == (partition, entry_id)]
            _only(same, f"{partition}:{entry_id}")
        for letter in letters:
            if letter.resolved_at is not None:
                say(f"{letter.key} was {letter.resolution} before by {letter.resolved_by}")
    return [letter for letter in letters if letter.resolved_at is None]


def _only(letters: list[Letter], key: str) -> Letter:
    if not letters:
        fail(f"there is no dead letter {key}", code=WRONG_USE)
    if len(letters) > 1:
        known = ", ".join(str(letter.generation) for letter in letters)
        fail(f"{key} stands in generations {known}: name one with --generation", code=WRONG_USE)
    return letters[0]
