-- name: hold claiming
-- $1 lock, $2 statement, $3 idle-in-transaction time-out: time with unit, text
-- One process claims at a time, so that a company's bound holds over all of them. One that is frozen
-- in the middle of it is ended before its leases are over. Its end does not wait for the disk: a claim
-- that a crash of Postgres takes back is one that nobody has, and whatever a turn does is written behind
-- its claim.
WITH bounds AS MATERIALIZED (
    SELECT set_config('lock_timeout', $1, true), set_config('statement_timeout', $2, true),
           set_config('idle_in_transaction_session_timeout', $3, true),
           set_config('synchronous_commit', 'off', true))
SELECT pg_advisory_xact_lock(7041777) FROM bounds

-- name: who waits
-- No parameters. Whose bursts are open: of each company and centurion that a burst names, since how
-- many seconds the longest quiet one has been quiet and the oldest one open, of those that no turn
-- has; how many turns of the company are at work; and in how many seconds the next of its open turns
-- is free. From place to place by the index, of bursts and of open turns: it costs no more where
-- thousands wait, or where thousands of turns are done.
WITH RECURSIVE waiting AS (
    (SELECT b.company_id, coalesce(b.centurion_id, '') AS centurion_id
       FROM agent.bursts AS b ORDER BY 1, 2 LIMIT 1)
    UNION ALL
    SELECT n.company_id, n.centurion_id
      FROM waiting AS w CROSS JOIN LATERAL (
           SELECT b.company_id, coalesce(b.centurion_id, '') AS centurion_id
             FROM agent.bursts AS b
            WHERE (b.company_id, coalesce(b.centurion_id, '')) > (w.company_id, w.centurion_id)
            ORDER BY 1, 2 LIMIT 1) AS n)
SELECT w.company_id, w.centurion_id, o.turns,
       extract(epoch FROM clock_timestamp() - (
           SELECT b.last_received_at FROM agent.bursts AS b
            WHERE b.company_id = w.company_id AND coalesce(b.centurion_id, '') = w.centurion_id
              AND NOT EXISTS (SELECT FROM agent.turns AS t WHERE t.company_id = b.company_id
                                 AND t.conversation_id = b.conversation_id AND t.state <> 'done')
            ORDER BY b.last_received_at LIMIT 1))::float8 AS quiet_s,
       extract(epoch FROM clock_timestamp() - (
           SELECT b.first_received_at FROM agent.bursts AS b
            WHERE b.company_id = w.company_id AND coalesce(b.centurion_id, '') = w.centurion_id
              AND NOT EXISTS (SELECT FROM agent.turns AS t WHERE t.company_id = b.company_id
                                 AND t.conversation_id = b.conversation_id AND t.state <> 'done')
            ORDER BY b.first_received_at LIMIT 1))::float8 AS open_s,
       extract(epoch FROM o.free_at - clock_timestamp())::float8 AS free_s
  FROM waiting AS w CROSS JOIN LATERAL (
       SELECT count(*) FILTER (WHERE t.lease_until > clock_timestamp()) AS turns,
              min(coalesce(greatest(t.lease_until, t.retry_at), clock_timestamp())) AS free_at
         FROM agent.turns AS t WHERE t.company_id = w.company_id AND t.state <> 'done') AS o

-- name: claim
-- $1 worker text, $2 lease in seconds float8, $3 turn_id uuid[] (as many as may be claimed),
-- $4 company_id text[], $5 centurion_id text[] ('': none named), $6 debounce_ms integer[],
-- $7 max_wait_ms integer[], $8 turns_at_once integer[]
-- In rounds over the companies: the first due burst of each, then the second of each, and so on;
-- what a company has at work counts as rounds it has had. None gets more than its bound. Of each
-- centurion's bursts only the first due ones are looked at, however many wait: those that have been
-- quiet for the longest, and those that have been open for the longest. Open turns are looked up
-- company by company: so the index of the open ones serves, whatever Postgres believes their share
-- among all turns to be.
WITH settings AS (
    SELECT * FROM unnest($4::text[], $5::text[], $6::integer[], $7::integer[], $8::integer[])
        AS s (company_id, centurion_id, debounce_ms, max_wait_ms, at_once)),
