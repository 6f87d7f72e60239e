-- What the platform's back office owns: companies, their centurions, credentials and knowledge.
--
-- Each table is created only where it does not stand, and never altered by this program: it may be
-- the platform's own, with more columns, with uuid for text. Hence no foreign keys between them, and
-- the look before each CREATE: IF NOT EXISTS alone wants the right to create in the schema.

DO $$
BEGIN
    IF to_regnamespace('core') IS NULL THEN
        CREATE SCHEMA core;
    END IF;
    IF to_regclass('core.companies') IS NULL THEN
        CREATE TABLE core.companies (
            id        text  NOT NULL,
            name      text  NOT NULL,
            status    text  NOT NULL DEFAULT 'active',
            timezone  text  NOT NULL DEFAULT 'America/Sao_Paulo',
            locale    text  NOT NULL DEFAULT 'pt-BR',
            settings  jsonb NOT NULL DEFAULT '{}',
            CONSTRAINT companies_are_named_once PRIMARY KEY (id),
            CONSTRAINT companies_status_is_known CHECK (status IN ('active', 'suspended'))
        );
    END IF;
    IF to_regclass('core.centurions') IS NULL THEN
        CREATE TABLE core.centurions (
            id             text    NOT NULL,
            company_id     text    NOT NULL,
            name           text    NOT NULL,
            prompt         text    NOT NULL DEFAULT '',
            models         jsonb   NOT NULL DEFAULT '{}',
            debounce_ms    integer NOT NULL DEFAULT 3000,
            max_wait_ms    integer NOT NULL DEFAULT 30000,
            qualification  jsonb   NOT NULL DEFAULT '{}',
            handoff        jsonb   NOT NULL DEFAULT '{}',
            followup       jsonb   NOT NULL DEFAULT '[]',
            channels       jsonb   NOT NULL DEFAULT '{}',
            enabled        boolean NOT NULL DEFAULT true,
            version        integer NOT NULL DEFAULT 1,
            CONSTRAINT centurions_are_named_once_in_a_company PRIMARY KEY (company_id, id),
            CONSTRAINT centurions_waits_are_not_negative CHECK (debounce_ms >= 0 AND max_wait_ms >= 0)
        );
    END IF;
    IF to_regclass('core.integration_credential_sets') IS NULL THEN
        CREATE TABLE core.integration_credential_sets (
            id                 text        NOT NULL,
            provider           text        NOT NULL,
            name               text        NOT NULL,
            is_default         boolean     NOT NULL DEFAULT false,
            config             jsonb       NOT NULL DEFAULT '{}',
            secrets_encrypted  text,
            updated_at         timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT credential_sets_are_named_once PRIMARY KEY (id)
        );
        CREATE UNIQUE INDEX credential_sets_one_default_a_provider
            ON core.integration_credential_sets (provider) WHERE is_default;
    END IF;
    IF to_regclass('core.company_integration_bindings') IS NULL THEN
        CREATE TABLE core.company_integration_bindings (
            company_id                  text  NOT NULL,
            provider                    text  NOT NULL,
            mode                        text  NOT NULL,
            credential_set_id           text,
            config_override             jsonb NOT NULL DEFAULT '{}',
            secrets_override_encrypted  text,
            status                      text  NOT NULL DEFAULT 'unknown',
            last_validated_at           timestamptz,
            last_error                  text,
            CONSTRAINT bindings_one_a_company_and_provider PRIMARY KEY (company_id, provider),
            CONSTRAINT bindings_mode_is_known CHECK (mode IN ('global', 'custom', 'disabled'))
        );
    END IF;
    IF to_regclass('core.knowledge_documents') IS NULL THEN
        CREATE TABLE core.knowledge_documents (
            id          text    NOT NULL,
            company_id  text    NOT NULL,
            title       text    NOT NULL,
            source      text,
            body        text    NOT NULL,
            version     integer NOT NULL DEFAULT 1,
            status      text    NOT NULL DEFAULT 'active',
            CONSTRAINT knowledge_documents_are_named_once_in_a_company PRIMARY KEY (company_id, id),
            CONSTRAINT knowledge_documents_status_is_known CHECK (status IN ('active', 'removed'))
        );
    END IF;
END
$$;

-- With pgvector a chunk's embedding is a vector; without it, numbers that only rows can be read by.
DO $$
DECLARE
    vector_type text;
BEGIN
    IF to_regclass('core.knowledge_chunks') IS NOT NULL THEN
        RETURN;
    END IF;
    CREATE TABLE core.knowledge_chunks (
        document_id  text     NOT NULL,
        company_id   text     NOT NULL,
        ordinal      integer  NOT NULL,
        body         text     NOT NULL,
        search       tsvector NOT NULL,
        embedding    real[],
        model        text,
        CONSTRAINT knowledge_chunks_are_numbered PRIMARY KEY (company_id, document_id, ordinal)
    );
    CREATE INDEX knowledge_chunks_by_words ON core.knowledge_chunks USING gin (search);
    IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'vector') THEN
        BEGIN
            CREATE EXTENSION IF NOT EXISTS vector;
        EXCEPTION WHEN insufficient_privilege OR undefined_file OR feature_not_supported THEN
            RAISE NOTICE 'pgvector is not to be had here: %', SQLERRM;
        END;
    END IF;
    -- The extension may stand in a schema that is not searched.
    SELECT format('%I.vector', n.nspname) INTO vector_type
      FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace
     WHERE e.extname = 'vector';
    IF vector_type IS NOT NULL THEN
        EXECUTE format('ALTER TABLE core.knowledge_chunks ALTER COLUMN embedding TYPE %s '
                       'USING NULL', vector_type);
    END IF;
END
$$;
