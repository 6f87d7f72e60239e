"""Rebuilds as the command runs them: worker processes, and a look at live traffic."""
