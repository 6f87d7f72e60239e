"""Every reason code that the agent gives, with what it means: `docs/reference/reasons.md` lists them.

A code stands in `turn.completed`, `message.suppressed`, `handoff.*` and in `agent.inbox`.
"""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why the agent did what it did, or did nothing."""

    # A turn that replied.
    ANSWERED = "answered"
    ANSWERED_FROM_KNOWLEDGE = "answered_from_knowledge"
    ASKED_FOR_FACT = "asked_for_fact"
    GREETED = "greeted"
    DID_NOT_KNOW = "did_not_know"
    # A turn that stayed silent.
    HUMAN_OWNS = "human_owns"
    CONVERSATION_CLOSED = "conversation_closed"
    OPTED_OUT = "opted_out"
    TOO_OLD = "too_old"
    CHANNEL_WINDOW_CLOSED = "channel_window_closed"
    MODEL_CHOSE_SILENCE = "model_chose_silence"
    NOTHING_TO_ANSWER = "nothing_to_answer"
    COMPANY_SUSPENDED = "company_suspended"
    # Closed in the inbox, without a turn.
    NO_CENTURION = "no_centurion"
    NO_CHANNEL = "no_channel"
    # Superseded or suppressed.
    NEWER_INBOUND = "newer_inbound"
    HUMAN_TOOK_OVER = "human_took_over"
    # Handed over.
    ASKED_FOR_HUMAN = "asked_for_human"
    LEGAL_OR_FRAUD = "legal_or_fraud"
    CONFIGURED_WORD = "configured_word"
    LOW_CONFIDENCE = "low_confidence"
    REPEATED_FAILURE = "repeated_failure"
    MODEL_ASKED_FOR_HUMAN = "model_asked_for_human"
    NOTHING_LEFT_TO_ASK = "nothing_left_to_ask"
    # Failed, or not known.
    CHANNEL_REFUSED = "channel_refused"
    CHANNEL_UNREACHABLE = "channel_unreachable"
    OUTCOME_UNKNOWN = "outcome_unknown"
    GAVE_UP = "gave_up"
    # Why no model decided.
    OPENAI_NOT_CONFIGURED = "openai_not_configured"
    OPENAI_DISABLED = "openai_disabled"
    OPENAI_KEY_REJECTED = "openai_key_rejected"
    OPENAI_QUOTA_EXHAUSTED = "openai_quota_exhausted"
    OPENAI_RATE_LIMITED = "openai_rate_limited"
    OPENAI_UNAVAILABLE = "openai_unavailable"
    OPENAI_TIMEOUT = "openai_timeout"
    OPENAI_REFUSED = "openai_refused"
    OPENAI_BAD_OUTPUT = "openai_bad_output"
    OPENAI_BREAKER_OPEN = "openai_breaker_open"
    OPENAI_BUDGET_EXHAUSTED = "openai_budget_exhausted"
    OPENAI_REQUEST_INVALID = "openai_request_invalid"


MEANING: dict[Reason, str] = {
    Reason.ANSWERED: "a model answered",
    Reason.ANSWERED_FROM_KNOWLEDGE: "the rules answered with a passage of the company's knowledge",
    Reason.ASKED_FOR_FACT: "the rules asked for the next missing required fact",
    Reason.GREETED: "the rules answered a courtesy: a greeting, a thank-you, a goodbye",
    Reason.DID_NOT_KNOW: "nothing in the company's knowledge answers it, and the customer was told so",
    Reason.HUMAN_OWNS: "a human owns the conversation",
    Reason.CONVERSATION_CLOSED: "the contact was erased",
    Reason.OPTED_OUT: "the contact wants no messages",
    Reason.TOO_OLD: "older than the company's `answer_within_s`: a backlog, an import, unparked messages",
    Reason.CHANNEL_WINDOW_CLOSED: "the channel takes no free text so long after the customer's last message",
    Reason.MODEL_CHOSE_SILENCE: "the model found that nothing is to be said",
    Reason.NOTHING_TO_ANSWER: "the burst says nothing: a sticker, a reaction, laughter",
    Reason.COMPANY_SUSPENDED: "the company is not active",
    Reason.NO_CENTURION: "the company has no enabled centurion for it",
    Reason.NO_CHANNEL: "the centurion does not speak on that channel",
    Reason.NEWER_INBOUND: "the customer wrote again: the next turn covers all of it",
    Reason.HUMAN_TOOK_OVER: "a human took the conversation over before it was sent",
    Reason.ASKED_FOR_HUMAN: "the customer asked for a human",
    Reason.LEGAL_OR_FRAUD: "words of the law or of fraud",
    Reason.CONFIGURED_WORD: "a word that the centurion's handoff rules name",
    Reason.LOW_CONFIDENCE: "the model's confidence was below the centurion's limit",
    Reason.REPEATED_FAILURE: "several turns in a row had no answer",
    Reason.MODEL_ASKED_FOR_HUMAN: "the model asked for a human",
    Reason.NOTHING_LEFT_TO_ASK: "the rules know no answer and every required fact is known",
    Reason.CHANNEL_REFUSED: "the channel refused the message",
    Reason.CHANNEL_UNREACHABLE: "the channel could not be reached",
    Reason.OUTCOME_UNKNOWN: "it is not known whether the channel took the message; it is not repeated",
    Reason.GAVE_UP: "the turn failed too often",
    Reason.OPENAI_NOT_CONFIGURED: "the company has no OpenAI credentials",
    Reason.OPENAI_DISABLED: "the company's OpenAI binding is disabled",
    Reason.OPENAI_KEY_REJECTED: "OpenAI rejected the key (401, 403)",
    Reason.OPENAI_QUOTA_EXHAUSTED: "the account has no quota left (insufficient_quota)",
    Reason.OPENAI_RATE_LIMITED: "rate limited for longer than a turn can wait",
    Reason.OPENAI_UNAVAILABLE: "OpenAI failed or could not be reached",
    Reason.OPENAI_TIMEOUT: "OpenAI did not answer in time",
    Reason.OPENAI_REFUSED: "the model refused",
    Reason.OPENAI_BAD_OUTPUT: "the model's output was empty, cut or not of the agreed shape",
    Reason.OPENAI_BREAKER_OPEN: "the credential set failed repeatedly; it is tried again soon",
    Reason.OPENAI_BUDGET_EXHAUSTED: "the credential set's daily or monthly budget is spent",
    Reason.OPENAI_REQUEST_INVALID: "OpenAI found the request invalid (400, 404: a wrong model name)",
}
