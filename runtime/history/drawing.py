"""A timeline as a tree for people, and as JSON objects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich.text import Text
from rich.tree import Tree

from runtime.explaining.rendering import one_line
from runtime.history.elsewhere import Scope
from runtime.history.forest import Link, Node
from runtime.history.summaries import summary
from runtime.history.telling import place

_DEEPEST = 8
"""Deeper ones are drawn beside each other, with their depth, so that lines keep room for text."""
_NOTES = {
    Link.NOT_IN_LOG: "its cause is not in the log",
    Link.NOT_SHOWN: "its cause is in the log, not shown here",
    Link.CIRCLE: "its causes go in a circle",
}


def drawn(nodes: Sequence[Node], scope: Scope) -> Tree:
    """Below each event what it led to; two lines an event: what happened, and its id."""
    tree = Tree(_plain(f"conversation {scope[1]} of company {scope[0]}"))
    branches = [tree]
    for node in nodes:
        level = min(node.depth, _DEEPEST)
        del branches[level + 1 :]
        branches.append(branches[level].add(_label(node, scope)))
    return tree


def objects(nodes: Sequence[Node]) -> Iterator[dict[str, Any]]:
    """One an event, parents first. `parent` is an event id; `link` says why it is there, or none."""
    for node in nodes:
        recorded, event = node.recorded, node.recorded.event
        yield {
            "id": event.id,
            "parent": None if node.parent is None else node.parent.event.id,
            "depth": node.depth,
            "link": node.link.value,
            "recorded_at": recorded.recorded_at,
            "occurred_at": event.occurred_at,
            "type": event.type,
            "company": event.company_id,
            "conversation": event.conversation_id,
            "place": place(recorded),
            "summary": summary(event),
            "correlation_id": event.correlation_id,
            "causation_id": event.causation_id,
        }


def _label(node: Node, scope: Scope) -> Text:
    recorded, event = node.recorded, node.recorded.event
    deeper = f"(depth {node.depth}) " if node.depth > _DEEPEST else ""
    told = f"{deeper}{recorded.recorded_at:%Y-%m-%d %H:%M:%SZ} {event.type} {summary(event)}"
    named = [str(event.id)]
    if event.conversation_id != scope[1]:
        named.append(f"in conversation {event.conversation_id or '(none)'}")
    if (note := _NOTES.get(node.link)) is not None:
        named.append(f"{note}: {event.causation_id}")
    return Text.assemble(_plain(told.rstrip()), "\n", (one_line(", ".join(named)), "dim"))


def _plain(line: str) -> Text:
    """One line without markup; longer than the screen it goes on in the next."""
    return Text(one_line(line), overflow="fold")
