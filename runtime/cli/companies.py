"""`agent-runtime companies`: who the agent works for, from a file or as it stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, NoReturn

import orjson
import typer
from rich.console import Console

from runtime.cipher import KeyMissing
from runtime.cli.acting import Actor, DryRun, Yes, actor, audit, confirm, must_be_askable
from runtime.cli.context import (
    FAILED,
    WRONG_USE,
    Open,
    carry_out,
    errors,
    fail,
    opened,
    settings_or_exit,
)
from runtime.cli.tables import Json, say, show
from runtime.companies import apply as applying
from runtime.companies import overview
from runtime.companies.changes import RowChange
from runtime.companies.errors import FileInvalid
from runtime.companies.reading import STDIN, CompanyFile, read_file
from runtime.companies.rotation import Rotation, rotate
from runtime.companies.sealing import Sealer
from runtime.settings import Settings

companies = typer.Typer(help="The companies that the agent works for.", no_args_is_help=True)


@companies.command("list")
def companies_list(as_json: Json = False) -> None:
    """List the companies, with how many centurions are enabled and how many documents are known.

    Example: agent-runtime companies list --json
    """
    settings = settings_or_exit()

    async def work() -> int:
        async with opened(settings) as open_:
            rows = await overview.listed(open_.db)
        show(rows, title="companies", as_json=as_json, whole=("id",), absent="-")
        return 0

    carry_out(work)


@companies.command("show")
def companies_show(
    company: Annotated[str, typer.Argument(help="The company's id.")], as_json: Json = False
) -> None:
    """Show a company, its centurions, bindings and documents. Of a secret, only that it is set.

    Example: agent-runtime companies show acme
    """
    settings = settings_or_exit()

    async def work() -> int:
        async with opened(settings) as open_:
            found = await overview.shown(open_.db, company)
        if found is None:
            fail(f"there is no company {company}; `agent-runtime companies list` shows which are")
        if as_json:
            show([found], title=company, as_json=True)
        else:
            Console().print_json(orjson.dumps(found, default=str).decode())
        return 0

    carry_out(work)


@companies.command("apply")
def companies_apply(
    file: Annotated[
        str | None, typer.Argument(help="A YAML file, or - for standard input.", metavar="FILE")
    ] = None,
    rotate_keys: Annotated[
        bool,
        typer.Option(
            "--rotate-keys", help="Re-encrypt every secret under CREDENTIALS_KEY; no FILE."
        ),
    ] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_: Actor = None,
    as_json: Json = False,
) -> None:
    """Bring companies, centurions, knowledge and credentials to what a file says; show the changes first.

    What the file does not name stays: other companies, other centurions, secrets that it leaves out.
    A company's documents that its `knowledge` does not list are removed. Applying the same file again
    does nothing. Asks before it writes, or wants --yes.

    Example: agent-runtime companies apply company.yaml --dry-run
    """
    if (file is None) == (not rotate_keys):
        fail("give a FILE, or --rotate-keys without one", code=WRONG_USE)
    settings = settings_or_exit()
    by = actor(as_)
    if file is None:
        _rotate(settings, by, dry_run=dry_run, as_json=as_json)
    # With the file on standard input there is nobody to ask.
    if file == STDIN and not (yes or dry_run):
        fail("a file on standard input wants --yes or --dry-run", code=WRONG_USE)
    must_be_askable(yes=yes, dry_run=dry_run)
    _apply(settings, _read(file), by, dry_run=dry_run, yes=yes, as_json=as_json)


def _read(name: str) -> CompanyFile:
    try:
        return read_file(name)
    except FileInvalid as error:
        fail(str(error), code=WRONG_USE)
    except (OSError, UnicodeDecodeError) as error:
        fail(f"{name} cannot be read: {type(error).__name__}", code=WRONG_USE)


def _apply(
    settings: Settings, file: CompanyFile, by: str, *, dry_run: bool, yes: bool, as_json: bool
) -> NoReturn:
    sealer = Sealer(settings.cipher())

    async def work() -> int:
        async with opened(settings) as open_:
            changes = await _planned(open_, file, sealer)
            _tell(changes, as_json=as_json)
            if not changes or dry_run:
                return 0
            if not confirm(f"Write {_counted(changes)}?", yes=yes):
                say("nothing was written")
                return FAILED
            return await _write(open_, file, sealer, changes, by)

    carry_out(work)


async def _planned(open_: Open, file: CompanyFile, sealer: Sealer) -> list[RowChange]:
    try:
        return await applying.planned(open_.db, file, sealer)
    except FileInvalid as error:
        fail(str(error), code=WRONG_USE)
    except KeyMissing as error:
        fail(f"{error}. The file holds a secret.", code=WRONG_USE)


async def _write(
    open_: Open, file: CompanyFile, sealer: Sealer, shown: Sequence[RowChange], by: str
) -> int:
    """What was shown is what is written: looked at again under the lock."""
    async with open_.db.transaction():
        await applying.hold_the_lock(open_.db)
        changes = await _planned(open_, file, sealer)
        if changes != list(shown):
            fail("somebody changed it meanwhile; nothing was written. Run it again.")
        await applying.write(open_.db, changes)
        ids = [company.id for company in file.written.companies]
        arguments = {"file": file.name, "companies": ids}
        await audit(open_.db, "companies apply", by=by, arguments=arguments, affected=len(changes))
    errors.print(f"wrote {_counted(changes)}", markup=False)
    return 0


def _tell(changes: Sequence[RowChange], *, as_json: bool) -> None:
    rows: list[dict[str, Any]] = [line for change in changes for line in change.told()]
    if as_json or rows:
        columns = ("what", "change", "field", "old", "new")
        show(rows, title="changes", as_json=as_json, columns=columns, absent="-")
    else:
        say("nothing to do")


def _counted(changes: Sequence[RowChange]) -> str:
    return f"{len(changes)} row" + ("s" if len(changes) != 1 else "")


def _rotate(settings: Settings, by: str, *, dry_run: bool, as_json: bool) -> NoReturn:
    cipher = settings.cipher()
    if cipher is None:
        fail(str(KeyMissing()), code=WRONG_USE)

    async def work() -> int:
        async with opened(settings) as open_, open_.db.transaction():
            await applying.hold_the_lock(open_.db)
            done = await rotate(open_.db, cipher, dry_run=dry_run)
            if not dry_run:
                arguments = {"rotate_keys": True, "unreadable": done.unreadable or None}
                action = "companies apply"
                await audit(open_.db, action, by=by, arguments=arguments, affected=done.rotated)
        _tell_rotation(done, dry_run=dry_run, as_json=as_json)
        return FAILED if done.unreadable else 0

    carry_out(work)


def _tell_rotation(done: Rotation, *, dry_run: bool, as_json: bool) -> None:
    verb = "would be re-encrypted" if dry_run else "re-encrypted"
    if as_json:
        row = {
            "rotated": done.rotated,
            "current": done.current,
            "unreadable": done.unreadable,
        }
        show([row], title="rotation", as_json=True)
    else:
        say(f"{done.rotated} secrets {verb}; {done.current} were under the current key already")
    for place in done.unreadable:
        errors.print(f"neither key opens the secret of {place}: it stays", markup=False)
