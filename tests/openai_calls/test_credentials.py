from __future__ import annotations

import asyncpg
import pytest

from runtime.agent.errors import CannotThink
from runtime.companies.config import CredentialConfig
from runtime.openai.credentials import Credentials, CredentialStore, Undecryptable
from tests.openai_calls.fakes import TurnedClock
from tests.openai_calls.platform import SealingCipher, add_set, bind, sealed


@pytest.fixture
def store(pool: asyncpg.Pool, turned: TurnedClock) -> CredentialStore:
    return CredentialStore(pool, SealingCipher(), clock=turned.clock)


async def platform_sets(pool: asyncpg.Pool) -> None:
    await add_set(
        pool,
        "default",
        secrets=sealed("sk-default"),
        is_default=True,
        config={"models": {"chat": "gpt-5.4"}, "organization": "org-1", "api": "chat"},
    )
    await add_set(pool, "second", secrets=sealed("sk-second"))
    await add_set(pool, "other", secrets=sealed("x"), is_default=True, provider="elsewhere")


async def refusal(store: CredentialStore, company_id: str) -> CannotThink:
    with pytest.raises(CannotThink) as caught:
        await store.of(company_id)
    return caught.value


async def test_without_a_binding_the_default_set_serves(
    pool: asyncpg.Pool, store: CredentialStore
) -> None:
    await platform_sets(pool)
    found = await store.of("acme")
    assert (found.credential_set_id, found.api_key) == ("default", "sk-default")
    assert found.config.models.chat == "gpt-5.4"


async def test_a_global_binding_leads_to_its_set_or_to_the_default(
    pool: asyncpg.Pool, store: CredentialStore
) -> None:
    await platform_sets(pool)
    await bind(pool, "named", "global", set_id="second")
    await bind(pool, "unnamed", "global")
    assert (await store.of("named")).api_key == "sk-second"
    assert (await store.of("unnamed")).api_key == "sk-default"


async def test_a_binding_s_override_lies_on_top_of_the_set_s_configuration(
    pool: asyncpg.Pool, store: CredentialStore
) -> None:
    await platform_sets(pool)
    override = {"models": {"vision": "gpt-5.5"}, "max_concurrency": 2}
    await bind(pool, "acme", "global", config=override)
    config = (await store.of("acme")).config
    assert (config.models.chat, config.models.vision) == ("gpt-5.4", "gpt-5.5")
    assert (config.max_concurrency, config.api) == (2, "chat")


async def test_a_custom_binding_has_nothing_of_the_platform_s(
    pool: asyncpg.Pool, store: CredentialStore
) -> None:
    await platform_sets(pool)
    await bind(
        pool, "acme", "custom", set_id="default", secrets=sealed("sk-own"), config={"project": "p"}
    )
    found = await store.of("acme")
    assert (found.credential_set_id, found.api_key) == ("custom:acme", "sk-own")
    assert (found.config.organization, found.config.project) == (None, "p")


async def test_a_custom_binding_without_secrets_is_not_configured(
    pool: asyncpg.Pool, store: CredentialStore
) -> None:
    await platform_sets(pool)
    await bind(pool, "acme", "custom", set_id="default")
    assert (await refusal(store, "acme")).reason == "openai_not_configured"


async def test_a_disabled_binding_has_none(pool: asyncpg.Pool, store: CredentialStore) -> None:
    await platform_sets(pool)
    await bind(pool, "acme", "disabled", set_id="default", secrets=sealed("sk-own"))
    assert (await refusal(store, "acme")).reason == "openai_disabled"


async def test_without_any_set_the_refusal_names_the_company(store: CredentialStore) -> None:
    cannot = await refusal(store, "acme")
    assert cannot.reason == "openai_not_configured"
    assert cannot.detail == "OpenAI integration not configured for company acme"


async def test_a_binding_to_a_set_that_is_gone_does_not_fall_back(
    pool: asyncpg.Pool, store: CredentialStore
) -> None:
    await platform_sets(pool)
    await bind(pool, "acme", "global", set_id="gone")
    assert (await refusal(store, "acme")).reason == "openai_not_configured"


@pytest.mark.parametrize("secrets", ["another key's", 'sealed:["sk-x"]', "sealed:sk-raw"])
async def test_a_secret_that_cannot_be_used_is_told_without_showing_it(
    pool: asyncpg.Pool, store: CredentialStore, secrets: str
) -> None:
    await add_set(pool, "default", secrets=secrets, is_default=True)
    cannot = await refusal(store, "acme")
    assert isinstance(cannot, Undecryptable)
    assert cannot.reason == "openai_not_configured"
    assert "acme" in cannot.detail
    assert "sk-" not in cannot.detail


@pytest.mark.parametrize("secrets", ['sealed:{"key": "sk-x"}', 'sealed:{"api_key": ""}'])
async def test_a_secret_without_a_key_is_not_configured(
    pool: asyncpg.Pool, store: CredentialStore, secrets: str
) -> None:
    await add_set(pool, "default", secrets=secrets, is_default=True)
    cannot = await refusal(store, "acme")
    assert not isinstance(cannot, Undecryptable)
    assert cannot.reason == "openai_not_configured"
    assert "sk-" not in cannot.detail


async def test_a_wrong_configuration_is_told_by_its_names(
    pool: asyncpg.Pool, store: CredentialStore
) -> None:
    config = {"max_attempts": 0, "baseurl": "x"}
    await add_set(pool, "default", secrets=sealed("k"), is_default=True, config=config)
    cannot = await refusal(store, "acme")
    assert cannot.reason == "openai_not_configured"
    assert cannot.detail.startswith("OpenAI integration not configured for company acme: ")
    assert "max_attempts" in cannot.detail
    assert "baseurl" in cannot.detail


async def test_what_was_found_is_kept_for_30_seconds(
    pool: asyncpg.Pool, store: CredentialStore, turned: TurnedClock
) -> None:
    await refusal(store, "acme")
    await platform_sets(pool)
    turned.now_s += 29.9
    await refusal(store, "acme")
    turned.now_s += 0.2
    assert (await store.of("acme")).api_key == "sk-default"
    await bind(pool, "acme", "disabled")
    turned.now_s += 29.9
    assert (await store.of("acme")).api_key == "sk-default"
    turned.now_s += 0.2
    assert (await refusal(store, "acme")).reason == "openai_disabled"


def test_credentials_do_not_show_their_key() -> None:
    shown = repr(Credentials("default", "sk-secret", CredentialConfig()))
    assert "sk-secret" not in shown
    assert "default" in shown


async def test_another_provider_s_default_is_nobody_s(
    pool: asyncpg.Pool, store: CredentialStore
) -> None:
    await add_set(pool, "other", secrets=sealed("x"), is_default=True, provider="elsewhere")
    assert (await refusal(store, "acme")).reason == "openai_not_configured"
