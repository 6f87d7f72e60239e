"""The checker of the coverage run finds each thing that it is there to find."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.turns.coverage_oracle import Records, check

CONVERSATION = "c-1"


def _event(type_: str, number: int, second: int, **payload: Any) -> dict[str, Any]:
    return {
        "id": f"e-{number}",
        "type": type_,
        "occurred_at": f"2026-11-02T12:00:{second:02}.000Z",
        "conversation_id": CONVERSATION,
        "payload": payload,
    }


def _turn(name: str, number: int, second: int, *covers: str, outcome: str = "replied") -> Any:
    told = {"turn_id": name, "covers": [*covers], "outcome": outcome, "reason": "answered"}
    return _event("turn.completed", number, second, **told, ms=900, model="m")


def _request(turn: str, message: str, text: str, part: int = 1) -> dict[str, Any]:
    data = {"turn_id": turn, "message_id": message, "text": text, "part": part}
    return {"delivered": True, "data": data | {"conversation_id": CONVERSATION}}


def _call(number: int, *texts: str) -> dict[str, Any]:
    answered = json.dumps({"reply": f"#{number}.1# olá"})
    return {"number": number, "messages": [["user", text] for text in texts], "answered": answered}


def good() -> Records:
    """Two turns: one over two messages, one over the third."""
    return Records(
        [
            _event("message_received.text", 1, 1, text="oi"),
            _event("message_received.text", 2, 2, text="tudo bem?"),
            _event("message.sent", 3, 4, message_id="m-1"),
            _turn("t-1", 4, 4, "e-1", "e-2"),
            _event("message_received.text", 5, 5, text="preço?"),
            _event("message.sent", 6, 7, message_id="m-2"),
            _turn("t-2", 7, 7, "e-5"),
        ],
        {1: _call(1, "oi", "tudo bem?"), 2: _call(2, "preço?")},
        [_request("t-1", "m-1", "#1.1# olá"), _request("t-2", "m-2", "#2.1# olá")],
    )


def test_nothing_is_found_where_nothing_is_wrong() -> None:
    findings = check(good(), {"e-1", "e-2", "e-5"})
    assert findings.wrong == {}
    assert findings.counts["turns replied"] == 2


def _lose(found: Records) -> None:
    del found.events[4]


def _uncover(found: Records) -> None:
    found.events[3]["payload"]["covers"] = ["e-1"]


def _cover_twice(found: Records) -> None:
    found.events[6]["payload"]["covers"] = ["e-2", "e-5"]


def _supersede(found: Records) -> None:
    found.events[3]["payload"]["outcome"] = "superseded"


def _leave_out_of_the_prompt(found: Records) -> None:
    found.calls[1]["messages"].pop()


def _change_the_answer(found: Records) -> None:
    found.requests[0]["data"]["text"] = "#1.1# tchau"


def _deliver_again(found: Records) -> None:
    found.requests.append(found.requests[-1])


def _deliver_under_another_id(found: Records) -> None:
    found.requests.append(_request("t-2", "m-3", "#2.1# olá", part=2))


def _never_deliver(found: Records) -> None:
    found.requests.pop()


def _never_tell(found: Records) -> None:
    del found.events[2]


def _overlap(found: Records) -> None:
    found.events[6]["payload"]["ms"] = 3500


def _swap(found: Records) -> None:
    found.requests.reverse()


@pytest.mark.parametrize(
    ("spoil", "rule"),
    [
        (_lose, "lost on the way"),
        (_uncover, "uncovered"),
        (_cover_twice, "covered twice"),
        (_supersede, "said without a turn"),
        (_leave_out_of_the_prompt, "covered and not read"),
        (_change_the_answer, "not what the model said"),
        (_deliver_again, "message delivered twice"),
        (_deliver_under_another_id, "answer delivered twice"),
        (_never_deliver, "told and not delivered"),
        (_never_tell, "delivered and not told"),
        (_overlap, "two turns at once"),
        (_swap, "out of order"),
    ],
)
def test_what_is_wrong_is_found(spoil: Callable[[Records], None], rule: str) -> None:
    found = good()
    spoil(found)
    assert rule in check(found, {"e-1", "e-2", "e-5"}).wrong
