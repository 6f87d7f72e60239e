"""Moments on the command line: what is none is wrong use, and told what is accepted."""

from __future__ import annotations

from datetime import datetime

import typer

from runtime.history.moments import Moment, moment_of, time_of


def parse_time(text: str) -> datetime:
    """A time in UTC."""
    try:
        return time_of(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def parse_moment(text: str) -> Moment:
    """A time in UTC, or an event."""
    try:
        return moment_of(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
