-- name: create leads
CREATE TABLE {table} (
    company_id       text NOT NULL,
    conversation_id  text NOT NULL,
    lead_id          text NOT NULL,
    stage            text NOT NULL,
    score            double precision,
    threshold        double precision,
    facts            jsonb NOT NULL,
    criteria         jsonb NOT NULL,
    rules_hash       text,
    summary          text,
    created_at       timestamptz,
    qualified_at     timestamptz,
    PRIMARY KEY (company_id, conversation_id, lead_id)
) WITH (fillfactor = 70)

-- name: view leads
CREATE OR REPLACE VIEW projections.leads AS SELECT * FROM {table}

-- name: load leads
-- $1 company_id text[], $2 conversation_id text[]
SELECT t.company_id, t.conversation_id, t.lead_id, t.stage, t.score, t.threshold, t.facts::text,
       t.criteria::text, t.rules_hash, t.summary, t.created_at, t.qualified_at
  FROM unnest($1::text[], $2::text[]) AS k (company_id, conversation_id)
  JOIN {table} AS t USING (company_id, conversation_id)

-- name: store leads
-- one array per column, in column order
INSERT INTO {table} AS t
SELECT company_id, conversation_id, lead_id, stage, score, threshold, facts::jsonb,
       criteria::jsonb, rules_hash, summary, created_at, qualified_at
  FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::text[], $5::float8[], $6::float8[], $7::text[],
    $8::text[], $9::text[], $10::text[], $11::timestamptz[], $12::timestamptz[])
    AS n (company_id, conversation_id, lead_id, stage, score, threshold, facts, criteria,
          rules_hash, summary, created_at, qualified_at)
ON CONFLICT (company_id, conversation_id, lead_id) DO UPDATE SET
    stage = excluded.stage, score = excluded.score, threshold = excluded.threshold, facts =
    excluded.facts, criteria = excluded.criteria, rules_hash = excluded.rules_hash, summary
    = excluded.summary, created_at = excluded.created_at, qualified_at =
    excluded.qualified_at
