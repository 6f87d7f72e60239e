"""A file is read whole, or refused with the line and path of everything that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime.companies import yaml_lines
from runtime.companies.errors import FileInvalid
from runtime.companies.reading import CompanyFile, read_file
from tests.companies.files import WHOLE, written


def no_stdin() -> str:
    raise AssertionError("standard input was read")


def refused(folder: Path, text: str) -> list[tuple[int | None, str, str]]:
    """Line, path and problem of everything that is wrong."""
    name = written(folder, text)
    with pytest.raises(FileInvalid) as caught:
        read_file(name, no_stdin)
    assert all(str(problem).startswith(name) for problem in caught.value.problems)
    return [(problem.line, problem.path, problem.problem) for problem in caught.value.problems]


def test_everything_that_is_wrong_is_told_at_once_with_line_and_path(tmp_path: Path) -> None:
    found = refused(
        tmp_path,
        """\
companies:
  - id: acme
    name: Acme
    timezone: Mars/Olympus
    centurions:
      - id: sales
        nmae: Vendas
        qualification:
          criteria:
            - key: email
              type: field_present
              label: seu e-mail
  - name: Nameless
""",
    )

    assert [(line, path) for line, path, _ in found] == [
        (4, "companies.0.timezone"),
        (6, "companies.0.centurions.0.name"),
        (7, "companies.0.centurions.0.nmae"),
        (10, "companies.0.centurions.0.qualification.criteria.0"),
        (13, "companies.1.id"),
    ]
    assert "needs `field`" in found[3][2]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("companies:\n  - id: [acme\n", 3),
        ("companies: []\ncompanies: []\n", 2),
        ("companies: []\n---\ncompanies: []\n", 2),
        ("companies: !!python/object/apply:os.getcwd []\n", 1),
        ("- just a list\n", 1),
        ("companies: \tx: y\n", 1),
    ],
)
def test_what_is_no_such_document_is_refused_with_its_line(
    tmp_path: Path, text: str, line: int
) -> None:
    assert [found[0] for found in refused(tmp_path, text)] == [line]


def test_times_and_portuguese_words_are_no_numbers_and_no_booleans() -> None:
    text = "{a: 22:00, b: no, c: on, d: true, e: 12, f: 0.5, g: 012, h: 1e3, i: ~, j: 1_000, k: -3}"

    assert yaml_lines.parse(text).data == {
        "a": "22:00",
        "b": "no",
        "c": "on",
        "d": True,
        "e": 12,
        "f": 0.5,
        "g": "012",
        "h": "1e3",
        "i": None,
        "j": "1_000",
        "k": -3,
    }


def test_ids_and_defaults_stand_once(tmp_path: Path) -> None:
    text = """\
credential_sets:
  - {id: a, name: A, default: true}
  - {id: b, name: B, default: true}
companies:
  - id: acme
    name: Acme
    centurions: [{id: x, name: X}, {id: x, name: Y}]
    knowledge:
      - {id: d, title: T, body: B}
      - {id: d, title: T, body: B}
  - {id: acme, name: Again}
