"""Experts of departments, emergency services, and how much may be dialled: ``phone_book.yaml``."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from config.rules import read_yaml, rule_file
from models.errors import ConfigurationError

FILE = "phone_book.yaml"
_NUMBER = r"^[0-9]{3,15}$"
_CODE = r"^[a-z0-9-]{1,32}$"


class _Rule(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EmergencyService(_Rule):
    """110, 119, 120, 122."""

    code: str = Field(pattern=_CODE)
    name: str = Field(min_length=1, max_length=64)
    number: str = Field(pattern=_NUMBER)


class Expert(EmergencyService):
    """Somebody of a department who answers agents' questions and callers'."""

    department: str


class DialLimits(_Rule):
    """How often may be called out, in a local day."""

    per_number_a_day: int = Field(ge=1)
    per_agent_a_day: int = Field(ge=1)


class PhoneBook(_Rule):
    """The whole file."""

    version: str
    emergency: tuple[EmergencyService, ...]
    experts: tuple[Expert, ...]
    limits: DialLimits

    @model_validator(mode="after")
    def _unambiguous(self) -> Self:
        codes = [entry.code for entry in (*self.emergency, *self.experts)]
        if twice := {code for code in codes if codes.count(code) > 1}:
            raise ValueError(f"编码重复：{'、'.join(sorted(twice))}")
        return self

    def expert(self, code: str) -> Expert | None:
        """The expert of this code."""
        return next((one for one in self.experts if one.code == code), None)

    def service(self, code: str) -> EmergencyService | None:
        """The emergency service of this code."""
        return next((one for one in self.emergency if one.code == code), None)


def load_phone_book(rules: Path | None = None) -> PhoneBook:
    """Read the book. ``rules``: the city's own folder of rule files (``settings.rules``).

    :raises ConfigurationError: naming each wrong entry.
    """
    path = rule_file(FILE, rules)
    try:
        return PhoneBook.model_validate(read_yaml(path))
    except ValidationError as error:
        lines = [
            f"{'.'.join(map(str, e['loc'])) or '整体'}：{e['msg'].removeprefix('Value error, ')}"
            for e in error.errors()
        ]
        raise ConfigurationError(f"{path.name} " + "；".join(lines)) from error
