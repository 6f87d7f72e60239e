-- name: hold claiming
-- No parameters. One process claims at a time, so that a company's bound holds over all of them.
SELECT pg_advisory_xact_lock(7041777)

-- name: who waits
-- No parameters. Whose settings the next two need.
SELECT DISTINCT company_id, coalesce(centurion_id, '') AS centurion_id FROM agent.bursts

-- name: claim
-- $1 worker text, $2 lease in seconds float8, $3 turn_id uuid[] (as many as may be claimed),
-- $4 company_id text[], $5 centurion_id text[] ('': none named), $6 debounce_ms integer[],
-- $7 max_wait_ms integer[], $8 turns_at_once integer[]
-- In rounds over the companies: the first due burst of each, then the second of each, and so on;
-- what a company has at work counts as rounds it has had. None gets more than its bound.
WITH settings AS (
    SELECT * FROM unnest($4::text[], $5::text[], $6::integer[], $7::integer[], $8::integer[])
        AS s (company_id, centurion_id, debounce_ms, max_wait_ms, at_once)),
busy AS (
    SELECT company_id, count(*) AS turns FROM agent.turns
     WHERE state <> 'done' AND lease_until > clock_timestamp() GROUP BY company_id),
due AS (
    SELECT b.company_id, b.conversation_id, t.turn_id, s.at_once,
           CASE WHEN t.turn_id IS NULL
                THEN least(b.last_received_at + make_interval(secs => s.debounce_ms / 1000.0),
                           b.first_received_at + make_interval(secs => s.max_wait_ms / 1000.0))
                ELSE greatest(t.lease_until, t.retry_at) END AS due_at
      FROM agent.bursts AS b
      JOIN settings AS s ON s.company_id = b.company_id
                        AND s.centurion_id = coalesce(b.centurion_id, '')
      LEFT JOIN agent.turns AS t ON t.company_id = b.company_id
                                AND t.conversation_id = b.conversation_id AND t.state <> 'done'),
ranked AS (
    SELECT d.*, coalesce(y.turns, 0) + row_number() OVER (
               PARTITION BY d.company_id ORDER BY d.due_at NULLS FIRST, d.conversation_id) AS round
      FROM due AS d LEFT JOIN busy AS y USING (company_id)
     WHERE coalesce(d.due_at <= clock_timestamp(), true)),
picked AS (
    SELECT r.*, row_number() OVER (ORDER BY r.round, r.due_at NULLS FIRST) AS number
      FROM ranked AS r WHERE r.round <= r.at_once
     ORDER BY r.round, r.due_at NULLS FIRST LIMIT cardinality($3::uuid[])),
taken AS (
    UPDATE agent.turns AS t
       SET worker = $1, fence = t.fence + 1, attempts = t.attempts + 1, retry_at = NULL,
           lease_until = clock_timestamp() + make_interval(secs => $2)
      FROM picked AS p
     WHERE t.turn_id = p.turn_id AND t.state <> 'done'
       AND coalesce(t.lease_until <= clock_timestamp(), true)
    RETURNING t.turn_id, t.company_id, t.conversation_id, t.fence, t.attempts),
begun AS (
    INSERT INTO agent.turns AS t
           (turn_id, company_id, conversation_id, worker, attempts, lease_until, failures)
    SELECT ($3::uuid[])[p.number], p.company_id, p.conversation_id, $1, 1,
           clock_timestamp() + make_interval(secs => $2),
           coalesce((SELECT CASE e.outcome WHEN 'failed' THEN e.failures + 1
                                           WHEN 'superseded' THEN e.failures ELSE 0 END
                       FROM agent.turns AS e
                      WHERE e.company_id = p.company_id AND e.conversation_id = p.conversation_id
                      ORDER BY e.opened_at DESC LIMIT 1), 0)
      FROM picked AS p WHERE p.turn_id IS NULL
    ON CONFLICT DO NOTHING
    RETURNING t.turn_id, t.company_id, t.conversation_id, t.fence, t.attempts)
SELECT * FROM taken UNION ALL SELECT * FROM begun

-- name: next due
-- $1 company_id text[], $2 centurion_id text[], $3 debounce_ms integer[], $4 max_wait_ms integer[]
-- In seconds from now; null when nothing waits.
SELECT extract(epoch FROM min(
           CASE WHEN t.turn_id IS NULL
                THEN least(b.last_received_at + make_interval(secs => s.debounce_ms / 1000.0),
                           b.first_received_at + make_interval(secs => s.max_wait_ms / 1000.0))
                ELSE greatest(t.lease_until, t.retry_at) END) - clock_timestamp())::float8
  FROM agent.bursts AS b
  JOIN unnest($1::text[], $2::text[], $3::integer[], $4::integer[])
       AS s (company_id, centurion_id, debounce_ms, max_wait_ms)
    ON s.company_id = b.company_id AND s.centurion_id = coalesce(b.centurion_id, '')
  LEFT JOIN agent.turns AS t ON t.company_id = b.company_id
                            AND t.conversation_id = b.conversation_id AND t.state <> 'done'

-- name: renew
-- $1 worker text, $2 lease in seconds float8, $3 turn_id uuid[], $4 fence bigint[]
UPDATE agent.turns AS t
   SET lease_until = clock_timestamp() + make_interval(secs => $2)
  FROM unnest($3::uuid[], $4::bigint[]) AS n (turn_id, fence)
 WHERE t.turn_id = n.turn_id AND t.fence = n.fence AND t.worker = $1 AND t.state <> 'done'
   AND t.lease_until > clock_timestamp()
RETURNING t.turn_id

-- name: written to
-- $1 turn_id uuid[], $2 how many messages make a turn full integer
-- Turns whose conversation has a newer message than they were closed at, and since how many seconds
-- its burst has been open. A full turn could take in no more.
SELECT t.turn_id,
       extract(epoch FROM clock_timestamp() - b.first_received_at)::float8 AS open_s
  FROM agent.turns AS t
  JOIN agent.bursts AS b USING (company_id, conversation_id)
 WHERE t.turn_id = ANY($1::uuid[]) AND t.upper_position > 0 AND b.last_position > t.upper_position
   AND cardinality(t.covers) < $2
