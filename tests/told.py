"""What long tests say for people: printed at the end of the run, whatever pytest captures."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import pytest


@dataclass
class Seeds:
    """What the simulator did in all its seeds."""

    ended: int = 0
    failed: list[int] = field(default_factory=list)
    took_s: float = 0.0
    injected: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        faults = ", ".join(f"{name} {count}" for name, count in sorted(self.injected.items()))
        return (
            f"simulator: {self.ended} seeds in {self.took_s:.1f} s, "
            f"failed: {sorted(self.failed) or 'none'}\n  injected: {faults or 'nothing'}"
        )


@dataclass
class Told:
    """Lines in the order in which they were said."""

    lines: list[str] = field(default_factory=list)
    seeds: Seeds = field(default_factory=Seeds)

    def say(self, line: str) -> None:
        """One more line."""
        self.lines.append(line)

    def summary(self) -> list[str]:
        """Everything; nothing where nothing was said."""
        return [*([str(self.seeds)] if self.seeds.ended else []), *self.lines]


KEY = pytest.StashKey[Told]()
