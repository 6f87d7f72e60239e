"""Companies as the platform configures them: what a file or the `core` tables say."""
