"""What the agent exports to Prometheus, declared; `runtime.metric_families` lists all families."""

from __future__ import annotations

from runtime.metric_family import Family

_REPLY_S = (0.1, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 7.5, 10.0, 15.0, 30.0, 60.0, 300.0)
_OVERHEAD_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
_CALL_S = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0)

TURNS = Family(
    "agent_runtime_turns",
    "counter",
    ("outcome", "reason"),
    "Turns that ended: replied, silent, handed_off, failed, superseded, unknown, or closed without "
    "an event; the reasons are listed in reasons.md.",
)
TURN_FAULTS = Family(
    "agent_runtime_turn_faults", "counter", (), "Turns that failed and were given back."
)
TURNS_LOST = Family(
    "agent_runtime_turns_lost", "counter", (), "Turns whose lease another worker had taken over."
)
REPLY_SECONDS = Family(
    "agent_runtime_reply_seconds",
    "histogram",
    (),
    "From a burst's first message to the first part of its answer being out, debounce included.",
    _REPLY_S,
)
OVERHEAD_SECONDS = Family(
    "agent_runtime_turn_overhead_seconds",
    "histogram",
    (),
    "What a turn took until its first part was out, beside the thinker's and the channel's time.",
    _OVERHEAD_S,
)
OUTBOUND = Family(
    "agent_runtime_outbound",
    "counter",
    ("fate",),
    "Attempts to send a part, by what became of them: sent, failed, unknown.",
)
UNANSWERED = Family(
    "agent_unanswered_seconds",
    "gauge",
    (),
    "Age of the oldest inbound message that no turn has closed; 0 when there is none.",
)
OPEN_BURSTS = Family(
    "agent_runtime_open_bursts",
    "gauge",
    (),
    "Conversations with a message that no turn has closed.",
)
WORKER_TICK = Family(
    "agent_runtime_worker_last_tick_seconds",
    "gauge",
    ("worker",),
    "Unix time of the worker's last tick that went through.",
)
TICKS_FAILED = Family(
    "agent_runtime_worker_ticks_failed", "counter", ("worker",), "Ticks of a worker that failed."
)
OUTBOX_ROWS = Family(
    "agent_runtime_outbox_rows", "gauge", (), "Events that the log does not hold yet."
)
OUTBOX_AGE = Family(
    "agent_runtime_outbox_age_seconds", "gauge", (), "Age of the oldest of them; 0 without any."
)
RELAYED = Family(
    "agent_runtime_relayed_events",
    "counter",
    ("again",),
    "Events sent from the outbox; `again` is true for those that Redis had acknowledged and lost.",
)
RELAY_FAILURES = Family(
    "agent_runtime_relay_failures", "counter", (), "Rounds of the outbox's relay that failed."
)
OPENAI_CALLS = Family(
    "agent_runtime_openai_calls",
    "counter",
    ("purpose", "model", "outcome"),
    "Calls to OpenAI: completed, or the reason why not.",
)
OPENAI_TOKENS = Family(
    "agent_runtime_openai_tokens",
    "counter",
    ("model", "kind"),
    "Tokens that models counted: prompt, completion.",
)
OPENAI_COST = Family(
    "agent_runtime_openai_cost_dollars",
    "counter",
    ("model",),
    "US dollars of the calls whose model has a price.",
)
OPENAI_SECONDS = Family(
    "agent_runtime_openai_seconds", "histogram", ("purpose",), "How long calls took.", _CALL_S
)
BREAKER = Family(
    "agent_runtime_openai_breaker_open",
    "gauge",
    ("credential_set",),
    "1 while calls with a credential set are held back after repeated failures, 0.5 on trial; the "
    "hundred that were used last.",
)

AGENT_FAMILIES = (
    TURNS,
    TURN_FAULTS,
    TURNS_LOST,
    REPLY_SECONDS,
    OVERHEAD_SECONDS,
    OUTBOUND,
    UNANSWERED,
    OPEN_BURSTS,
    WORKER_TICK,
    TICKS_FAILED,
    OUTBOX_ROWS,
    OUTBOX_AGE,
    RELAYED,
    RELAY_FAILURES,
    OPENAI_CALLS,
    OPENAI_TOKENS,
    OPENAI_COST,
    OPENAI_SECONDS,
    BREAKER,
)
