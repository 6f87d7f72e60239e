-- name: arrays
-- $1 to $13: an array of each type of which any statement takes or gives one; all null.
SELECT $1::text[], $2::bigint[], $3::smallint[], $4::integer[], $5::uuid[], $6::timestamptz[],
       $7::date[], $8::bytea[], $9::float8[], $10::real[], $11::numeric[], $12::boolean[], $13::json[]
