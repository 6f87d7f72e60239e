-- name: who waits
-- $1 most of each, integer
-- Whose bursts are open: of each company and centurion that a burst names, for how many seconds those
-- have been quiet that have been so for the longest, and those open that have been so for the longest,
-- of those that no turn has; how many turns of the company are at work; and in how many seconds the
-- next of its open turns is free. From place to place by the index, of bursts and of open turns: it
-- costs no more where thousands wait, or where thousands of turns are done.
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
       ARRAY(
           SELECT extract(epoch FROM clock_timestamp() - b.last_received_at)::float8
             FROM agent.bursts AS b
            WHERE b.company_id = w.company_id AND coalesce(b.centurion_id, '') = w.centurion_id
              AND NOT EXISTS (SELECT FROM agent.turns AS t WHERE t.company_id = b.company_id
                                 AND t.conversation_id = b.conversation_id AND t.state <> 'done')
            ORDER BY b.last_received_at LIMIT $1) AS quiet_s,
       ARRAY(
           SELECT extract(epoch FROM clock_timestamp() - b.first_received_at)::float8
             FROM agent.bursts AS b
            WHERE b.company_id = w.company_id AND coalesce(b.centurion_id, '') = w.centurion_id
              AND NOT EXISTS (SELECT FROM agent.turns AS t WHERE t.company_id = b.company_id
                                 AND t.conversation_id = b.conversation_id AND t.state <> 'done')
            ORDER BY b.first_received_at LIMIT $1) AS open_s,
       extract(epoch FROM o.free_at - clock_timestamp())::float8 AS free_s
  FROM waiting AS w CROSS JOIN LATERAL (
       SELECT count(*) FILTER (WHERE t.lease_until > clock_timestamp()) AS turns,
              min(coalesce(greatest(t.lease_until, t.retry_at), clock_timestamp())) AS free_at
         FROM agent.turns AS t WHERE t.company_id = w.company_id AND t.state <> 'done') AS o

-- name: claim
-- $1 worker text, $2 lease in seconds float8, $3 lock time-out: time with unit, text, $4 turn_id uuid[]
-- (as many as may be claimed), $5 company_id text[], $6 centurion_id text[] ('': none named),
-- $7 debounce_ms integer[], $8 max_wait_ms integer[], $9 turns_at_once integer[]
SELECT turn_id, company_id, conversation_id, fence, attempts, centurion_id, channel
  FROM agent.claim_turns($1, $2, $3, $4, $5, $6, $7, $8, $9)

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
