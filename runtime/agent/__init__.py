"""The agent: how a burst of messages becomes a turn, and a turn an answer."""
