-- name: bound the transaction
-- $1 idle-in-transaction time-out: time with unit, text
-- Who is frozen inside it keeps a credential set's other callers waiting no longer than this.
SELECT set_config('idle_in_transaction_session_timeout', $1, true)

-- name: lock account
-- $1 credential_set_id text, $2 now timestamptz or null: the database's clock, one for all
-- Opens the account when there is none, turns it over to today's day and month (UTC), and holds its
-- row: who reserves waits here for who reserves before him.
INSERT INTO agent.budget_accounts AS a (credential_set_id, day, month)
SELECT $1, t.today, date_trunc('month', t.today)::date
  FROM (SELECT (coalesce($2::timestamptz, clock_timestamp()) AT TIME ZONE 'UTC')::date) AS t (today)
ON CONFLICT (credential_set_id) DO UPDATE
   SET day_usd = CASE WHEN a.day = excluded.day THEN a.day_usd ELSE 0 END,
       month_usd = CASE WHEN a.month = excluded.month THEN a.month_usd ELSE 0 END,
       day = excluded.day, month = excluded.month
RETURNING day_usd, month_usd

-- name: held
-- $1 credential_set_id text, $2 now timestamptz or null
-- After the lock, as a statement of its own: its snapshot must see what was settled meanwhile.
SELECT coalesce(sum(usd), 0) FROM agent.budget_reservations
 WHERE credential_set_id = $1 AND expires_at > coalesce($2::timestamptz, clock_timestamp())

-- name: hold
-- $1 id uuid, $2 credential_set_id text, $3 usd numeric, $4 now timestamptz or null,
-- $5 seconds until it expires float8
INSERT INTO agent.budget_reservations (id, credential_set_id, usd, expires_at)
VALUES ($1, $2, $3, coalesce($4::timestamptz, clock_timestamp()) + make_interval(secs => $5))

-- name: settle
-- $1 id uuid, $2 real cost in usd numeric, $3 now timestamptz or null
-- Once: the reservation is gone with it. An expired one is still there, and its cost still counts.
WITH ended AS (
    DELETE FROM agent.budget_reservations WHERE id = $1 RETURNING credential_set_id
), t AS (
    SELECT (coalesce($3::timestamptz, clock_timestamp()) AT TIME ZONE 'UTC')::date AS today
)
UPDATE agent.budget_accounts AS a
   SET day_usd = CASE WHEN a.day = t.today THEN a.day_usd ELSE 0 END + $2,
       month_usd = CASE WHEN a.month = date_trunc('month', t.today)::date
                        THEN a.month_usd ELSE 0 END + $2,
       day = t.today, month = date_trunc('month', t.today)::date
  FROM ended, t
 WHERE a.credential_set_id = ended.credential_set_id

-- name: forget the dead
-- $1 credential_set_id text, $2 now timestamptz or null
-- Reservations that nobody will settle any more, a bounded number at a time.
DELETE FROM agent.budget_reservations
 WHERE id IN (SELECT id FROM agent.budget_reservations
               WHERE credential_set_id = $1
                 AND expires_at < coalesce($2::timestamptz, clock_timestamp()) - interval '1 day'
               LIMIT 100)
