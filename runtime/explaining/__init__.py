"""Why the agent did or did not answer: from a conversation's events to values, then to text."""
