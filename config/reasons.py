"""Reasons that are clicked instead of typed: read from ``reasons.yaml``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from config.rules import read_yaml, rule_file
from models.errors import ConfigurationError
from models.vocabulary import SupervisionKind

FILE = "reasons.yaml"

#: As long as the commands take them that these words are sent with.
_Busy = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
_Deed = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
_Nuisance = Annotated[str, StringConstraints(strip_whitespace=True, min_length=5, max_length=200)]


class Reasons(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str
    busy: tuple[_Busy, ...] = ()
    #: What a shift leader does → why it is usually done.
    supervision: dict[SupervisionKind, tuple[_Deed, ...]] = Field(default_factory=dict)
    nuisance: tuple[_Nuisance, ...] = ()


def load_reasons(rules: Path | None = None) -> Reasons:
    """Read the words. ``rules``: the city's own folder of rule files (``settings.rules``).

    :raises ConfigurationError: naming each wrong entry.
    """
    path = rule_file(FILE, rules)
    try:
        return Reasons.model_validate(read_yaml(path))
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, e['loc'])) or '整体'}：{e['msg']}" for e in error.errors()]
        raise ConfigurationError(f"{path.name} " + "；".join(lines)) from error
