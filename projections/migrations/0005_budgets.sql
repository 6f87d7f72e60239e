-- What credential sets spend on model calls, and what is held for calls under way.

CREATE SCHEMA IF NOT EXISTS agent;

-- A row is locked by who reserves, so that many processes never promise the same money twice.
CREATE TABLE agent.budget_accounts (
    credential_set_id  text            NOT NULL,
    day                date            NOT NULL,
    day_usd            numeric(20, 10) NOT NULL DEFAULT 0,
    month              date            NOT NULL,
    month_usd          numeric(20, 10) NOT NULL DEFAULT 0,
    CONSTRAINT budget_accounts_one_per_credential_set PRIMARY KEY (credential_set_id),
    CONSTRAINT budget_accounts_spend_is_not_negative CHECK (day_usd >= 0 AND month_usd >= 0)
);
COMMENT ON COLUMN agent.budget_accounts.day_usd IS 'spent on `day` (UTC), reservations apart';

CREATE TABLE agent.budget_reservations (
    id                 uuid            NOT NULL,
    credential_set_id  text            NOT NULL,
    usd                numeric(20, 10) NOT NULL,
    expires_at         timestamptz     NOT NULL,
    CONSTRAINT budget_reservations_are_named PRIMARY KEY (id),
    CONSTRAINT budget_reservations_are_not_negative CHECK (usd >= 0)
);
COMMENT ON COLUMN agent.budget_reservations.expires_at IS
    'from then on it holds nothing: its process died before it settled';
CREATE INDEX budget_reservations_of_a_set
    ON agent.budget_reservations (credential_set_id, expires_at);
