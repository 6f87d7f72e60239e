"""Everything that the environment decides, validated once at start.

Nothing else in the project reads the environment. `docs/reference/settings.md` is generated from
the model by `runtime.settings_reference`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import unquote, urlsplit

from pydantic import BeforeValidator, Field, SecretStr, StringConstraints, ValidationError
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from consumers.engine_settings import EngineSettings
from runtime.cipher import Cipher, key_bytes
from runtime.cores import default_processes
from runtime.redis_urls import RedisUrl
from runtime.settings_problems import (
    BESIDE_LANES,
    KEYS,
    WORKERS_LEAST,
    Problem,
    SettingsInvalid,
    allowed_in,
    default_lanes,
    joint_problems,
)

_SECRET_NAMES = {"SUPABASE_DB_URL", "REDIS_URL", "API_TOKEN", *KEYS}


Prefix = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,100}$")]
Seconds = Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)]

T = TypeVar("T")
Lower = Annotated[T, BeforeValidator(lambda value: str(value).lower())]


def _allowed(text: str, *, default: str = "") -> dict[str, Any]:
    """What may be set, and what stands for a default that is worked out."""
    return {"allowed": text, "default": default}


class Settings(BaseSettings):
    """The validated environment. Immutable; secrets never show in its texts."""

    model_config = SettingsConfigDict(
        alias_generator=str.upper,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        populate_by_name=True,
    )

    supabase_db_url: SecretStr | None = Field(
        None,
        description="Postgres. Needed, unless DISABLE_CONNECTIONS is set or --embedded is given.",
        json_schema_extra=_allowed("postgresql://user:password@host:5432/database"),
    )
    redis_url: SecretStr | None = Field(
        None,
        description="Redis or Valkey: one server, Sentinel's master or a cluster; `rediss` is TLS. Needed, unless DISABLE_CONNECTIONS is set or --embedded is given.",
        json_schema_extra=_allowed(
            "redis://host:6379/0, unix:///socket, redis+sentinel://host:26379,host/service/0, "
            "redis+cluster://host:6379,host; each with rediss, and ?ssl_ca_certs=/path"
        ),
    )
    db_pool_min: int = Field(
        1,
        ge=0,
        le=1000,
        description="Postgres connections that each process keeps open.",
        json_schema_extra=_allowed("0 to 1000, at most DB_POOL_MAX"),
    )
    db_pool_max: int = Field(
        13,
        ge=7,
        le=1000,
        description="The most Postgres connections of each process; what is above the least is "
        "the workers'.",
        json_schema_extra=_allowed(
            "7 to 1000, at least LANES + 8; with DISABLE_WORKERS at least LANES + 6"
        ),
    )
    db_statement_cache: int = Field(
        100,
        ge=0,
        le=10000,
        description="Prepared statements kept per connection; none behind a pooler, which is noticed.",
        json_schema_extra=_allowed("0 to 10000"),
    )
    disable_connections: bool = Field(
        default=False,
        description="Start without Postgres and Redis: only the sidecar answers. For tests.",
        json_schema_extra=_allowed("true or false"),
    )
    disable_workers: bool = Field(
        default=False,
        description="Start no worker; `/ready` shows it in `checks.workers`.",
        json_schema_extra=_allowed("true or false"),
    )
    port: int = Field(
        5000,
        ge=0,
        le=65535,
        description="The sidecar's TCP port; 0 takes a free one.",
        json_schema_extra=_allowed("0 to 65535"),
    )
    host: str = Field(
        "0.0.0.0",  # noqa: S104 - a container's sidecar is asked from outside
        min_length=1,
        description="The address that the sidecar listens on.",
        json_schema_extra=_allowed("an address or a host name"),
    )
    api_token: SecretStr | None = Field(
        None,
        description="When set, POST routes want `Authorization: Bearer <token>`.",
        json_schema_extra=_allowed("8 to 1000 printable ASCII characters without spaces"),
    )
    credentials_key: SecretStr | None = Field(
        None,
        description="Encrypts companies' secrets at rest (AES-256-GCM). Needed where there are any.",
        json_schema_extra=_allowed("32 bytes in base64 or hex: `openssl rand -base64 32`"),
    )
    credentials_key_previous: SecretStr | None = Field(
        None,
        description="The key before CREDENTIALS_KEY: still decrypts, until "
        "`agent-runtime companies apply --rotate-keys` has run.",
        json_schema_extra=_allowed("32 bytes in base64 or hex; only with CREDENTIALS_KEY"),
    )
    stream_prefix: Prefix = Field(
        "domain-events",
        description="Streams are called `<prefix>:{0}`, `<prefix>:{1}`, …",
        json_schema_extra=_allowed("1 to 100 of letters, digits, '.', '_', '-'"),
    )
    partitions: int = Field(
        16,
        ge=1,
        le=1024,
        description="Streams that events are spread over; refused when others recorded another.",
        json_schema_extra=_allowed("1 to 1024"),
    )
    processes: int = Field(
        default_factory=default_processes,
        ge=1,
        le=64,
        description="Consumer processes; above 1 a parent serves the sidecar for all of them.",
        json_schema_extra=_allowed("1 to 64", default="one a processor, at most 4"),
    )
    log_level: Lower[Literal["debug", "info", "warning", "error"]] = Field(
        "info",
        description="The least level that is logged.",
        json_schema_extra=_allowed("debug, info, warning, error"),
    )
    log_format: Lower[Literal["auto", "json", "pretty"]] = Field(
        "auto",
        description="Lines on stderr: `auto` is `pretty` on a terminal and `json` elsewhere.",
        json_schema_extra=_allowed("auto, json, pretty"),
    )
    shutdown_grace_s: Seconds = Field(
        10.0,
        description="How long SIGTERM waits for the batches in flight, in seconds.",
        json_schema_extra=_allowed("above 0, up to 3600"),
    )
    lease_s: Seconds = Field(
        10.0,
        description="A process silent for so long loses its partitions, in seconds.",
        json_schema_extra=_allowed("above 0, up to 3600; at least three times HEARTBEAT_S"),
    )
    heartbeat_s: Seconds = Field(
        1.0,
        description="How often a process heart-beats and looks for its share, in seconds.",
        json_schema_extra=_allowed("above 0, up to 3600"),
    )
    batch_events: int = Field(
        2000,
        ge=1,
        le=50000,
        description="The most events in one transaction.",
        json_schema_extra=_allowed("1 to 50000"),
    )
    block_ms: int = Field(
        5000,
        ge=1,
        le=60000,
        description="How long one read waits in Redis for events, in milliseconds.",
        json_schema_extra=_allowed("1 to 60000"),
    )
    lanes: int = Field(
        default_factory=default_lanes,
        ge=1,
        le=16,
        description="The most batches in flight at once in each process, over different partitions; "
        "while batches are short, one.",
        json_schema_extra=_allowed("1 to 16", default="`4`, fewer where DB_POOL_MAX has no room"),
    )

    turns: int = Field(
        32,
        ge=1,
        le=1024,
        description="Turns of conversations that each process works on at once.",
        json_schema_extra=_allowed("1 to 1024"),
    )
    turn_lease_s: Seconds = Field(
        30.0,
        description="A turn whose worker is silent for so long is taken up by another, in seconds.",
        json_schema_extra=_allowed("above 0, up to 3600"),
    )
    openai_prices: Path | None = Field(
        None,
        description="A file of model prices instead of the one that ships; dated rows, in YAML.",
        json_schema_extra=_allowed("the path of a readable file"),
    )

    stream_keep_hours: float = Field(
        24.0,
        gt=0,
        le=8760,
        allow_inf_nan=False,
        description="How long entries stay in their streams at least, in hours; then they are "
        "trimmed once every group has committed them and the event log holds them.",
        json_schema_extra=_allowed("above 0, up to 8760"),
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the names are pydantic-settings'
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what `load_settings` found and nothing behind its back."""
        return (init_settings,)

    def database_dsn(self) -> str:
        """The Postgres URL, with its password. Raises `SettingsInvalid` when it is not set."""
        return _required(self.supabase_db_url, "SUPABASE_DB_URL")

    def redis_dsn(self) -> str:
        """The Redis URL, with its password. Raises `SettingsInvalid` when it is not set."""
        return _required(self.redis_url, "REDIS_URL")

    def with_servers(self, *, database_url: str, redis_url: str) -> Settings:
        """These settings with other servers: the embedded ones."""
        update = {"supabase_db_url": SecretStr(database_url), "redis_url": SecretStr(redis_url)}
        return self.model_copy(update=update)

    def engine(self) -> EngineSettings:
        """What a consumer group's engine needs of them."""
        return EngineSettings(
            partitions=self.partitions,
            stream_prefix=self.stream_prefix,
            lease_s=self.lease_s,
            heartbeat_s=self.heartbeat_s,
            batch_events=self.batch_events,
            block_ms=self.block_ms,
            lanes=self.lanes,
            stop_grace_s=self.shutdown_grace_s,
            stream_keep_s=self.stream_keep_hours * 3600,
        )

    def worker_share(self) -> int:
        """How many of the pool's connections the workers may use at once; consumers go first."""
        return max(WORKERS_LEAST, self.db_pool_max - self.lanes - BESIDE_LANES)

    def cipher(self) -> Cipher | None:
        """What secrets at rest are encrypted with; None without CREDENTIALS_KEY."""
        if self.credentials_key is None:
            return None
        previous = self.credentials_key_previous
        return Cipher(
            key_bytes(self.credentials_key.get_secret_value()),
            key_bytes(previous.get_secret_value()) if previous else None,
        )

    def to_environ(self) -> dict[str, str]:
        """The environment that gives these settings again, secrets included: for child processes."""
        found: dict[str, str] = {}
        for field in type(self).model_fields:
            value = getattr(self, field)
            if isinstance(value, SecretStr):
                value = value.get_secret_value()
            found[field.upper()] = "" if value is None else str(value)
        return found

    def secrets(self) -> frozenset[str]:
        """Every text that must not appear in any output: passwords as written and decoded, tokens."""
        found: set[str] = set()
        for url in (self.supabase_db_url, self.redis_url):
            password = urlsplit(url.get_secret_value()).password if url else None
            found |= {password, unquote(password)} if password else set()
        if self.redis_url:
            found |= RedisUrl.parse(self.redis_url.get_secret_value()).secrets
        for secret in (self.api_token, self.credentials_key, self.credentials_key_previous):
            found |= {secret.get_secret_value()} if secret else set()
        return frozenset(found)


