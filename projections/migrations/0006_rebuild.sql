-- A read model that was rebuilt may stand at the same position with other rows and other parked
-- events: who keeps a copy of its checkpoint must load it again.

ALTER TABLE runtime.projection_checkpoints
    ADD COLUMN revision integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN runtime.projection_checkpoints.revision IS
    'raised by each replay; part of the compare-and-set that moves the checkpoint';
