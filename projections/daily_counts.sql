-- name: create daily_counts
CREATE TABLE {table} (
    partition   smallint NOT NULL,
    company_id  text NOT NULL,
    type        text NOT NULL,
    day         date NOT NULL,
    count       bigint NOT NULL,
    PRIMARY KEY (partition, company_id, type, day)
) WITH (fillfactor = 70)

-- name: view daily_counts
CREATE OR REPLACE VIEW projections.daily_counts AS
SELECT company_id, type, day,
       sum(count)::bigint AS count
  FROM {table}
 GROUP BY company_id, type, day

-- name: store daily_counts
-- one array per column, in column order
INSERT INTO {table} AS t
SELECT * FROM unnest(
    $1::smallint[], $2::text[], $3::text[], $4::date[], $5::bigint[])
ON CONFLICT (partition, company_id, type, day) DO UPDATE SET
    count = t.count + excluded.count
