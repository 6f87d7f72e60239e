-- name: create company_activity
CREATE TABLE {table} (
    partition   smallint NOT NULL,
    company_id  text NOT NULL,
    minute      timestamptz NOT NULL,
    inbound     bigint NOT NULL,
    outbound    bigint NOT NULL,
    PRIMARY KEY (partition, company_id, minute)
) WITH (fillfactor = 70)

-- name: view company_activity
CREATE OR REPLACE VIEW projections.company_activity AS
SELECT company_id, minute,
       sum(inbound)::bigint AS inbound,
       sum(outbound)::bigint AS outbound
  FROM {table}
 GROUP BY company_id, minute

-- name: store company_activity
-- one array per column, in column order
INSERT INTO {table} AS t
SELECT * FROM unnest(
    $1::smallint[], $2::text[], $3::timestamptz[], $4::bigint[], $5::bigint[])
ON CONFLICT (partition, company_id, minute) DO UPDATE SET
    inbound = t.inbound + excluded.inbound,
    outbound = t.outbound + excluded.outbound
