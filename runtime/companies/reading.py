"""Reads a `companies apply` file whole: its models, and the secrets and texts that it points to."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from runtime.companies import yaml_lines
from runtime.companies.errors import FileInvalid, FileProblem
from runtime.companies.written import SecretSource, Written, repeated, secret_sources
from runtime.companies.yaml_lines import Document, NotYaml

STDIN = "-"
_MOST_SECRET = 10_000
_SHAPES = {
    "model_type": "a mapping is expected here",
    "dict_type": "a mapping is expected here",
    "tuple_type": "a list is expected here",
    "extra_forbidden": "there is no such key",
    "missing": "is missing",
}


@dataclass(frozen=True, slots=True)
class CompanyFile:
    """A file that can be applied. Secrets and documents' texts are by their place in it."""

    name: str
    document: Document = field(repr=False)
    written: Written = field(repr=False)
    secrets: dict[yaml_lines.Path, str] = field(repr=False)
    bodies: dict[yaml_lines.Path, str] = field(repr=False)

    def problem(self, path: yaml_lines.Path, problem: str) -> FileProblem:
        """A fault at a place of the file."""
        return FileProblem(self.name, self.document.line(path), ".".join(map(str, path)), problem)


def read_file(name: str, stdin: Callable[[], str] = lambda: sys.stdin.read()) -> CompanyFile:
    """Read `name`, or standard input for `-`. Paths within it are relative to it.

    Raises:
        FileInvalid: with everything that is wrong, each with its line and path.
        OSError: the file itself cannot be read.
    """
    raw = stdin() if name == STDIN else Path(name).read_text(encoding="utf-8")
    shown = "standard input" if name == STDIN else name
    try:
        document = yaml_lines.parse(raw)
    except NotYaml as error:
        raise FileInvalid([FileProblem(shown, error.line, "", str(error))]) from None
    try:
        written = Written.model_validate(document.data if document.data is not None else {})
    except ValidationError as error:
        raise FileInvalid(_problems(error, shown, document)) from None
    folder = Path() if name == STDIN else Path(name).parent
    file = CompanyFile(shown, document, written, {}, {})
    problems = [file.problem(*found) for found in repeated(written)]
    problems += _Pointers(file, folder, stdin, stdin_is_free=name != STDIN).follow()
    if problems:
        raise FileInvalid(sorted(problems, key=lambda problem: problem.line or 0))
    return file


def _problems(error: ValidationError, name: str, document: Document) -> list[FileProblem]:
    problems = []
    for found in error.errors(include_input=False, include_context=False, include_url=False):
        path = tuple(found["loc"])
        problem = _SHAPES.get(found["type"]) or found["msg"].removeprefix("Value error, ")
        problems.append(FileProblem(name, document.line(path), ".".join(map(str, path)), problem))
    return sorted(problems, key=lambda problem: problem.line or 0)


class _Pointers:
    """Follows what a file points to."""

    def __init__(
        self, file: CompanyFile, folder: Path, stdin: Callable[[], str], *, stdin_is_free: bool
    ) -> None:
        self._file = file
        self._folder = folder
        self._stdin = stdin
        self._stdin_is_free = stdin_is_free
        self._problems: list[FileProblem] = []

    def follow(self) -> list[FileProblem]:
        """Fill in the file's secrets and bodies; returns what went wrong."""
        for path, source in secret_sources(self._file.written):
            self._secret(path, source)
        for number, company in enumerate(self._file.written.companies):
            for index, document in enumerate(company.knowledge or ()):
                path = ("companies", number, "knowledge", index)
                self._body(path, document.body, document.from_file)
        return self._problems

    def _body(self, path: yaml_lines.Path, body: str | None, from_file: str | None) -> None:
        text = body if from_file is None else self._text((*path, "from_file"), from_file)
        if text is not None and not text.strip():
            self._refuse(path, "the document is empty")
        elif text is not None and "\0" in text:
            self._refuse(path, "the document holds a NUL character, which Postgres does not keep")
        elif text is not None:
            self._file.bodies[path] = text.strip()

    def _secret(self, path: yaml_lines.Path, source: SecretSource) -> None:
        if source.value is not None:
            text: str | None = source.value.get_secret_value()
        elif source.from_file is not None:
            text = self._text((*path, "from_file"), source.from_file)
        else:
            text = self._from_stdin(path)
        if text is None:
            return
        secret = text.strip()
        if not secret or len(secret) > _MOST_SECRET:
            self._refuse(path, "the secret is empty" if not secret else "the secret is too long")
            return
        self._file.secrets[path] = secret

    def _from_stdin(self, path: yaml_lines.Path) -> str | None:
        if not self._stdin_is_free:
            self._refuse(path, "standard input is taken: by the file, or by another secret")
            return None
        self._stdin_is_free = False
        return self._stdin()

    def _text(self, path: yaml_lines.Path, name: str) -> str | None:
        try:
            return (self._folder / name).read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            self._refuse(path, f"{name} cannot be read: {type(error).__name__}")
            return None

    def _refuse(self, path: yaml_lines.Path, problem: str) -> None:
        self._problems.append(self._file.problem(path, problem))
