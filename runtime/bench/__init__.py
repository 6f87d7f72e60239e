"""`agent-runtime bench`: how fast the whole is, through real processes.

Each scenario starts with an empty database. Those of delays load companies, start `serve` as production
does, and send events at fixed times whatever becomes of them (an open loop: a slow service meets more
work, not less); what customers are answered is received here, over HTTP. Those of rates fill a log and
measure what works on it, beside a floor.
"""
