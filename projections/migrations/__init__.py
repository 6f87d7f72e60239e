"""Forward-only migrations of the engine's tables, `NNNN_words.sql`; applied ones are frozen."""
