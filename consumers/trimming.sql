-- name: standings
-- $1 partitions smallint[]
-- Every registered group's checkpoint in these partitions, and whether anybody works for it.
SELECT c.group_name, c.partition, c.generation, c.entry_id, c.entry_hash,
       (extract(epoch FROM c.updated_at) * 1000)::bigint AS progressed_ms,
       EXISTS (SELECT FROM runtime.members AS m
                WHERE m.group_name = c.group_name AND m.expires_at > clock_timestamp()) AS has_members,
       coalesce((SELECT max(g.generation) FROM runtime.stream_generations AS g
                  WHERE g.partition = c.partition), 1) AS newest
  FROM runtime.checkpoints AS c
 WHERE c.partition = ANY($1)
 ORDER BY c.partition, c.group_name
