"""The running service: settings, logs, connections, sidecar, command line, embedded servers."""