companies AS MATERIALIZED (
    SELECT s.company_id, o.turns, s.at_once
      FROM (SELECT company_id, max(at_once) AS at_once FROM settings GROUP BY company_id) AS s
     CROSS JOIN LATERAL (
           SELECT count(*) AS turns FROM agent.turns AS t
            WHERE t.company_id = s.company_id AND t.state <> 'done'
              AND t.lease_until > clock_timestamp()) AS o),
due AS (
    SELECT s.company_id, f.conversation_id, NULL::uuid AS turn_id, min(f.due_at) AS due_at
      FROM settings AS s
      JOIN companies AS c ON c.company_id = s.company_id AND c.turns < c.at_once
     CROSS JOIN LATERAL (
           (SELECT b.conversation_id,
                   b.last_received_at + make_interval(secs => s.debounce_ms / 1000.0) AS due_at
              FROM agent.bursts AS b
             WHERE b.company_id = s.company_id AND coalesce(b.centurion_id, '') = s.centurion_id
               AND b.last_received_at
                   <= clock_timestamp() - make_interval(secs => s.debounce_ms / 1000.0)
               AND NOT EXISTS (SELECT FROM agent.turns AS t WHERE t.company_id = b.company_id
                                  AND t.conversation_id = b.conversation_id AND t.state <> 'done')
             ORDER BY b.last_received_at LIMIT cardinality($3::uuid[]))
           UNION ALL
           (SELECT b.conversation_id,
                   b.first_received_at + make_interval(secs => s.max_wait_ms / 1000.0)
              FROM agent.bursts AS b
             WHERE b.company_id = s.company_id AND coalesce(b.centurion_id, '') = s.centurion_id
               AND b.first_received_at
                   <= clock_timestamp() - make_interval(secs => s.max_wait_ms / 1000.0)
               AND NOT EXISTS (SELECT FROM agent.turns AS t WHERE t.company_id = b.company_id
                                  AND t.conversation_id = b.conversation_id AND t.state <> 'done')
             ORDER BY b.first_received_at LIMIT cardinality($3::uuid[]))) AS f
     GROUP BY s.company_id, f.conversation_id
    UNION ALL
    SELECT c.company_id, f.conversation_id, f.turn_id, f.due_at
      FROM companies AS c CROSS JOIN LATERAL (
           SELECT t.conversation_id, t.turn_id, greatest(t.lease_until, t.retry_at) AS due_at
             FROM agent.turns AS t
            WHERE t.company_id = c.company_id AND t.state <> 'done'
              AND coalesce(greatest(t.lease_until, t.retry_at) <= clock_timestamp(), true)
            ORDER BY due_at NULLS FIRST, t.conversation_id LIMIT cardinality($3::uuid[])) AS f),
ranked AS (
    SELECT d.*, c.at_once, c.turns + row_number() OVER (
               PARTITION BY d.company_id ORDER BY d.due_at NULLS FIRST, d.conversation_id) AS round
      FROM due AS d JOIN companies AS c USING (company_id)),
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
SELECT n.*, coalesce(b.centurion_id, c.centurion_id) AS centurion_id, c.channel
  FROM (SELECT * FROM taken UNION ALL SELECT * FROM begun) AS n
  LEFT JOIN agent.bursts AS b USING (company_id, conversation_id)
  LEFT JOIN agent.conversation_control AS c USING (company_id, conversation_id)

-- name: renew
-- $1 worker text, $2 lease in seconds float8, $3 turn_id uuid[], $4 fence bigint[]
UPDATE agent.turns AS t
   SET lease_until = clock_timestamp() + make_interval(secs => $2)
  FROM unnest($3::uuid[], $4::bigint[]) AS n (turn_id, fence)
 WHERE t.turn_id = n.turn_id AND t.fence = n.fence AND t.worker = $1 AND t.state <> 'done'
   AND t.lease_until > clock_timestamp()
RETURNING t.turn_id

-- name: written to
-- $1 turn_id uuid[]
-- Turns whose conversation has a newer message than they were closed at, and since how many seconds
-- its burst has been open.
SELECT t.turn_id,
       extract(epoch FROM clock_timestamp() - b.first_received_at)::float8 AS open_s
  FROM agent.turns AS t
  JOIN agent.bursts AS b USING (company_id, conversation_id)
 WHERE t.turn_id = ANY($1::uuid[]) AND t.seen_position > 0 AND b.last_position > t.seen_position
