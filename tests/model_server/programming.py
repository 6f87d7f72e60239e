"""The JSON by which other processes program the server: `POST /_program`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from tests.model_server.misbehaviours import Kind, Misbehave, Program, Rule


class KeysWish(BaseModel):
    """Keys to make known, and to forget."""

    model_config = ConfigDict(extra="forbid")

    add: list[str] = Field(default_factory=list)
    remove: list[str] = Field(default_factory=list)


class ProgramWish(BaseModel):
    """What to change. A misbehaviour is the name of its kind, or an object with its details."""

    model_config = ConfigDict(extra="forbid")

    clear: bool = False
    """Behave again, before anything of this wish is added."""
    queue: list[Kind | Misbehave | None] = Field(default_factory=list)
    rules: list[Rule] = Field(default_factory=list)
    keys: KeysWish = Field(default_factory=KeysWish)

    def carry_out(self, program: Program, keys: set[str]) -> None:
        """Change the program and the known keys."""
        if self.clear:
            program.clear()
        program.next(*self.queue)
        program.rule(*self.rules)
        keys |= set(self.keys.add)
        keys -= set(self.keys.remove)
