"""What operators ask of the log, the streams and the engine's tables; SQL in `.sql` files."""
