"""When surge mode begins and what it does: read from ``surge.yaml``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from config.rules import read_yaml, rule_file
from models.errors import ConfigurationError
from models.vocabulary import Role

FILE = "surge.yaml"


class _Rule(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SurgeStart(_Rule):
    """When the system starts it by itself."""

    automatic: bool
    minutes: int = Field(ge=5, le=120)
    ratio: float = Field(gt=1)
    at_least: int = Field(ge=1)
    rest_minutes: int = Field(ge=0)


class SurgeRules(_Rule):
    """Everything about surge mode."""

    version: str
    start: SurgeStart
    title: str = Field(min_length=1, max_length=100)
    greeting: str = Field(max_length=200)
    order_template: dict[str, Any]
    all_groups: bool
    pause_calls_out: bool
    call_in: tuple[Role, ...]


def load_surge(rules: Path | None = None) -> SurgeRules:
    """Read the rules. ``rules``: the city's own folder of rule files (``settings.rules``).

    :raises ConfigurationError: naming each wrong field.
    """
    path = rule_file(FILE, rules)
    try:
        return SurgeRules.model_validate(read_yaml(path))
    except ValidationError as error:
        wrong = "；".join(
            f"{'.'.join(map(str, item['loc']))}：{item['msg']}" for item in error.errors()
        )
        raise ConfigurationError(f"规则文件 {path.name} 有误：{wrong}") from error
