"""What may be asked of the log, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from consumers.selection import (
    Clock,
    Selection,
    SelectionInvalid,
    Slice,
    parse_bound,
    slice_from_json,
    slice_to_json,
)

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("2026-11-02T12:00:00Z", NOON),
        ("2026-11-02T12:00:00", NOON),
        ("2026-11-02 12:00:00", NOON),
        ("2026-11-02t09:00:00-03:00", NOON),
        ("2026-11-02T12:00:00.5z", NOON.replace(microsecond=500_000)),
        ("2026-11-02", NOON.replace(hour=0)),
        ("0190A000-0000-7000-8000-000000000001", UUID("0190a000-0000-7000-8000-000000000001")),
    ],
)
def test_a_bound_is_a_time_or_an_event(text: str, bound: datetime | UUID) -> None:
    assert parse_bound("from", text) == bound


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"start": "yesterday"}, "from"),
        ({"start": "2026-02-30"}, "from"),
        ({"end": "2026-11-02T12"}, "until"),
        ({"end": ""}, "until"),
        ({"start": "0190a000"}, "from"),
        ({"start": "9999-12-31T23:59:59-14:00"}, "from"),
        ({"start": "2026-11-02", "end": "2026-11-02"}, "until"),
        ({"by": "sent_at"}, "by"),
        ({"company": ""}, "company"),
        ({"company": "x" * 65}, "company"),
        ({"company": "a\x00"}, "company"),
        ({"conversation": "c-1"}, "conversation"),
        ({"company": "acme", "conversation": "x" * 201}, "conversation"),
        ({"types": ["Message.Sent"]}, "type"),
        ({"types": ["message.sent", ""]}, "type"),
    ],
)
def test_what_makes_no_sense_is_named(given: dict[str, str], field: str) -> None:
    with pytest.raises(SelectionInvalid) as told:
        Selection.parse(**given)
    assert told.value.field == field


def test_equal_selections_are_told_alike() -> None:
    one = Selection.parse(types=["b.b", "a.a", "b.b"], start="2026-11-02T09:00:00-03:00")
    other = Selection.parse(types=["a.a", "b.b"], start="2026-11-02T12:00:00")
    assert one == other
    assert one.told() == {
        "type": ["a.a", "b.b"],
        "from": "2026-11-02T12:00:00+00:00",
        "by": "recorded_at",
    }


def test_the_clock_is_told_only_where_it_matters() -> None:
    assert Selection.parse(company="acme", by="occurred_at").told() == {"company": "acme"}
    assert Selection.parse(start="2026-11-02", by="occurred_at").told()["by"] == "occurred_at"
    assert Selection(by=Clock.OCCURRED_AT).told() == {}


def test_a_slice_survives_json() -> None:
    one = Slice(3, 4, 9, recorded_from=NOON, occurred_until=NOON.replace(microsecond=1))
    assert slice_from_json(slice_to_json(one)) == one
    assert slice_from_json(slice_to_json(Slice(0, 0, 1))) == Slice(0, 0, 1)
