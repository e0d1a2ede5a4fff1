"""Repeats, hot events and their alerts: read from ``events.yaml``."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from config.rules import read_yaml, rule_file
from models.errors import ConfigurationError

FILE = "events.yaml"


class _Rule(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SimilarRules(_Rule):
    """Which earlier orders are shown for a demand. Likeness from 0 to 1."""

    shown: int = Field(ge=1, le=20)
    days: int = Field(ge=1)
    least: float = Field(ge=0, le=1)
    least_same_place: float = Field(ge=0, le=1)
    least_same_caller: float = Field(ge=0, le=1)
    bonus_caller: float = Field(ge=0, le=1)
    bonus_place: float = Field(ge=0, le=1)
    bonus_category: float = Field(ge=0, le=1)
    bonus_recent: float = Field(ge=0, le=1)
    recent_days: float = Field(gt=0)


class ClusterRules(_Rule):
    """Which orders make an event."""

    days: float = Field(gt=0)
    least: float = Field(gt=0, le=1)
    least_same_place: float = Field(gt=0, le=1)
    at_least: int = Field(ge=2)


class EventAlerts(_Rule):
    """When a shift leader is called for an event."""

    orders: int = Field(ge=2)
    minutes: int = Field(ge=1)
    sigmas: float = Field(gt=0)
    weeks: int = Field(ge=2, le=12)
    sigma_at_least: int = Field(ge=1)
    words: tuple[str, ...]
    again_factor: float = Field(gt=1)


class EventRules(_Rule):
    """Everything about repeats and hot events."""

    version: str
    similar: SimilarRules
    events: ClusterRules
    alerts: EventAlerts


def load_events(rules: Path | None = None) -> EventRules:
    """Read the rules. ``rules``: the city's own folder of rule files (``settings.rules``).

    :raises ConfigurationError: naming each wrong field.
    """
    path = rule_file(FILE, rules)
    try:
        return EventRules.model_validate(read_yaml(path))
    except ValidationError as error:
        wrong = "；".join(
            f"{'.'.join(map(str, item['loc']))}：{item['msg']}" for item in error.errors()
        )
        raise ConfigurationError(f"规则文件 {path.name} 有误：{wrong}") from error
