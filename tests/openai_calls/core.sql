CREATE SCHEMA IF NOT EXISTS core;
CREATE TABLE IF NOT EXISTS core.integration_credential_sets (
    id                 text        PRIMARY KEY,
    provider           text        NOT NULL,
    name               text        NOT NULL,
    is_default         boolean     NOT NULL DEFAULT false,
    config             jsonb       NOT NULL DEFAULT '{}',
    secrets_encrypted  text,
    updated_at         timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS core.company_integration_bindings (
    company_id                  text  NOT NULL,
    provider                    text  NOT NULL,
    mode                        text  NOT NULL,
    credential_set_id           text,
    config_override             jsonb NOT NULL DEFAULT '{}',
    secrets_override_encrypted  text,
    status                      text  NOT NULL DEFAULT 'unknown',
    last_validated_at           timestamptz,
    last_error                  text,
    PRIMARY KEY (company_id, provider)
);
