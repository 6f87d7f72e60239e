-- name: unanswered
-- No parameters.
SELECT count(*) AS bursts,
       coalesce(extract(epoch FROM clock_timestamp() - min(first_received_at)), 0)::float8 AS age_s
  FROM agent.bursts
