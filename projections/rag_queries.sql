-- name: create rag_queries
CREATE TABLE {table} (
    company_id       text NOT NULL,
    conversation_id  text NOT NULL,
    event_id         uuid NOT NULL,
    turn_id          text NOT NULL,
    query            text,
    outcome          text NOT NULL,
    mode             text NOT NULL,
    hits             jsonb NOT NULL,
    best_score       double precision,
    reason           text,
    ms               bigint NOT NULL,
    asked_at         timestamptz NOT NULL,
    PRIMARY KEY (company_id, conversation_id, event_id)
) WITH (fillfactor = 70)

-- name: view rag_queries
CREATE OR REPLACE VIEW projections.rag_queries AS SELECT * FROM {table}

-- name: load rag_queries
-- $1 company_id text[], $2 conversation_id text[]
SELECT t.company_id, t.conversation_id, t.event_id, t.turn_id, t.query, t.outcome, t.mode,
       t.hits::text, t.best_score, t.reason, t.ms, t.asked_at
  FROM unnest($1::text[], $2::text[]) AS k (company_id, conversation_id)
  JOIN {table} AS t USING (company_id, conversation_id)

-- name: store rag_queries
-- one array per column, in column order
INSERT INTO {table} AS t
SELECT company_id, conversation_id, event_id, turn_id, query, outcome, mode, hits::jsonb,
       best_score, reason, ms, asked_at
  FROM unnest(
    $1::text[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[],
    $8::text[], $9::float8[], $10::text[], $11::bigint[], $12::timestamptz[])
    AS n (company_id, conversation_id, event_id, turn_id, query, outcome, mode, hits,
          best_score, reason, ms, asked_at)
ON CONFLICT (company_id, conversation_id, event_id) DO UPDATE SET
    turn_id = excluded.turn_id, query = excluded.query, outcome = excluded.outcome, mode =
    excluded.mode, hits = excluded.hits, best_score = excluded.best_score, reason =
    excluded.reason, ms = excluded.ms, asked_at = excluded.asked_at
