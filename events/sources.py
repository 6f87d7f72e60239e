"""Names of producers that others must recognise."""

from __future__ import annotations

AGENT_RUNTIME = "agent-runtime"
"""`source` of the events that this runtime emits. What it decided it has already done, in the
transaction that wrote the event: nobody applies that again."""
