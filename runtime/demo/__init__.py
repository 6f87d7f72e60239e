"""The demo: written conversations through the whole cycle on private servers."""
