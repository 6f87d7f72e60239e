-- name: beat
-- $1 group names text[], $2 member_id text, $3 host text, $4 pid integer, $5 lease in seconds float8
-- The member stays (or becomes) alive in each of its groups.
INSERT INTO runtime.members AS m
       (group_name, member_id, host, pid, started_at, heartbeat_at, expires_at)
SELECT name, $2, $3, $4, clock_timestamp(), clock_timestamp(),
       clock_timestamp() + make_interval(secs => $5)
  FROM unnest($1::text[]) AS b (name) ORDER BY name
ON CONFLICT (group_name, member_id) DO UPDATE
   SET heartbeat_at = excluded.heartbeat_at, expires_at = excluded.expires_at,
       started_at = CASE WHEN m.expires_at > excluded.heartbeat_at + make_interval(secs => $5 / 2)
                         THEN m.started_at ELSE excluded.started_at END

-- name: look
-- $1 group names text[], $2 member_id text
-- A row a group: who is alive and who owns what, where the checkpoints stand, which projections are fed,
-- which are not and why, what was lost and not acknowledged, and what operators asked of the member's
-- partitions. What is looked at is of the moment before the beat that goes with it. `now` is the only
-- clock that a lease is judged by.
SELECT g.name AS group_name, clock_timestamp() AS now, pg_postmaster_start_time() AS server_started,
       m.members, m.expire_at, o.partitions, o.owners, o.epochs, c.checkpointed, c.generations,
       c.entry_ids, l.*,
       ARRAY(SELECT name || ' v' || version FROM runtime.projections AS p
              WHERE p.group_name = g.name AND p.state = 'live' ORDER BY p.name) AS fed,
       (SELECT json_object_agg(p.name, coalesce(p.detail, '')) FROM runtime.projections AS p
         WHERE p.group_name = g.name AND p.state = 'detached')::text AS detached,
       (SELECT json_agg(r.* ORDER BY r.id)
          FROM (SELECT q.id, q.kind, q.partition, q.projection, q.company_id, q.conversation_id
                  FROM runtime.requests AS q
                  JOIN runtime.partition_owners AS mine USING (group_name, partition)
                 WHERE q.group_name = g.name AND q.done_at IS NULL AND mine.owner = $2
                 ORDER BY q.id LIMIT 500) AS r)::text AS requests
  FROM unnest($1::text[]) AS g (name)
 CROSS JOIN LATERAL (
       SELECT array_agg(member_id) AS members, array_agg(expires_at) AS expire_at
         FROM runtime.members WHERE group_name = g.name) AS m
 CROSS JOIN LATERAL (
       SELECT array_agg(partition) AS partitions, array_agg(owner) AS owners,
              array_agg(epoch) AS epochs
         FROM runtime.partition_owners WHERE group_name = g.name) AS o
 CROSS JOIN LATERAL (
       SELECT array_agg(partition) AS checkpointed, array_agg(generation) AS generations,
              array_agg(entry_id) AS entry_ids
         FROM runtime.checkpoints WHERE group_name = g.name) AS c
 CROSS JOIN LATERAL (
       SELECT coalesce(sum(count), 0)::bigint AS count,
              coalesce(bool_or(at_least), false) AS at_least,
              min(coalesce(since, noticed_at)) AS since, count(*) AS entries,
              coalesce(string_agg(DISTINCT reason, ', '), '') AS reasons
         FROM runtime.losses WHERE group_name = g.name AND acknowledged_at IS NULL) AS l
