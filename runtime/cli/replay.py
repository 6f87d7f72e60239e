"""`agent-runtime replay`: read models made anew from the log, or the log handed on."""

from __future__ import annotations

import math
from pathlib import Path
from typing import NoReturn

import typer

from consumers.rebuild.plan import Kind, RebuildSettings
from consumers.selection import Clock, Selection, SelectionInvalid
from runtime.cli import exports
from runtime.cli import replay_options as options
from runtime.cli.acting import Actor, DryRun, Yes, actor, must_be_askable
from runtime.cli.context import (
    WRONG_USE,
    answer_of,
    carry_out,
    errors,
    fail,
    opened,
    settings_or_exit,
)
from runtime.cli.its_company import company_of
from runtime.cli.rebuild_advice import stopped
from runtime.cli.rebuild_report import ReportPrinter
from runtime.cli.rebuilding import (
    INTERRUPTED,
    Wish,
    abandon_unfinished,
    carry_out_wish,
    default_workers,
    hands,
    read_models,
)
from runtime.cli.replay_rules import check_together, given_options
from runtime.cli.tables import Json
from runtime.exporting.errors import TargetRefused
from runtime.exporting.file_target import Replacing
from runtime.exporting.stream_target import check_key

_DEFAULTS = RebuildSettings()
_KEEP_OLD_H = 24.0


def replay(
    context: typer.Context,
    projections: options.Projections = None,
    every: options.All = False,
    to_file: options.ToFile = None,
    to_stream: options.ToStream = None,
    company: options.Company = None,
    conversation: options.Conversation = None,
    types: options.Types = None,
    from_: options.From = None,
    until: options.Until = None,
    by: options.By = Clock.RECORDED_AT.value,
    fail_on_change: options.FailOnChange = False,
    keep_old: options.KeepOld = _KEEP_OLD_H,
    undo: options.Undo = False,
    abandon: options.Abandon = False,
    workers: options.Workers = None,
    share: options.Share = _DEFAULTS.share,
    max_lag: options.MaxLag = _DEFAULTS.max_lag_s,
    rate: options.Rate = None,
    max_len: options.MaxLen = None,
    overwrite: options.Overwrite = False,
    restart: options.Restart = False,
    fail_fast: options.FailFast = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_: Actor = None,
    as_json: Json = False,
) -> None:
    """Make read models anew from the event log, or hand a part of the log on. No worker acts.

    --projection and --all build new tables beside the live ones while everything goes on, compare
    old and new rows exactly, and swap in one transaction; readers see no gap. What is replaced is
    kept for --undo. With --company, --conversation, --type, --from or --until only the rows are
    made anew that those events touch, from their whole history. --dry-run shows every row that
    would change. --to-file and --to-stream re-deliver the events themselves, in order.

    Stopped by Ctrl-C, a fault or a kill, live rows are as they were, and the same command goes on
    where it stopped. It shows how far it is, how long it still takes, and how far live traffic is
    behind meanwhile.

    Example: agent-runtime replay --projection leads --dry-run
    """
    check_together(given_options(context))
    if to_file is not None or to_stream is not None:
        _check_rate(rate)
    if to_stream is not None:
        must_be_askable(yes=yes, dry_run=dry_run)
    named = [name for given in projections or () for name in given.split(",")]
    names = read_models([] if every else named)
    selection = _selection(company, conversation, types, from_, until, by)
    if abandon:
        settings = settings_or_exit()
        carry_out(lambda: abandon_unfinished(settings, as_))
    manner = exports.Manner(rate=rate, fail_fast=fail_fast, dry_run=dry_run, as_json=as_json)
    if to_file is not None:
        _to_file(to_file, selection, manner, Replacing(whole=overwrite, partial=restart))
    if to_stream is not None:
        wanted = exports.ToStream(
            key=to_stream, max_len=max_len or 0, restart=restart, yes=yes, by=actor(as_)
        )
        _to_stream(wanted, selection, manner)
    rebuild(
        Wish(
            names=names,
            kind=Kind.CHECK if dry_run else Kind.UNDO if undo else Kind.REPLAY,
            selection=selection if selection.told() else None,
            settings=RebuildSettings(share=share, max_lag_s=max_lag),
            workers=workers or default_workers(),
            keep_old_h=keep_old,
            fail_fast=fail_fast,
            full=dry_run,
            fails_on_change=fail_on_change,
            as_json=as_json,
            by=as_,
        )
    )


def rebuild(wish: Wish) -> NoReturn:
    """Carry it out and end; a Ctrl-C says what stands and how to go on."""
    settings = settings_or_exit()
    printer = ReportPrinter(as_json=wish.as_json, full=wish.full)
    try:
        with hands(settings, wish) as idle:
            carry_out(lambda: carry_out_wish(settings, wish, printer, idle))
    except KeyboardInterrupt:
        errors.print(stopped(wish.kind, printer), markup=False)
        raise typer.Exit(INTERRUPTED) from None


def _check_rate(rate: float | None) -> None:
    if rate is not None and not (math.isfinite(rate) and 0 < rate <= options.FASTEST):
        fail(f"--rate: must be above 0, up to {options.FASTEST} events a second", code=WRONG_USE)


def _selection(
    company: str | None,
    conversation: str | None,
    types: list[str] | None,
    start: str | None,
    end: str | None,
    by: str,
) -> Selection:
    try:
        if conversation is not None and company is None:
            # Whatever else is wrong is said before a server is asked.
            Selection.parse(types=types or (), start=start, end=end, by=by)
            company = _its_company(conversation)
        return Selection.parse(
            company=company,
            conversation=conversation,
            types=types or (),
            start=start,
            end=end,
            by=by,
        )
    except SelectionInvalid as error:
        fail(f"--{error.field}: {error}", code=WRONG_USE)


def _its_company(conversation: str) -> str:
    settings = settings_or_exit()

    async def work() -> str:
        async with opened(settings) as open_:
            return await company_of(open_, conversation, None)

    return answer_of(work)


def _to_file(
    file: str, selection: Selection, manner: exports.Manner, replacing: Replacing
) -> NoReturn:
    if not file or Path(file).name in {"", ".."}:
        fail("--to-file: must be the path of a file, or -", code=WRONG_USE)
    exports.to_file(settings_or_exit(), selection, file=file, replacing=replacing, manner=manner)


def _to_stream(wanted: exports.ToStream, selection: Selection, manner: exports.Manner) -> NoReturn:
    settings = settings_or_exit()
    try:
        check_key(wanted.key, prefix=settings.stream_prefix)
    except TargetRefused as error:
        fail(f"--to-stream: {error}", code=WRONG_USE)
    exports.to_stream(settings, selection, wanted=wanted, manner=manner)
