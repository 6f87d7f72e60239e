"""Where what the agent says goes out: one port, and the channels that ship."""
