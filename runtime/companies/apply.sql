-- Ids are compared as text: in a platform's own tables they may be uuid.

-- name: hold the lock
-- One application at a time, whoever starts it; and no statement waits long behind live traffic.
SELECT pg_advisory_xact_lock(7203101918), set_config('lock_timeout', '5s', true)

-- name: credential sets
SELECT id::text AS id, provider, name, is_default, config, secrets_encrypted
  FROM core.integration_credential_sets

-- name: companies
-- $1 ids text[]
SELECT id::text AS id, name, status, timezone, locale, settings
  FROM core.companies WHERE id::text = ANY($1::text[])

-- name: centurions
-- $1 company ids text[]
SELECT company_id::text AS company_id, id::text AS id, name, prompt, models, debounce_ms,
       max_wait_ms, qualification, handoff, followup, channels, enabled
  FROM core.centurions WHERE company_id::text = ANY($1::text[])

-- name: bindings
-- $1 company ids text[]
SELECT company_id::text AS company_id, provider, mode,
       credential_set_id::text AS credential_set_id, config_override, secrets_override_encrypted
  FROM core.company_integration_bindings WHERE company_id::text = ANY($1::text[])

-- name: documents
-- $1 company ids text[]
SELECT company_id::text AS company_id, id::text AS id, title, source, body, status
  FROM core.knowledge_documents WHERE company_id::text = ANY($1::text[])

-- name: insert credential set
-- $1 id, $2 provider, $3 name text, $4 is_default boolean, $5 config jsonb, $6 secrets_encrypted text
INSERT INTO core.integration_credential_sets
       (id, provider, name, is_default, config, secrets_encrypted, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, now())

-- name: update credential set
-- as above
UPDATE core.integration_credential_sets
   SET provider = $2, name = $3, is_default = $4, config = $5, secrets_encrypted = $6,
       updated_at = now()
 WHERE id::text = $1

-- name: insert company
-- $1 id, $2 name, $3 status, $4 timezone, $5 locale text, $6 settings jsonb
INSERT INTO core.companies (id, name, status, timezone, locale, settings)
VALUES ($1, $2, $3, $4, $5, $6)

-- name: update company
-- as above
UPDATE core.companies
   SET name = $2, status = $3, timezone = $4, locale = $5, settings = $6
 WHERE id::text = $1

-- name: insert centurion
-- $1 company_id, $2 id, $3 name, $4 prompt text, $5 models jsonb, $6 debounce_ms,
-- $7 max_wait_ms integer, $8 qualification, $9 handoff, $10 followup, $11 channels jsonb,
-- $12 enabled boolean
INSERT INTO core.centurions
       (company_id, id, name, prompt, models, debounce_ms, max_wait_ms, qualification, handoff,
        followup, channels, enabled, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 1)

-- name: update centurion
-- as above
UPDATE core.centurions
   SET name = $3, prompt = $4, models = $5, debounce_ms = $6, max_wait_ms = $7, qualification = $8,
       handoff = $9, followup = $10, channels = $11, enabled = $12, version = version + 1
 WHERE company_id::text = $1 AND id::text = $2

-- name: insert binding
-- $1 company_id, $2 provider, $3 mode, $4 credential_set_id text, $5 config_override jsonb,
-- $6 secrets_override_encrypted text
INSERT INTO core.company_integration_bindings
       (company_id, provider, mode, credential_set_id, config_override, secrets_override_encrypted)
VALUES ($1, $2, $3, $4, $5, $6)

-- name: update binding
-- as above
-- What is known of its health was another configuration's.
UPDATE core.company_integration_bindings
   SET mode = $3, credential_set_id = $4, config_override = $5, secrets_override_encrypted = $6,
       status = 'unknown', last_validated_at = NULL, last_error = NULL
 WHERE company_id::text = $1 AND provider = $2

-- name: insert document
-- $1 company_id, $2 id, $3 title, $4 source, $5 body, $6 status text
INSERT INTO core.knowledge_documents (company_id, id, title, source, body, status, version)
VALUES ($1, $2, $3, $4, $5, $6, 1)

-- name: update document
-- as above
UPDATE core.knowledge_documents
   SET title = $3, source = $4, body = $5, status = $6,
       version = version + CASE WHEN body <> $5 THEN 1 ELSE 0 END
 WHERE company_id::text = $1 AND id::text = $2

-- name: delete chunks
-- $1 company_id, $2 document_id text
DELETE FROM core.knowledge_chunks WHERE company_id::text = $1 AND document_id::text = $2

-- name: insert chunk
-- $1 company_id, $2 document_id text, $3 ordinal integer, $4 body, $5 folded words of title and body
INSERT INTO core.knowledge_chunks (company_id, document_id, ordinal, body, search)
VALUES ($1, $2, $3, $4, to_tsvector('portuguese', $5))