"""
    assert [(line, path) for line, path, _ in refused(tmp_path, text)] == [
        (3, "credential_sets.1.default"),
        (7, "companies.0.centurions.1.id"),
        (10, "companies.0.knowledge.1.id"),
        (11, "companies.1.id"),
    ]


def with_key(source: str) -> str:
    return f"credential_sets: [{{id: a, name: A, secrets: {{api_key: {source}}}}}]"


def the_key(file: CompanyFile) -> str:
    return file.secrets["credential_sets", 0, "secrets", "api_key"]


def test_a_secret_comes_from_the_file_from_one_beside_it_or_from_standard_input(
    tmp_path: Path,
) -> None:
    written(tmp_path, "sk-beside\n", "openai.key")

    beside = read_file(written(tmp_path, with_key("{from_file: openai.key}")), no_stdin)
    inside = read_file(written(tmp_path, with_key("sk-inside")), no_stdin)
    typed = read_file(written(tmp_path, with_key("{from_stdin: true}")), lambda: "sk-typed\n")

    assert [the_key(file) for file in (beside, inside, typed)] == [
        "sk-beside",
        "sk-inside",
        "sk-typed",
    ]
    assert not any("sk-" in repr(file) for file in (beside, inside, typed))


@pytest.mark.parametrize(
    "source",
    [
        "{from_file: nowhere.key}",
        "{from_file: a, from_stdin: true}",
        "{from_env: OPENAI_API_KEY}",
        "{}",
        "'  '",
        "17",
    ],
)
def test_another_source_of_a_secret_is_refused(tmp_path: Path, source: str) -> None:
    (found,) = refused(tmp_path, with_key(source))

    assert found[0] == 1
    assert found[1].startswith("credential_sets.0.secrets.api_key")


def test_standard_input_gives_one_thing(tmp_path: Path) -> None:
    text = with_key("{from_stdin: true}")
    twice = text[:-1] + ", {id: b, name: B, secrets: {api_key: {from_stdin: true}}}]"
    with pytest.raises(FileInvalid, match="standard input is taken"):
        read_file("-", lambda: text)
    with pytest.raises(FileInvalid, match=r"credential_sets.1.secrets.api_key: standard input"):
        read_file(written(tmp_path, twice), lambda: "sk-hunter2")


def test_no_error_shows_a_secret(tmp_path: Path) -> None:
    text = (
        WHOLE.replace("default: true", "default: perhaps")
        .replace("secrets: {api_key: sk-hunter2}", "secrets: {api_key: sk-hunter2, other: hunter2}")
        .replace("secret: whsec_hunter2", "secret: {value: whsec_hunter2, from_file: hunter}")
        .replace("mode: custom", "mode: global")
    )
    found = refused(tmp_path, text)

    assert len(found) == 4
    assert "hunter" not in repr(found)
    assert "sk-of-acme" not in repr(found)


def test_encrypted_texts_and_passwords_in_urls_are_not_written_in_files(tmp_path: Path) -> None:
    encrypted = refused(tmp_path, WHOLE.replace("secret: whsec_hunter2", 'secret_encrypted: "v1:"'))
    password = refused(tmp_path, WHOLE.replace("https://gateway", "https://a:b@gateway"))

    assert "write `secret`" in encrypted[0][2]
    assert "no place for a password" in password[0][2]


def test_documents_come_from_files_beside_it(tmp_path: Path) -> None:
    written(tmp_path, "Abrimos cedo.\n", "hours.md")
    base = "companies: [{id: acme, name: Acme, knowledge: [{id: h, title: H, %s}]}]"

    file = read_file(written(tmp_path, base % "from_file: hours.md"), no_stdin)
    assert file.bodies == {("companies", 0, "knowledge", 0): "Abrimos cedo."}
    for wrong in ("from_file: nowhere.md", "body: ' '", "source: x", r'body: "a\0"'):
        (found,) = refused(tmp_path, base % wrong)
        assert found[1].startswith("companies.0.knowledge.0")


def test_an_empty_file_says_nothing(tmp_path: Path) -> None:
    assert read_file(written(tmp_path, "# nothing yet\n"), no_stdin).written.companies == ()


@pytest.mark.parametrize(
    "wrong",
    [
        "settings: {answer_within_s: 1000000000000000000000000}",
        "centurions: [{id: a, name: A, followup: [{after: !!set {x}}]}]",
        "centurions: [{id: a, name: A, followup: [{n: 1000000000000000000000000}]}]",
        "bindings: {openai: {config: {daily_budget_usd: inf}}}",
    ],
)
def test_what_json_cannot_hold_is_refused(tmp_path: Path, wrong: str) -> None:
    assert len(refused(tmp_path, f"companies: [{{id: acme, name: Acme, {wrong}}}]")) == 1
