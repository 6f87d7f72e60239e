-- A claim is one statement of many parts: to plan it anew for each took Postgres four times as long as to
-- carry it out. So it is planned once a connection, by index and in its order, whatever Postgres knows
-- of the tables by then: a plan from when few waited serves while thousands do. The time is looked at
-- once, so that what is not due yet is no part of what the index is asked for.

-- One claims at a time, so that a company's bound holds over all processes. The end does not wait for
-- the disk: a claim that a crash of Postgres takes back is one that nobody has, and whatever a turn
-- does is written behind its claim.
-- In rounds over the companies: the first due burst of each, then the second of each, and so on;
-- what a company has at work counts as rounds it has had. None gets more than its bound. Of each
-- centurion's bursts only the first due ones are looked at, however many wait: those that have been
-- quiet for the longest, and those that have been open for the longest. Open turns are looked up
-- company by company: so the index of the open ones serves, whatever Postgres believes their share
-- among all turns to be.
CREATE OR REPLACE FUNCTION agent.claim_turns(
    claiming_worker text, lease_s float8, lock_timeout text, turn_ids uuid[],
    company_ids text[], centurion_ids text[], debounces_ms integer[], max_waits_ms integer[],
    turns_at_once integer[])
RETURNS TABLE (
    turn_id uuid, company_id text, conversation_id text, fence bigint, attempts integer,
    centurion_id text, channel text)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_sort = off SET enable_seqscan = off
SET enable_bitmapscan = off AS $$
#variable_conflict use_column
DECLARE
    looked_at timestamptz;
BEGIN
    PERFORM set_config('lock_timeout', lock_timeout, true),
            set_config('synchronous_commit', 'off', true);
    PERFORM pg_advisory_xact_lock(7041777);
    looked_at := clock_timestamp();
    RETURN QUERY
    WITH settings AS (
        SELECT * FROM unnest(company_ids, centurion_ids, debounces_ms, max_waits_ms, turns_at_once)
            AS s (company_id, centurion_id, debounce_ms, max_wait_ms, at_once)),
    companies AS MATERIALIZED (
        SELECT s.company_id, o.turns, s.at_once
          FROM (SELECT company_id, max(at_once) AS at_once FROM settings GROUP BY company_id) AS s
         CROSS JOIN LATERAL (
               SELECT count(*) AS turns FROM agent.turns AS t
                WHERE t.company_id = s.company_id AND t.state <> 'done'
                  AND t.lease_until > looked_at) AS o),
    due AS (
        SELECT s.company_id, f.conversation_id, NULL::uuid AS turn_id, min(f.due_at) AS due_at,
               max(s.centurion_id) AS centurion_id
          FROM settings AS s
          JOIN companies AS c ON c.company_id = s.company_id AND c.turns < c.at_once
         CROSS JOIN LATERAL (
               (SELECT b.conversation_id,
                       b.last_received_at + make_interval(secs => s.debounce_ms / 1000.0) AS due_at
                  FROM agent.bursts AS b
                 WHERE b.company_id = s.company_id AND coalesce(b.centurion_id, '') = s.centurion_id
                   AND b.last_received_at
                       <= looked_at - make_interval(secs => s.debounce_ms / 1000.0)
                   AND NOT EXISTS (SELECT FROM agent.turns AS t WHERE t.company_id = b.company_id
                                      AND t.conversation_id = b.conversation_id AND t.state <> 'done')
                 ORDER BY b.last_received_at LIMIT cardinality(turn_ids))
               UNION ALL
               (SELECT b.conversation_id,
                       b.first_received_at + make_interval(secs => s.max_wait_ms / 1000.0)
                  FROM agent.bursts AS b
                 WHERE b.company_id = s.company_id AND coalesce(b.centurion_id, '') = s.centurion_id
                   AND b.first_received_at
                       <= looked_at - make_interval(secs => s.max_wait_ms / 1000.0)
                   AND NOT EXISTS (SELECT FROM agent.turns AS t WHERE t.company_id = b.company_id
                                      AND t.conversation_id = b.conversation_id AND t.state <> 'done')
                 ORDER BY b.first_received_at LIMIT cardinality(turn_ids))) AS f
         GROUP BY s.company_id, f.conversation_id
        UNION ALL
        SELECT c.company_id, f.conversation_id, f.turn_id, f.due_at, ''
          FROM companies AS c CROSS JOIN LATERAL (
               SELECT t.conversation_id, t.turn_id, greatest(t.lease_until, t.retry_at) AS due_at
                 FROM agent.turns AS t
                WHERE t.company_id = c.company_id AND t.state <> 'done'
                  AND coalesce(greatest(t.lease_until, t.retry_at) <= looked_at, true)
                ORDER BY due_at NULLS FIRST, t.conversation_id LIMIT cardinality(turn_ids)) AS f),
    ranked AS (
        SELECT d.*, c.at_once, c.turns + row_number() OVER (
                   PARTITION BY d.company_id ORDER BY d.due_at NULLS FIRST, d.conversation_id) AS round
          FROM due AS d JOIN companies AS c USING (company_id)),
    picked AS (
        SELECT r.*, row_number() OVER (ORDER BY r.round, r.due_at NULLS FIRST) AS number
          FROM ranked AS r WHERE r.round <= r.at_once
         ORDER BY r.round, r.due_at NULLS FIRST LIMIT cardinality(turn_ids)),
    taken AS (
        UPDATE agent.turns AS t
           SET worker = claiming_worker, fence = t.fence + 1, attempts = t.attempts + 1, retry_at = NULL,
               lease_until = looked_at + make_interval(secs => lease_s)
          FROM picked AS p
         WHERE t.turn_id = p.turn_id AND t.state <> 'done'
           AND coalesce(t.lease_until <= looked_at, true)
        RETURNING t.turn_id, t.company_id, t.conversation_id, t.fence, t.attempts),
    begun AS (
        INSERT INTO agent.turns AS t
               (turn_id, company_id, conversation_id, worker, attempts, lease_until, failures)
        SELECT turn_ids[p.number], p.company_id, p.conversation_id, claiming_worker, 1,
               looked_at + make_interval(secs => lease_s),
               coalesce((SELECT CASE e.outcome WHEN 'failed' THEN e.failures + 1
                                               WHEN 'superseded' THEN e.failures ELSE 0 END
                           FROM agent.turns AS e
                          WHERE e.company_id = p.company_id AND e.conversation_id = p.conversation_id
                          ORDER BY e.opened_at DESC LIMIT 1), 0)
          FROM picked AS p WHERE p.turn_id IS NULL
        ON CONFLICT DO NOTHING
        RETURNING t.turn_id, t.company_id, t.conversation_id, t.fence, t.attempts)
    SELECT n.turn_id, n.company_id, n.conversation_id, n.fence, n.attempts,
           coalesce(n.centurion_id, c.centurion_id) AS centurion_id, c.channel
      FROM (SELECT t.*, (SELECT b.centurion_id FROM agent.bursts AS b
                          WHERE b.company_id = t.company_id
                            AND b.conversation_id = t.conversation_id) AS centurion_id
              FROM taken AS t
            UNION ALL
            SELECT t.*, nullif(p.centurion_id, '')
              FROM begun AS t JOIN picked AS p USING (company_id, conversation_id)) AS n
      LEFT JOIN agent.conversation_control AS c USING (company_id, conversation_id);
END $$;
COMMENT ON FUNCTION agent.claim_turns IS
    'claims due turns, new ones and those whose worker is gone, at most as many as ids are given';
