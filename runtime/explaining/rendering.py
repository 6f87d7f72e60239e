"""An explanation as a tree for people; what customers wrote is shown as text, never as control."""

from __future__ import annotations

import re
from datetime import datetime

from rich.text import Text
from rich.tree import Tree

from runtime.explaining.values import (
    Call,
    Entry,
    Explanation,
    HandoffStep,
    Inbound,
    Learnt,
    Other,
    Retrieval,
    Said,
    Scoring,
    Step,
    Turn,
    Unsaid,
    Why,
    why,
)

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]+")
_SHOWN_CHARS = 240


def tree(explanation: Explanation) -> Tree:
    """Messages in stream order, below each its turns, below a turn its steps.

    A turn that covers several messages is told below the first of them, and named below the others.
    """
    root = Tree(
        _plain(f"conversation {explanation.conversation_id} of company {explanation.company_id}")
    )
    told: set[str] = set()
    for entry in explanation.entries:
        _add(root, entry, told)
    return root


def _add(root: Tree, entry: Entry, told: set[str]) -> None:
    if isinstance(entry, Inbound):
        branch = root.add(_plain(_inbound_line(entry)))
        if entry.heard is not None:
            branch.add(_plain(entry.heard))
        for turn in entry.turns:
            _add_turn(branch, turn, told)
        if not entry.turns:
            branch.add(_plain(_why_not(entry)))
    elif isinstance(entry, Turn):
        _add_turn(root, entry, told)
    else:
        root.add(_plain(f"{_moment(entry.at)} {step_line(entry)}"))


def _add_turn(branch: Tree, turn: Turn, told: set[str]) -> None:
    if turn.turn_id in told:
        branch.add(_plain(f"turn {turn.turn_id} {turn.outcome or 'not ended'}: told above"))
        return
    told.add(turn.turn_id)
    node = branch.add(_plain(_turn_line(turn)))
    for step in turn.steps:
        node.add(_plain(f"{_moment(step.at)} {step_line(step)}"))


def _inbound_line(entry: Inbound) -> str:
    said = f" {_quoted(entry.text)}" if entry.text else ""
    return f"{_moment(entry.at)} {entry.kind}{said} (message {entry.message_id})"


def _why_not(entry: Inbound) -> str:
    inbox = entry.inbox
    if inbox is not None and inbox.closed_reason is not None:
        when = f" at {_moment(inbox.closed_at)}" if inbox.closed_at is not None else ""
        return f"closed without a turn{when}: {_reason(why(inbox.closed_reason))}"
    if inbox is not None and inbox.turn_id is not None:
        return f"not covered yet: turn {inbox.turn_id} has it"
    return "not covered yet"


def _turn_line(turn: Turn) -> str:
    if turn.outcome is None or turn.why is None:
        return f"turn {turn.turn_id}: its end is not in the log"
    costs = _costs(turn.model, turn.tokens, _usd(turn.cost_usd), _ms(turn.ms))
    ended = f"{_moment(turn.at)} " if turn.at is not None else ""
    return f"{ended}turn {turn.turn_id} {turn.outcome}: {_reason(turn.why)}{costs}"


def step_line(step: Step) -> str:
    """One step in one line."""
    match step:
        case Call():
            return _call_line(step)
        case Retrieval():
            return _retrieval_line(step)
        case Learnt():
            fact = f"fact {step.name} = {step.value}"
            return f"{fact} from {_quoted(step.evidence)} ({step.by}, {step.confidence:g})"
        case Scoring():
            return _scoring_line(step)
        case HandoffStep():
            to = f" to {step.to}" if step.to else ""
            brief = f" {_quoted(step.brief)}" if step.brief else ""
            return f"handoff {step.step}{to} by {step.by}: {_reason(step.why)}{brief}"
        case Said():
            return f"{_speaker(step.by)} {_quoted(step.text or '')} ({step.status})"
        case Unsaid():
            return f"not sent: {_reason(step.why)}"
        case Other():
            return f"{step.type} {step.detail}".rstrip()


def _call_line(call: Call) -> str:
    if call.why is None:
        costs = _costs(call.model, call.tokens, _usd(call.cost_usd), _ms(call.ms))
        return f"model call for {call.purpose}{costs}"
    status = f"HTTP {call.status}" if call.status is not None else None
    again = "may be tried again" if call.retryable else "final"
    costs = _costs(call.model, status, again, _ms(call.ms))
    return f"model call for {call.purpose} failed: {_reason(call.why)}{costs}"


def _retrieval_line(step: Retrieval) -> str:
    looked = f"{step.mode} search for {_quoted(step.query)}"
    if step.outcome == "failed":
        return f"{looked} failed{f': {_reason(step.why)}' if step.why is not None else ''}"
    if step.outcome == "no_match":
        return f"{looked}: nothing above the gate{_costs(_ms(step.ms))}"
    hits = ", ".join(
        f"{hit.document_id} v{hit.version} #{hit.chunk} ({hit.score:.2f})" for hit in step.hits
    )
    return f"{looked}: {hits}{_costs(_ms(step.ms))}"


def _scoring_line(step: Scoring) -> str:
    met = [m.key for m in step.criteria if m.met]
    missing = [f"{m.key}{' (required)' if m.required else ''}" for m in step.criteria if not m.met]
    parts = [f"met {', '.join(met)}"] if met else []
    parts += [f"missing {', '.join(missing)}"] if missing else []
    return f"lead {step.step}: {step.score:.2f} of {step.threshold:.2f}{_costs(*parts)}"


def _speaker(by: str | None) -> str:
    named = {"bot": "sent", "human": "a human wrote", "followup": "follow-up sent"}
    return named.get(by or "", "sent, not known by whom,")


def _reason(reason: Why) -> str:
    return f"{reason.code} ({reason.meaning})" if reason.meaning else reason.code


def _costs(*parts: str | int | None) -> str:
    told = [f"{part} tokens" if isinstance(part, int) else part for part in parts if part]
    return f" [{', '.join(told)}]" if told else ""


def _usd(amount: object) -> str | None:
    return None if amount is None else f"USD {amount}"


def _ms(ms: int | None) -> str | None:
    return None if ms is None else f"{ms} ms"


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%SZ")


def _quoted(text: str) -> str:
    short = text if len(text) <= _SHOWN_CHARS else f"{text[: _SHOWN_CHARS - 1]}…"
    return f'"{short}"'


def one_line(text: str) -> str:
    """The text with a space for what breaks lines, steers a terminal or turns the writing round."""
    return _CONTROL.sub(" ", text)


def _plain(line: str) -> Text:
    """One line without markup."""
    return Text(one_line(line))
