-- name: standing
-- $1 group_name text
-- Which projections are fed, which are not and why, and what was lost and not acknowledged.
SELECT ARRAY(SELECT name || ' v' || version FROM runtime.projections
              WHERE group_name = $1 AND state = 'live' ORDER BY name) AS fed,
       (SELECT json_object_agg(name, coalesce(detail, '')) FROM runtime.projections
         WHERE group_name = $1 AND state = 'detached')::text AS detached,
       pg_postmaster_start_time() AS server_started, l.*
  FROM (SELECT coalesce(sum(count), 0)::bigint AS count,
               coalesce(bool_or(at_least), false) AS at_least,
               min(coalesce(since, noticed_at)) AS since, count(*) AS entries,
               coalesce(string_agg(DISTINCT reason, ', '), '') AS reasons
          FROM runtime.losses WHERE group_name = $1 AND acknowledged_at IS NULL) AS l

-- name: checkpoints
-- $1 group_name text, $2 partitions smallint[]
SELECT partition, generation, entry_id FROM runtime.checkpoints
 WHERE group_name = $1 AND partition = ANY($2)
