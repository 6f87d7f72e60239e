-- name: create openai_usage
CREATE TABLE {table} (
    partition          smallint NOT NULL,
    company_id         text NOT NULL,
    day                date NOT NULL,
    model              text NOT NULL,
    purpose            text NOT NULL,
    calls              bigint NOT NULL,
    failures           bigint NOT NULL,
    prompt_tokens      bigint NOT NULL,
    completion_tokens  bigint NOT NULL,
    total_tokens       bigint NOT NULL,
    cost               numeric NOT NULL,
    PRIMARY KEY (partition, company_id, day, model, purpose)
) WITH (fillfactor = 70)

-- name: view openai_usage
CREATE OR REPLACE VIEW projections.openai_usage AS
SELECT company_id, day, model, purpose,
       sum(calls)::bigint AS calls,
       sum(failures)::bigint AS failures,
       sum(prompt_tokens)::bigint AS prompt_tokens,
       sum(completion_tokens)::bigint AS completion_tokens,
       sum(total_tokens)::bigint AS total_tokens,
       sum(cost)::numeric AS cost
  FROM {table}
 GROUP BY company_id, day, model, purpose

-- name: store openai_usage
-- one array per column, in column order
INSERT INTO {table} AS t
SELECT * FROM unnest(
    $1::smallint[], $2::text[], $3::date[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::numeric[])
ON CONFLICT (partition, company_id, day, model, purpose) DO UPDATE SET
    calls = t.calls + excluded.calls,
    failures = t.failures + excluded.failures,
    prompt_tokens = t.prompt_tokens + excluded.prompt_tokens,
    completion_tokens = t.completion_tokens + excluded.completion_tokens,
    total_tokens = t.total_tokens + excluded.total_tokens,
    cost = t.cost + excluded.cost
