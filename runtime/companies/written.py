"""The shape of a `companies apply` file: the models of `core`, with secrets where it holds them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

import orjson
from pydantic import (
    AnyHttpUrl,
    BeforeValidator,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)

from runtime.companies.config import (
    Centurion,
    Channel,
    Company,
    Config,
    CredentialConfig,
    Key,
)
from runtime.companies.yaml_lines import Path

Provider = Literal["openai"]
MOST_BODY = 1_000_000


class SecretSource(Config):
    """Where a secret comes from: the file itself, another file beside it, or standard input."""

    value: SecretStr | None = None
    from_file: str | None = Field(None, min_length=1)
    from_stdin: Literal[True] | None = None

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        given = [self.value, self.from_file, self.from_stdin]
        if sum(source is not None for source in given) != 1:
            raise ValueError("a secret is a text, or {from_file: path}, or {from_stdin: true}")
        return self


def _source(written: Any) -> Any:
    return {"value": written} if isinstance(written, str) else written


Secret = Annotated[SecretSource, BeforeValidator(_source)]


def _without_credentials(url: AnyHttpUrl | None) -> AnyHttpUrl | None:
    if url is not None and (url.username or url.password):
        raise ValueError("a URL is no place for a password")
    return url


class WrittenChannel(Channel):
    """A channel; its secret stays as it is where `secret` is left out, and goes where it is null."""

    secret: Secret | None = None

    @model_validator(mode="after")
    def _holds_no_encrypted_text(self) -> Self:
        if self.secret_encrypted is not None:
            raise ValueError("write `secret`; it is encrypted when the file is applied")
        _without_credentials(self.url)
        return self


class WrittenCenturion(Centurion):
    """A centurion with its channels' secrets."""

    channels: dict[str, WrittenChannel] = Field(default_factory=dict)  # type: ignore[assignment]

    @field_validator("followup")
    @classmethod
    def _is_json(cls, rules: tuple[dict[str, object], ...]) -> tuple[dict[str, object], ...]:
        """As they will be read back: YAML has dates, sets and numbers that JSON has not."""
        try:
            return tuple(orjson.loads(orjson.dumps(rule)) for rule in rules)
        except TypeError as error:
            raise ValueError(f"cannot be kept as JSON: {error}") from None


class WrittenSecrets(Config):
    """What a credential set or a binding keeps secret."""

    api_key: Secret


class WrittenSet(Config):
    """A row of `core.integration_credential_sets`."""

    id: Key
    provider: Provider = "openai"
    name: str = Field(min_length=1, max_length=200)
    default: bool = False
    config: CredentialConfig = CredentialConfig()
    secrets: WrittenSecrets | None = None
    """What stands stays, where this is left out."""

    @model_validator(mode="after")
    def _holds_no_password(self) -> Self:
        _without_credentials(self.config.base_url)
        return self


class WrittenBinding(Config):
    """A row of `core.company_integration_bindings`."""

    mode: Literal["global", "custom", "disabled"] = "global"
    credential_set: Key | None = None
    config: CredentialConfig = CredentialConfig()
    secrets: WrittenSecrets | None = None

    @model_validator(mode="after")
    def _has_what_its_mode_takes(self) -> Self:
        if self.mode != "global" and self.credential_set is not None:
            raise ValueError("only a binding of mode global names a credential set")
        if self.mode != "custom" and self.secrets is not None:
            raise ValueError("only a binding of mode custom has secrets of its own")
        _without_credentials(self.config.base_url)
        return self


class WrittenDocument(Config):
    """A row of `core.knowledge_documents`; its text from the file or from one beside it."""

    id: Key
    title: str = Field(min_length=1, max_length=300)
    source: str | None = Field(None, max_length=2000)
    body: str | None = Field(None, min_length=1, max_length=MOST_BODY)
    from_file: str | None = Field(None, min_length=1)

    @model_validator(mode="after")
    def _has_one_text(self) -> Self:
        if (self.body is None) == (self.from_file is None):
            raise ValueError("a document has either `body` or `from_file`")
        return self


class WrittenCompany(Company):
    """A company with all that is written about it."""

    centurions: tuple[WrittenCenturion, ...] = ()
    bindings: dict[Provider, WrittenBinding] = Field(default_factory=dict)
    knowledge: tuple[WrittenDocument, ...] | None = None
    """Without it what is known stays; with it, documents that are not listed are removed."""


class Written(Config):
    """A whole file."""

    credential_sets: tuple[WrittenSet, ...] = ()
    companies: tuple[WrittenCompany, ...] = ()


def secret_sources(written: Written) -> Iterator[tuple[Path, SecretSource]]:
    """Every secret of a file, by its place."""
    for number, credential_set in enumerate(written.credential_sets):
        if credential_set.secrets is not None:
            place: Path = ("credential_sets", number, "secrets", "api_key")
            yield place, credential_set.secrets.api_key
    for number, company in enumerate(written.companies):
        for provider, binding in company.bindings.items():
            if binding.secrets is not None:
                place = ("companies", number, "bindings", provider, "secrets", "api_key")
                yield place, binding.secrets.api_key
        for index, centurion in enumerate(company.centurions):
            for name, channel in centurion.channels.items():
                if channel.secret is not None:
                    place = ("companies", number, "centurions", index, "channels", name, "secret")
                    yield place, channel.secret


def repeated(written: Written) -> Iterator[tuple[Path, str]]:
    """Ids that stand twice where they must not, by place."""
    yield from _twice(("companies",), [c.id for c in written.companies], "company")
    sets = written.credential_sets
    yield from _twice(("credential_sets",), [s.id for s in sets], "credential set")
    for provider in {s.provider for s in sets}:
        defaults = [n for n, s in enumerate(sets) if s.default and s.provider == provider]
        for number in defaults[1:]:
            yield ("credential_sets", number, "default"), f"{provider} has another default set"
    for number, company in enumerate(written.companies):
        place: Path = ("companies", number)
        ids = [c.id for c in company.centurions]
        yield from _twice((*place, "centurions"), ids, "centurion")
        documents = [d.id for d in company.knowledge or ()]
        yield from _twice((*place, "knowledge"), documents, "document")


def _twice(place: Path, ids: list[str], what: str) -> Iterator[tuple[Path, str]]:
    for number, id_ in enumerate(ids):
        if id_ in ids[:number]:
            yield (*place, number, "id"), f"another {what} has the id {id_}"
