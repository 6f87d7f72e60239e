"""`agent-runtime bench`: how fast the whole is, through a real service in a process of its own.

Each scenario starts with an empty database, loads companies, starts `serve` as production does, and
sends events at fixed times whatever becomes of them (an open loop: a slow service meets more work,
not less). What customers are answered is received here, over HTTP.
"""