def load_settings(
    environ: Mapping[str, str] | None = None,
    *,
    embedded: bool = False,
    env_file: Path | None = Path(".env"),
) -> Settings:
    """Read the environment (by default the process's own), then `.env` for what it leaves out.

    Empty values count as not set. `embedded` says that the URLs will come from embedded servers.

    Raises:
        SettingsInvalid: with every wrong or missing value at once.
    """
    known = _known(os.environ if environ is None else environ, env_file)
    problems: dict[str, Problem] = {}
    try:
        settings = Settings(**known)  # type: ignore[arg-type]
    except ValidationError as error:
        problems = {problem.name: problem for problem in _field_problems(error, known)}
        right = {name: value for name, value in known.items() if name not in problems}
        settings = Settings(**right)  # type: ignore[arg-type]
    for problem in joint_problems(settings, embedded=embedded):
        problems.setdefault(problem.name, problem)
    if problems:
        raise SettingsInvalid(tuple(problems.values()))
    return settings


def allowed_values(name: str) -> str:
    """What the variable `name` accepts, for people."""
    return allowed_in(Settings, name)


def default_told(name: str) -> str:
    """What stands for the default of `name` where it is worked out; empty where it is a value."""
    extra = Settings.model_fields[name].json_schema_extra
    return str(extra["default"]) if isinstance(extra, dict) else ""


