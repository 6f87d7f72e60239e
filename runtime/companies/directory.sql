-- Ids are compared as text: in a platform's own tables they may be uuid.

-- name: company
-- $1 company_id text
SELECT id::text AS id, name, status, timezone, locale, settings
  FROM core.companies WHERE id::text = $1

-- name: centurions
-- $1 company_id text
SELECT id::text AS id, name, prompt, models, debounce_ms, max_wait_ms, qualification, handoff,
       followup, channels, enabled
  FROM core.centurions WHERE company_id::text = $1 ORDER BY id
