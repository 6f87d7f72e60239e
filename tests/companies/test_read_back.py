"""What was accepted from a file is read back as it was, whatever Postgres does to its JSON."""

from __future__ import annotations

import json
from datetime import date, time
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from runtime.companies import rows
from runtime.companies.changes import row_change
from runtime.companies.config import Centurion, Company
from runtime.companies.standing import as_written

KEYS = st.text("abcXYZ019._-", min_size=1, max_size=8)
WORDS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
TIMES = st.times().map(time.isoformat)
DATES = st.dates(date(2000, 1, 1)).map(date.isoformat)


def some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Any of the fields."""
    return st.fixed_dictionaries({}, optional=fields)


SETTINGS = some(
    answer_within_s=st.integers(1, 10**9),
    default_centurion_id=st.none() | KEYS,
    quiet_hours=st.none() | st.fixed_dictionaries({"start": TIMES, "end": TIMES}),
    holidays=st.lists(DATES, max_size=3),
    turns_at_once=st.integers(1, 256),
)
CRITERION = st.fixed_dictionaries(
    {"key": KEYS, "type": st.just("llm"), "prompt": st.text("abc", min_size=1)}
    | {"label": st.text("abc", min_size=1, max_size=9)},
    optional={"weight": st.floats(0, 1e9), "required": st.booleans()},
)
CHANNEL = st.fixed_dictionaries(
    {"kind": st.just("webhook"), "url": st.just("https://Gateway.example")},
    optional={"timeout_s": st.floats(0.1, 120), "window_hours": st.none() | st.integers(1, 99)},
)
CENTURION = some(
    prompt=WORDS,
    models=some(chat=st.none() | WORDS, temperature=st.floats(0, 2)),
    qualification=some(
        threshold=st.floats(0, 1),
        criteria=st.lists(CRITERION, max_size=3, unique_by=lambda c: c["key"]),
    ),
    handoff=some(words=st.lists(WORDS, max_size=3), below_confidence=st.none() | st.floats(0, 1)),
    channels=st.dictionaries(KEYS, CHANNEL, max_size=2),
)


def stored(values: dict[str, Any]) -> dict[str, Any]:
    """The columns as Postgres gives them: JSON as text, its keys in another order."""
    return {
        name: json.dumps(value, sort_keys=True) if name in rows.JSON_COLUMNS else value
        for name, value in values.items()
    }


def read_back(values: dict[str, Any]) -> dict[str, Any]:
    return {name: as_written(name, value) for name, value in rows.plain(stored(values)).items()}


@given(settings=SETTINGS)
def test_a_company_is_read_back_and_is_not_changed_by_itself(settings: dict[str, Any]) -> None:
    written = Company.model_validate({"id": "acme", "name": "Acme", "settings": settings})
    values = {
        "name": "Acme",
        "settings": written.settings.model_dump(mode="json", exclude_unset=True),
    }

    assert rows.company({"id": "acme", **stored(values)}) == written
    assert row_change("company", ("acme",), read_back(values), values) is None


@given(fields=CENTURION)
def test_a_centurion_is_read_back_and_is_not_changed_by_itself(fields: dict[str, Any]) -> None:
    written = Centurion.model_validate({"id": "sales", "name": "Vendas", **fields})
    values = written.model_dump(mode="json", exclude_unset=True, exclude={"id"})

    assert rows.centurion({"id": "sales", **stored(values)}) == written
    assert row_change("centurion", ("acme", "sales"), read_back(values), values) is None


@given(old=CENTURION, new=CENTURION)
def test_there_is_a_change_where_something_differs_that_has_a_value(
    old: dict[str, Any], new: dict[str, Any]
) -> None:
    change = row_change("centurion", ("acme", "sales"), old, new)

    assert (change is None) == (_bare(old) == _bare(new))


def _bare(value: Any) -> Any:
    """Without what is empty."""
    if isinstance(value, dict):
        items = {key: _bare(item) for key, item in value.items()}
        return {key: item for key, item in items.items() if item not in (None, "", [], {})}
    return [_bare(item) for item in value] if isinstance(value, list) else value
