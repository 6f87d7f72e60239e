"""YAML whose every value knows its line, read as version 1.2 means it.

PyYAML follows version 1.1, where `22:00` is 1320 and `no` is false: a time and a Portuguese word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

Path = tuple[str | int, ...]
"""A place in a document: keys, and numbers in lists."""


@dataclass(frozen=True, slots=True)
class Document:
    """What a file says, and the text's tree."""

    data: Any
    node: yaml.Node | None

    def line(self, path: Path) -> int | None:
        """The line, from 1, of the value at the path, or of the nearest thing around it."""
        node, line = self.node, None
        for step in (*path, None):
            if node is None:
                break
            line = node.start_mark.line + 1
            found = _child(node, step)
            if found is None:
                break
            key, node = found
            line = key.start_mark.line + 1
        return line


class NotYaml(Exception):
    """The text is not one YAML document; `.line` from 1 where that is known."""

    def __init__(self, problem: str, line: int | None) -> None:
        super().__init__(problem)
        self.line = line


class _Loader(yaml.SafeLoader):
    """Version 1.2's core schema, and dates."""


_BOOLEAN, _INTEGER, _FLOAT = (f"tag:yaml.org,2002:{kind}" for kind in ("bool", "int", "float"))
_Loader.yaml_implicit_resolvers = {
    first: [(tag, form) for tag, form in resolvers if tag not in (_BOOLEAN, _INTEGER, _FLOAT)]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    _BOOLEAN, re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)
_Loader.add_implicit_resolver(
    _INTEGER, re.compile(r"^[-+]?(?:0|[1-9][0-9]*)$"), list("-+0123456789")
)
_Loader.add_implicit_resolver(
    _FLOAT,
    re.compile(r"^[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?$"),
    list("-+.0123456789"),
)


def parse(text: str) -> Document:
    """One document. Never runs anything that the text names.

    Raises:
        NotYaml: it is none, or a key stands twice.
    """
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return Document(None, None)
        for key in _repeated(node):
            raise NotYaml(f"the key {key.value} stands twice", key.start_mark.line + 1)
        return Document(loader.construct_document(node), node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise NotYaml(error.problem or "is not YAML", mark.line + 1 if mark else None) from None
    except (yaml.YAMLError, ValueError) as error:
        raise NotYaml(f"is not YAML: {type(error).__name__}", None) from None
    except RecursionError:
        raise NotYaml("is nested too deeply", None) from None
    finally:
        loader.dispose()


def _child(node: yaml.Node, step: str | int | None) -> tuple[yaml.Node, yaml.Node] | None:
    """A key and its value, or an item twice."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value == step:
                return key, value
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    return None


def _repeated(node: yaml.Node) -> Iterator[yaml.ScalarNode]:
    seen: set[int] = set()
    waiting = [node]
    while waiting:
        here = waiting.pop()
        if id(here) in seen:
            continue
        seen.add(id(here))
        if isinstance(here, yaml.SequenceNode):
            waiting.extend(here.value)
        elif isinstance(here, yaml.MappingNode):
            keys = [key for key, _ in here.value if isinstance(key, yaml.ScalarNode)]
            names: set[str] = set()
            for key in keys:
                if key.value in names:
                    yield key
                names.add(key.value)
            waiting.extend(value for _, value in here.value)
