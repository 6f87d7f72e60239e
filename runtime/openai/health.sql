-- name: write
-- $1 company_id text, $2 status text, $3 last_error text or null
UPDATE core.company_integration_bindings
   SET status = $2, last_error = $3, last_validated_at = clock_timestamp()
 WHERE company_id::text = $1 AND provider = 'openai'
