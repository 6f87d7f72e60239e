"""What operators ask of the log and the engine's tables; SQL in `operators.sql`."""
