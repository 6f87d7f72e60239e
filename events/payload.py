"""The bases of all payloads, and the two that stand in where the catalogue has no model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, model_validator

if TYPE_CHECKING:
    from pydantic._internal._model_construction import ModelMetaclass
else:
    ModelMetaclass = type(BaseModel)


class _PayloadClass(ModelMetaclass):
    """Pydantic's own `isinstance` asks the instance first, in Python: folds ask it for every event."""

    __instancecheck__ = type.__instancecheck__


class Payload(BaseModel, metaclass=_PayloadClass):
    """A payload's shape. Immutable; attributes that a model does not know are ignored.

    Tolerance is for readers: a newer producer may add optional attributes within a version, and
    the log keeps the body verbatim.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class OneOf(Payload):
    """A payload that gives at least one of its two fields `one_of`, which may both be absent."""

    one_of: ClassVar[tuple[str, str]]

    @model_validator(mode="after")
    def gives_one(self) -> Self:
        """Pydantic's schema cannot show this rule: who reads the schema asks for `one_of`."""
        first, second = self.one_of
        if getattr(self, first) is None and getattr(self, second) is None:
            raise ValueError(f"{first} or {second} is required")
        return self


class UnknownType(Payload):
    """The payload of an event whose type is not in the catalogue; kept, counted as `unknown`."""

    raw: dict[str, Any]


class NewerVersion(Payload):
    """The payload of a known type in a version that this build does not know yet."""

    raw: dict[str, Any]


class Unreadable(Payload):
    """The payload of a recorded event that this build cannot decode; `reason` tells why."""

    reason: str
