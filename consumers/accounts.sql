-- name: has another group read
-- $1 group_name text, $2 partition smallint
SELECT EXISTS (SELECT FROM runtime.checkpoints
                WHERE partition = $2 AND group_name <> $1 AND read > 0)

-- name: newest generation
-- $1 partition smallint
SELECT coalesce(max(generation), 0) FROM runtime.stream_generations WHERE partition = $1

-- name: begin generation
-- $1 partition smallint, $2 generation integer, $3 server_id text, $4 reason text
INSERT INTO runtime.stream_generations (partition, generation, server_id, reason)
VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING

-- name: settle account
-- $1 group_name text, $2 partition smallint, $3 generation held before integer,
-- $4 entry id held before text, $5 generation integer, $6 entry id text, $7 entry_hash bytea,
-- $8 added_base bigint, $9 newly lost bigint, $10 begins anew boolean,
-- $11 seen_added bigint, $12 seen_last_id text, $13 seen_at timestamptz, $14 server_id text,
-- $15 lost held before bigint
UPDATE runtime.checkpoints
   SET generation = $5, entry_id = $6, entry_hash = $7, added_base = $8, lost = lost + $9,
       read_before = CASE WHEN $10 THEN read ELSE read_before END,
       lost_before = CASE WHEN $10 THEN lost + $9 ELSE lost_before END,
       seen_added = $11, seen_last_id = $12, seen_at = $13, server_id = $14
 WHERE group_name = $1 AND partition = $2 AND generation = $3 AND entry_id = $4
   AND lost = $15
RETURNING partition

-- name: record loss
-- $1 group_name text, $2 partition smallint, $3 generation integer, $4 count bigint,
-- $5 at_least boolean, $6 reason text, $7 after_entry_id text, $8 since timestamptz
INSERT INTO runtime.losses
       (group_name, partition, generation, count, at_least, reason, after_entry_id, since)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)

-- name: newest of the log
-- $1 partition smallint, $2 at most
SELECT entry_id, body::text AS body FROM runtime.event_log
 WHERE partition = $1 ORDER BY position DESC LIMIT $2

-- name: newest seen
-- $1 group_name text, $2 partition smallint, $3 at most
SELECT entry_id, body_hash FROM runtime.seen_events
 WHERE group_name = $1 AND partition = $2 ORDER BY seen_at DESC LIMIT $3

-- name: conservation
-- $1 group_name text, $2 partitions smallint[]
-- A row a partition and outcome: the group's own (projection ''), and each of its projections'.
SELECT c.partition, '' AS projection, o.outcome, o.count
  FROM runtime.checkpoints AS c,
       LATERAL (VALUES ('read', c.read), ('applied', c.applied), ('duplicate', c.duplicate),
                       ('dead', c.dead)) AS o (outcome, count)
 WHERE c.group_name = $1 AND c.partition = ANY ($2)
UNION ALL
SELECT p.partition, p.projection, o.outcome, o.count
  FROM runtime.projection_checkpoints AS p
  JOIN runtime.projections AS r ON r.name = p.projection AND r.version = p.version,
       LATERAL (VALUES ('position', p.position), ('applied', p.applied),
                       ('filtered', p.filtered), ('parked', p.parked),
                       ('discarded', p.discarded)) AS o (outcome, count)
 WHERE r.group_name = $1 AND r.state <> 'retired' AND p.partition = ANY ($2)

-- name: imbalances
-- $1 group_name text
-- Conservation, as Postgres stands: both differences are 0 in every row.
SELECT c.partition, c.read - c.applied - c.duplicate - c.dead AS difference,
       coalesce((SELECT sum(abs(p.position - p.applied - p.filtered - p.parked - p.discarded))
                   FROM runtime.projection_checkpoints AS p
                   JOIN runtime.projections AS r ON r.name = p.projection AND r.version = p.version
                  WHERE p.partition = c.partition AND r.group_name = $1
                    AND r.state <> 'retired'), 0)::bigint AS projections
  FROM runtime.checkpoints AS c WHERE c.group_name = $1

-- name: remember seen
-- $1 group_name text, $2 member_id text, $3 partitions smallint[], $4 generations integer[],
-- $5 epochs bigint[], $6 added_base bigint[], $7 seen_added bigint[], $8 seen_last_id text[],
-- $9 seen_at timestamptz[]
-- Only where it tells more than the last batch did, so that an idle group writes nothing. No clock
-- says which is newer: under one base a stream only grows, and hosts tell different times.
-- In the order of the partitions, as batches are; a row that a batch holds is being told of.
WITH ours AS (
    SELECT c.group_name, c.partition FROM runtime.checkpoints AS c
      JOIN runtime.partition_owners AS o USING (group_name, partition)
     WHERE c.group_name = $1 AND c.partition = ANY ($3) AND o.owner = $2
     ORDER BY c.partition
       FOR NO KEY UPDATE OF c SKIP LOCKED)
UPDATE runtime.checkpoints AS c
   SET seen_added = n.seen_added, seen_last_id = n.seen_last_id, seen_at = n.seen_at
  FROM unnest($3::smallint[], $4::integer[], $5::bigint[], $6::bigint[], $7::bigint[], $8::text[],
              $9::timestamptz[])
       AS n (partition, generation, epoch, added_base, seen_added, seen_last_id, seen_at)
  JOIN ours USING (partition)
  JOIN runtime.partition_owners AS o ON o.group_name = $1 AND o.partition = n.partition
                                    AND o.owner = $2 AND o.epoch = n.epoch
 WHERE c.group_name = $1 AND c.partition = n.partition AND c.generation = n.generation
   AND c.added_base = n.added_base
   AND (c.seen_added IS NULL OR c.seen_added < n.seen_added)
