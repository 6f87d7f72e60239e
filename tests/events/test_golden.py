"""Events that were written once must be readable for ever: the log is never rewritten."""

from __future__ import annotations

import hashlib
import json

import pytest
from jsonschema import Draft202012Validator

from events import codec
from events.catalogue import CATALOGUE
from events.errors import InvalidEvent
from events.schemas import GOLDEN, envelope_schema

_MANIFEST: dict[str, str] = {
    name: digest
    for digest, name in (
        line.split("  ", 1)
        for line in (GOLDEN / "manifest.sha256").read_text(encoding="utf-8").splitlines()
    )
}
_VERSIONS = [(name, version) for name, known in CATALOGUE.items() for version in known.versions]


@pytest.mark.parametrize("name", _MANIFEST)
def test_a_golden_event_never_changes(name: str) -> None:
    assert hashlib.sha256((GOLDEN / name).read_bytes()).hexdigest() == _MANIFEST[name]


@pytest.mark.parametrize("name", _MANIFEST)
def test_a_golden_event_decodes_to_a_known_payload(name: str) -> None:
    event = codec.decode((GOLDEN / name).read_bytes())

    assert f"{event.type}.v{event.version}.json" == name
    assert codec.is_known(event)


def test_every_version_has_a_golden_event_and_every_golden_event_is_in_the_manifest() -> None:
    assert {f"{name}.v{version}.json" for name, version in _VERSIONS} <= set(_MANIFEST)
    assert {path.name for path in GOLDEN.glob("*.json")} == set(_MANIFEST)


@pytest.mark.parametrize(("name", "version"), _VERSIONS)
def test_a_golden_event_fits_its_schema(name: str, version: int) -> None:
    schema = envelope_schema(CATALOGUE[name], version)
    golden = json.loads((GOLDEN / f"{name}.v{version}.json").read_bytes())

    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(golden)


@pytest.mark.parametrize(
    ("name", "gone"),
    [
        ("message.sent", "text"),
        *((f"message.{status}", "message_id") for status in ("delivered", "read", "failed")),
        ("message.unknown", "message_id"),
    ],
)
@pytest.mark.parametrize("null", [True, False])
def test_the_schema_refuses_what_only_a_validator_refuses(name: str, gone: str, null: bool) -> None:
    golden = json.loads((GOLDEN / f"{name}.v1.json").read_bytes())
    del golden["payload"][gone]
    if null:
        golden["payload"][gone] = None

    with pytest.raises(InvalidEvent):
        codec.decode(json.dumps(golden).encode())
    assert not Draft202012Validator(envelope_schema(CATALOGUE[name], 1)).is_valid(golden)
