-- name: credential sets
SELECT id::text AS id, secrets_encrypted AS text
  FROM core.integration_credential_sets WHERE secrets_encrypted IS NOT NULL ORDER BY id FOR UPDATE

-- name: bindings
SELECT company_id::text AS company_id, provider, secrets_override_encrypted AS text
  FROM core.company_integration_bindings
 WHERE secrets_override_encrypted IS NOT NULL ORDER BY company_id, provider FOR UPDATE

-- name: centurions
SELECT company_id::text AS company_id, id::text AS id, channels
  FROM core.centurions
 WHERE jsonb_path_exists(channels, '$.*.secret_encrypted') ORDER BY company_id, id FOR UPDATE

-- name: write credential set
-- $1 id, $2 secrets_encrypted text
UPDATE core.integration_credential_sets SET secrets_encrypted = $2 WHERE id::text = $1

-- name: write binding
-- $1 company_id, $2 provider, $3 secrets_override_encrypted text
UPDATE core.company_integration_bindings
   SET secrets_override_encrypted = $3 WHERE company_id::text = $1 AND provider = $2

-- name: write centurion
-- $1 company_id, $2 id text, $3 channels jsonb
UPDATE core.centurions SET channels = $3 WHERE company_id::text = $1 AND id::text = $2
