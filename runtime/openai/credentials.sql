-- name: resolve
-- $1 company_id text
-- One row: the company's binding, or nulls without one, and the set that its mode leads to, or
-- nulls: a custom binding gets no set. A binding that names a set does not fall back on the default when that set is gone. The
-- platform's own tables may have uuid for text.
SELECT b.mode, b.config_override, b.secrets_override_encrypted,
       s.id::text AS set_id, s.config, s.secrets_encrypted
  FROM (SELECT) AS one
  LEFT JOIN core.company_integration_bindings AS b
         ON b.company_id::text = $1 AND b.provider = 'openai'
  LEFT JOIN core.integration_credential_sets AS s
         ON s.provider = 'openai' AND coalesce(b.mode, 'global') = 'global'
        AND CASE WHEN b.credential_set_id IS NULL THEN s.is_default
                 ELSE s.id::text = b.credential_set_id::text END
