-- Ids are compared as text: in a platform's own tables they may be uuid.

-- name: list
SELECT c.id::text AS id, c.name, c.status, c.timezone, c.locale,
       (SELECT count(*) FROM core.centurions AS t WHERE t.company_id::text = c.id::text AND t.enabled)
           AS centurions,
       (SELECT count(*) FROM core.knowledge_documents AS d
         WHERE d.company_id::text = c.id::text AND d.status IS DISTINCT FROM 'removed') AS documents,
       (SELECT b.mode FROM core.company_integration_bindings AS b
         WHERE b.company_id::text = c.id::text AND b.provider = 'openai') AS openai
  FROM core.companies AS c ORDER BY c.id

-- name: company
-- $1 company_id text
SELECT id::text AS id, name, status, timezone, locale, settings
  FROM core.companies WHERE id::text = $1

-- name: centurions
-- $1 company_id text
SELECT id::text AS id, name, enabled, version, prompt, models, debounce_ms, max_wait_ms,
       qualification, handoff, followup, channels
  FROM core.centurions WHERE company_id::text = $1 ORDER BY id

-- name: bindings
-- $1 company_id text
SELECT provider, mode, credential_set_id::text AS credential_set_id,
       config_override, secrets_override_encrypted, status, last_validated_at, last_error
  FROM core.company_integration_bindings WHERE company_id::text = $1 ORDER BY provider

-- name: documents
-- $1 company_id text
SELECT d.id::text AS id, d.title, d.source, d.version, d.status,
       (SELECT count(*) FROM core.knowledge_chunks AS c
         WHERE c.company_id = d.company_id AND c.document_id = d.id) AS chunks
  FROM core.knowledge_documents AS d WHERE d.company_id::text = $1 ORDER BY d.id
