"""From a file and what stands: the changes that make the one into the other. No I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pydantic import BaseModel

from runtime.companies.changes import RowChange, row_change
from runtime.companies.errors import FileInvalid, FileProblem
from runtime.companies.reading import CompanyFile
from runtime.companies.sealing import Sealer
from runtime.companies.standing import Standing
from runtime.companies.written import WrittenCenturion, WrittenCompany, WrittenSet
from runtime.companies.yaml_lines import Path


def plan(file: CompanyFile, stands: Standing, sealer: Sealer) -> list[RowChange]:
    """The changes, in an order in which they can be written; [] when there is nothing to do.

    Raises:
        FileInvalid: the file names what neither it nor the database has.
        runtime.cipher.KeyMissing: it holds a secret, and there is no key.
    """
    if problems := list(_dangling(file, stands)):
        raise FileInvalid(problems)
    planner = _Planner(file, stands, sealer)
    changes = [*planner.credential_sets(), *planner.companies()]
    return [change for change in changes if change is not None]


class _Planner:
    """Every row that the file writes, compared with the one that stands."""

    def __init__(self, file: CompanyFile, stands: Standing, sealer: Sealer) -> None:
        self._file = file
        self._stands = stands
        self._sealer = sealer

    def credential_sets(self) -> Iterator[RowChange | None]:
        """Whatever stops being a provider's default comes first: there is one at a time."""
        written = list(enumerate(self._file.written.credential_sets))
        yield from self._former_defaults([credential_set for _, credential_set in written])
        for number, new in sorted(written, key=lambda pair: pair[1].default):
            old = self._stands.credential_sets.get((new.id,))
            values = {
                "provider": new.provider,
                "name": new.name,
                "is_default": new.default,
                "config": _json(new.config),
                "secrets_encrypted": self._api_key(
                    ("credential_sets", number), old, "secrets_encrypted"
                ),
            }
            yield row_change("credential set", (new.id,), old, values)

    def companies(self) -> Iterator[RowChange | None]:
        """Company by company, each with what belongs to it."""
        for number, new in enumerate(self._file.written.companies):
            old = self._stands.companies.get((new.id,))
            values = {
                "name": new.name,
                "status": new.status,
                "timezone": new.timezone,
                "locale": new.locale,
                "settings": _json(new.settings),
            }
            yield row_change("company", (new.id,), old, values)
            place: Path = ("companies", number)
            for index, centurion in enumerate(new.centurions):
                yield self._centurion(new.id, centurion, (*place, "centurions", index))
            yield from self._bindings(new, place)
            yield from self._documents(new, place)

    def _former_defaults(self, written: list[WrittenSet]) -> Iterator[RowChange | None]:
        providers = {new.provider for new in written if new.default}
        for (id_,), old in self._stands.credential_sets.items():
            replaced = old.get("is_default") and old["provider"] in providers
            if replaced and id_ not in {new.id for new in written}:
                values = {
                    "provider": old["provider"],
                    "name": old["name"],
                    "is_default": False,
                    "config": old.get("config", {}),
                    "secrets_encrypted": old.get("secrets_encrypted"),
                }
                yield row_change("credential set", (id_,), old, values)

    def _centurion(self, company: str, new: WrittenCenturion, place: Path) -> RowChange | None:
        old = self._stands.centurions.get((company, new.id))
        values = {
            "name": new.name,
            "prompt": new.prompt,
            "models": _json(new.models),
            "debounce_ms": new.debounce_ms,
            "max_wait_ms": new.max_wait_ms,
            "qualification": _json(new.qualification),
            "handoff": _json(new.handoff),
            "followup": list(new.followup),
            "channels": self._channels(new, (old or {}).get("channels"), place),
            "enabled": new.enabled,
        }
        return row_change("centurion", (company, new.id), old, values)

    def _channels(self, new: WrittenCenturion, old: Any, place: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, channel in new.channels.items():
            found[name] = _json(channel, exclude={"secret"})
            former = old.get(name) if isinstance(old, dict) else None
            stands = former.get("secret_encrypted") if isinstance(former, dict) else None
            wanted = self._file.secrets.get((*place, "channels", name, "secret"))
            if wanted is not None:
                found[name]["secret_encrypted"] = self._sealer.text(wanted, stands)
            elif stands is not None and "secret" not in channel.model_fields_set:
                found[name]["secret_encrypted"] = stands
        return found

    def _bindings(self, company: WrittenCompany, place: Path) -> Iterator[RowChange | None]:
        for provider, new in company.bindings.items():
            key = (company.id, provider)
            old = self._stands.bindings.get(key)
            secrets = None
            if new.mode == "custom":
                where = (*place, "bindings", provider)
                secrets = self._api_key(where, old, "secrets_override_encrypted")
            values = {
                "mode": new.mode,
                "credential_set_id": new.credential_set,
                "config_override": _json(new.config),
                "secrets_override_encrypted": secrets,
            }
            yield row_change("binding", key, old, values)

    def _api_key(self, place: Path, old: Mapping[str, Any] | None, column: str) -> str | None:
        """What is written, encrypted; what stands, where nothing is written."""
        stands: str | None = (old or {}).get(column)
        wanted = self._file.secrets.get((*place, "secrets", "api_key"))
        return stands if wanted is None else self._sealer.fields({"api_key": wanted}, stands)

    def _documents(self, company: WrittenCompany, place: Path) -> Iterator[RowChange | None]:
        if company.knowledge is None:
            return
        listed = {(company.id, document.id) for document in company.knowledge}
        for index, new in enumerate(company.knowledge):
            values = {
                "title": new.title,
                "source": new.source,
                "body": self._file.bodies[(*place, "knowledge", index)],
                "status": "active",
            }
            key = (company.id, new.id)
            yield row_change("document", key, self._stands.documents.get(key), values)
        for stand, old in self._stands.documents.items():
            if stand[0] == company.id and stand not in listed and old.get("status") != "removed":
                kept = {name: old.get(name) for name in ("title", "source", "body")}
                change = row_change("document", stand, old, {**kept, "status": "removed"})
                yield replace(change, action="removed") if change is not None else None


def _json(model: BaseModel, exclude: set[str] | None = None) -> dict[str, Any]:
    return model.model_dump(mode="json", exclude_unset=True, exclude=exclude)


def _dangling(file: CompanyFile, stands: Standing) -> Iterator[FileProblem]:
    sets = {new.id for new in file.written.credential_sets}
    sets |= {id_ for (id_,) in stands.credential_sets}
    for number, company in enumerate(file.written.companies):
        place: Path = ("companies", number)
        for provider, binding in company.bindings.items():
            if binding.credential_set is not None and binding.credential_set not in sets:
                path = (*place, "bindings", provider, "credential_set")
                yield file.problem(path, f"there is no credential set {binding.credential_set}")
        default = company.settings.default_centurion_id
        known = {centurion.id for centurion in company.centurions}
        known |= {id_ for owner, id_ in stands.centurions if owner == company.id}
        if default is not None and default not in known:
            path = (*place, "settings", "default_centurion_id")
            yield file.problem(path, f"the company has no centurion {default}")
