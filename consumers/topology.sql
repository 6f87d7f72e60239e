-- name: recorded
SELECT partitions, stream_prefix, epoch FROM runtime.topology
