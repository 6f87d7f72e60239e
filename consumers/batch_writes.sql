-- name: logged already
-- $1 partitions smallint[], $2 event_ids uuid[]
SELECT l.partition, l.event_id, l.body::text AS body
  FROM unnest($1::smallint[], $2::uuid[]) AS wanted (partition, event_id)
  JOIN runtime.event_log AS l USING (partition, event_id)

-- name: append to the log
-- one array per column of the log: $1 partitions smallint[], $2 positions bigint[],
-- $3 event_ids uuid[], $4 types text[], $5 versions integer[], $6 company_ids text[],
-- $7 conversation_ids text[], $8 occurred_at, $9 recorded_at: timestamptz[], $10 entry ids text[],
-- $11 bodies text[]
INSERT INTO runtime.event_log
       (partition, position, event_id, type, version, company_id, conversation_id, occurred_at,
        recorded_at, entry_id, body)
SELECT partition, position, event_id, type, version, company_id, conversation_id, occurred_at,
       recorded_at, entry_id, body::json
  FROM unnest($1::smallint[], $2::bigint[], $3::uuid[], $4::text[], $5::integer[], $6::text[],
              $7::text[], $8::timestamptz[], $9::timestamptz[], $10::text[], $11::text[])
       AS n (partition, position, event_id, type, version, company_id, conversation_id, occurred_at,
             recorded_at, entry_id, body)

-- name: move checkpoints
-- $1 group_name text, $2 partitions smallint[], $3 positions held before bigint[],
-- $4 entry ids held before text[], $5 new entry ids text[], $6 new positions bigint[],
-- $7 read, $8 applied, $9 duplicate, $10 dead: bigint[], $11 entry hashes bytea[],
-- $12 newly lost bigint[], $13 added_base bigint[], $14 seen_added bigint[],
-- $15 seen_last_id text[], $16 seen_at timestamptz[], $17 server_id text[]
UPDATE runtime.checkpoints AS c
   SET entry_id = n.entry_id, position = n.position, read = c.read + n.read,
       applied = c.applied + n.applied, duplicate = c.duplicate + n.duplicate,
       dead = c.dead + n.dead, updated_at = now(), entry_hash = n.entry_hash,
       lost = c.lost + n.lost, added_base = n.added_base, seen_added = n.seen_added,
       seen_last_id = n.seen_last_id, seen_at = n.seen_at, server_id = n.server_id
  FROM unnest($2::smallint[], $3::bigint[], $4::text[], $5::text[], $6::bigint[],
              $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bytea[],
              $12::bigint[], $13::bigint[], $14::bigint[], $15::text[], $16::timestamptz[],
              $17::text[])
       AS n (partition, position_before, entry_id_before, entry_id, position,
             read, applied, duplicate, dead, entry_hash, lost, added_base, seen_added,
             seen_last_id, seen_at, server_id)
 WHERE c.group_name = $1 AND c.partition = n.partition
   AND c.position = n.position_before AND c.entry_id = n.entry_id_before
RETURNING c.partition

-- name: move projection checkpoints
-- $1 projections text[], $2 versions integer[], $3 partitions smallint[],
-- $4 positions held before bigint[], $5 new positions bigint[],
-- $6 applied, $7 filtered, $8 parked: bigint[], $9 revisions integer[]
UPDATE runtime.projection_checkpoints AS c
   SET position = n.position, applied = c.applied + n.applied,
       filtered = c.filtered + n.filtered, parked = c.parked + n.parked
  FROM unnest($1::text[], $2::integer[], $3::smallint[], $4::bigint[], $5::bigint[],
              $6::bigint[], $7::bigint[], $8::bigint[], $9::integer[])
       AS n (projection, version, partition, position_before, position, applied, filtered, parked,
             revision)
  JOIN runtime.projections AS p
    ON p.name = n.projection AND p.version = n.version AND p.state = 'live'
 WHERE c.projection = n.projection AND c.version = n.version AND c.partition = n.partition
   AND c.position = n.position_before AND c.revision = n.revision
RETURNING c.partition

-- name: count events
-- $1 partitions smallint[], $2 types text[], $3 counts bigint[]
INSERT INTO runtime.event_counts AS c (partition, type, count)
SELECT * FROM unnest($1::smallint[], $2::text[], $3::bigint[])
ON CONFLICT (partition, type) DO UPDATE SET count = c.count + excluded.count

-- name: keep dead letters
-- $1 group_name text, $2 partitions smallint[], $3 entry ids text[], $4 generations integer[],
-- $5 raw bytea[], $6 reasons text[], $7 details text[], $8 event_ids uuid[]
-- One that is read again in a new generation is what it was before: retried, discarded or open.
INSERT INTO runtime.dead_letters
       (group_name, partition, entry_id, generation, raw, reason, detail, event_id,
        resolved_at, resolution, resolved_by)
SELECT $1, n.*, b.resolved_at, b.resolution, b.resolved_by
  FROM unnest($2::smallint[], $3::text[], $4::integer[], $5::bytea[], $6::text[], $7::text[],
              $8::uuid[])
       AS n (partition, entry_id, generation, raw, reason, detail, event_id)
  LEFT JOIN LATERAL (
       SELECT d.resolved_at, d.resolution, d.resolved_by FROM runtime.dead_letters AS d
        WHERE d.group_name = $1 AND d.partition = n.partition AND d.entry_id = n.entry_id
          AND d.generation < n.generation AND d.raw = n.raw
        ORDER BY d.generation DESC LIMIT 1) AS b ON true
ON CONFLICT DO NOTHING

-- name: park
-- $1 group_name text, $2 projections text[], $3 company_ids text[], $4 conversation_ids text[],
-- $5 partitions smallint[], $6 positions bigint[], $7 event_ids uuid[], $8 reasons text[],
-- $9 details text[], $10 entry ids text[], $11 bodies json[] or nulls, $12 codes text[]
INSERT INTO runtime.parked
       (group_name, projection, company_id, conversation_id, partition, position, event_id,
        reason, detail, entry_id, body, refused_by)
SELECT $1, * FROM unnest($2::text[], $3::text[], $4::text[], $5::smallint[], $6::bigint[],
                         $7::uuid[], $8::text[], $9::text[], $10::text[], $11::json[],
                         $12::text[])
ON CONFLICT DO NOTHING

-- name: read the log
-- $1 partition smallint, $2 after position bigint, $3 up to position bigint, $4 limit integer
SELECT position, entry_id, recorded_at, event_id, type, version, occurred_at, company_id,
       conversation_id, body::text AS body
  FROM runtime.event_log
 WHERE partition = $1 AND position > $2 AND position <= $3
 ORDER BY position
 LIMIT $4
