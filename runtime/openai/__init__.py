"""OpenAI by company: credentials, calls, pacing, budgets."""
