"""Facts from Portuguese text by rules alone: pure, deterministic, the same text gives the same facts."""