def _known(environ: Mapping[str, str], env_file: Path | None) -> dict[str, str]:
    """The non-empty values of our variables: `environ`'s before the file's."""
    source = DotEnvSettingsSource(Settings, env_file=env_file, case_sensitive=True)
    found: dict[str, str] = {}
    for name in map(str.upper, Settings.model_fields):
        value = environ.get(name) or source.env_vars.get(name)
        if value:
            found[name] = value
    return found


def _field_problems(error: ValidationError, known: Mapping[str, str]) -> Iterator[Problem]:
    for found in error.errors(include_input=False, include_context=False, include_url=False):
        if found["type"] == "default_factory_not_called":
            # Nobody set it: it waits for values that are wrong.
            continue
        name = str(found["loc"][0]).upper()
        value = known.get(name, "")
        shown = f"{value[:60]!r}: " if value and not _may_hold_secret(name, value) else ""
        yield Problem(
            name, shown + found["msg"].removeprefix("Value error, "), allowed_values(name)
        )


def _may_hold_secret(name: str, value: str) -> bool:
    """Also when somebody gave a URL to a variable that wants none."""
    return name in _SECRET_NAMES or "@" in value or "://" in value


def _required(url: SecretStr | None, name: str) -> str:
    if url is None:
        raise SettingsInvalid((Problem(name, "is not set", allowed_values(name)),))
    return url.get_secret_value()
