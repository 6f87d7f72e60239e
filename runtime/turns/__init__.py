"""Turns: bursts are claimed, decided, sent through one gate, and closed."""
