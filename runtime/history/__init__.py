"""Back in time, from the event log alone: a conversation as it was, and what led to what."""
