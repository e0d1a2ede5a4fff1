"""What a shift leader is called for: read from ``floor.yaml``."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from config.rules import read_yaml, rule_file
from models.errors import ConfigurationError
from models.vocabulary import Urgency

FILE = "floor.yaml"


class _Rule(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SilenceRule(_Rule):
    """Nobody speaks."""

    seconds: float = Field(gt=0)
    #: Peak of signed 16 bit sound above which it counts as a voice.
    level: int = Field(ge=1, le=32767)


class LastingRule(_Rule):
    """Something lasts too long."""

    seconds: float = Field(gt=0)


class RiskWordsRule(_Rule):
    """The citizen says something alarming."""

    level: Urgency


class ServiceLevelRule(_Rule):
    """Too few calls are answered in time."""

    answered_within_seconds: int = Field(ge=1, le=600)
    share: float = Field(gt=0, le=1)
    minutes: int = Field(ge=1, le=1440)
    at_least: int = Field(ge=1)
    look_every_seconds: float = Field(gt=0)


class LeftDraftRule(_Rule):
    """An agent typed a demand for a call, and no order was opened from it."""

    #: So long after the call and the last word.
    minutes: float = Field(30, gt=0)
    #: Older ones nobody is called for any more.
    days: float = Field(3, gt=0)


class AlertRules(_Rule):
    """When a shift leader is called."""

    look_every_seconds: float = Field(gt=0)
    silence: SilenceRule
    long_hold: LastingRule
    long_wait: LastingRule
    risk_words: RiskWordsRule
    service_level: ServiceLevelRule
    missed_ring: bool
    left_draft: LeftDraftRule = LeftDraftRule()
    pause_seconds: float = Field(ge=0)


class FloorRules(_Rule):
    """All of the file."""

    version: str
    alerts: AlertRules


def load_floor(rules: Path | None = None) -> FloorRules:
    """Read the rules. ``rules``: the city's own folder of rule files (``settings.rules``).

    :raises ConfigurationError: naming each wrong field.
    """
    path = rule_file(FILE, rules)
    try:
        return FloorRules.model_validate(read_yaml(path))
    except ValidationError as error:
        wrong = "；".join(
            f"{'.'.join(map(str, item['loc']))}：{item['msg']}" for item in error.errors()
        )
        raise ConfigurationError(f"规则文件 {path.name} 有误：{wrong}") from error
