"""What is wrong with a company's configuration, where it stands or where it is written.

CompaniesError
├── ConfigInvalid    a row of `core` cannot be used; `.table`, `.row_id`, `.path`
└── FileInvalid      a file cannot be applied; `.problems`, everything at once
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class CompaniesError(Exception):
    """Base of this package's errors."""


class ConfigInvalid(CompaniesError):
    """A row of `core` says what this program cannot use. Other rows are not touched by it.

    `path` is dotted, from the row's column on: `qualification.criteria.0.field`. No value is told.
    """

    def __init__(self, table: str, row_id: str, path: str, problem: str) -> None:
        super().__init__(f"{table} {row_id}: {path}: {problem}")
        self.table = table
        self.row_id = row_id
        self.path = path
        self.problem = problem


@dataclass(frozen=True, slots=True)
class FileProblem:
    """One fault of a file: where, by line (from 1) and dotted path, and what. Holds no secret."""

    file: str
    line: int | None
    path: str
    problem: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.path}: {self.problem}" if self.path else f"{place}: {self.problem}"


class FileInvalid(CompaniesError):
    """The file cannot be applied; nothing was written."""

    def __init__(self, problems: Sequence[FileProblem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)
