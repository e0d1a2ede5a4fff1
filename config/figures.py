"""How the call floor is counted, forecast and staffed: read from ``figures.yaml``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from config.rules import read_yaml, rule_file
from models.errors import ConfigurationError

FILE = "figures.yaml"


class _Rule(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ForecastRules(_Rule):
    """How offered calls are foreseen."""

    weeks: int = Field(ge=1, le=52)
    half_life_weeks: float = Field(gt=0)
    #: In robust standard deviations.
    outlier: float = Field(gt=0)
    shape_calls: float = Field(ge=0)
    back_test_weeks: int = Field(ge=1, le=12)


class StaffingRules(_Rule):
    """What the seats of a half hour are reckoned for. Shares are between 0 and 1."""

    target_share: float = Field(gt=0, lt=1)
    target_seconds: float = Field(gt=0)
    occupancy_cap: float = Field(gt=0, le=1)
    shrinkage: float = Field(ge=0, lt=1)
    handle_seconds: float = Field(gt=0)
    handle_sample: int = Field(ge=1)
    least_seats: int = Field(ge=1)


class FigureRules(_Rule):
    """The rule set."""

    version: str
    short_seconds: float = Field(ge=0)
    service_seconds: float = Field(gt=0)
    repeat_hours: float = Field(gt=0, le=168)
    forecast: ForecastRules
    staffing: StaffingRules


def load_figures(rules: Path | None = None) -> FigureRules:
    """Read the rule set. ``rules``: the city's own folder of rule files (``settings.rules``).

    :raises ConfigurationError: naming what is wrong.
    """
    path = rule_file(FILE, rules)
    data: dict[str, Any] = read_yaml(path)
    try:
        return FigureRules.model_validate(data)
    except ValidationError as error:
        lines = [
            f"{'.'.join(map(str, e['loc'])) or '整体'}：{e['msg'].removeprefix('Value error, ')}"
            for e in error.errors()
        ]
        raise ConfigurationError(f"{path.name} " + "；".join(lines)) from error
