"""Log lines on stderr: JSON for machines, pretty on a terminal, never a secret in either.

Every line has `timestamp` (UTC), `level`, `event` and, where they are bound, `request_id`,
`correlation_id`, `company_id`, `conversation_id`. Bind them with `structlog.contextvars`.
"""

from __future__ import annotations

import logging
import sys
from typing import IO, Any

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from runtime.redaction import Redactor
from runtime.settings import Settings

Log = structlog.stdlib.BoundLogger


def configure(settings: Settings, *, stream: IO[str] | None = None) -> None:
    """Send structlog's and the libraries' log lines to `stream` (stderr) as the settings say.

    Calling it again replaces the former configuration.
    """
    out = stream or sys.stderr
    pretty = settings.log_format == "pretty" or (settings.log_format == "auto" and out.isatty())
    redactor = Redactor(settings.secrets())
    shared = _shared(redactor)
    structlog.configure(
        processors=[
            # First: most lines are below the level, and redacting costs more than writing them.
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *([structlog.dev.ConsoleRenderer(colors=out.isatty())] if pretty else [_json]),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())


def get_logger(name: str) -> Log:
    """A logger whose first argument is the event's name (`consumers.batch_committed`)."""
    return structlog.stdlib.get_logger(name)


def _shared(redactor: Redactor) -> list[Processor]:
    def redact(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
        internal = {key: value for key, value in line.items() if key.startswith("_")}
        return {**{key: redactor.value(value) for key, value in line.items()}, **internal}

    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        redact,
    ]


def _json(_logger: WrappedLogger, _method: str, line: EventDict) -> str:
    first: dict[str, Any] = {
        key: line.pop(key) for key in ("timestamp", "level", "event") if key in line
    }
    return orjson.dumps({**first, **line}, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
