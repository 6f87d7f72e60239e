"""Handing a part of the event log on: to a file, or to a stream of another system."""
