"""Shifts and the rules of rest: read from ``shifts.yaml``."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from config.rules import read_yaml, rule_file
from models.errors import ConfigurationError

FILE = "shifts.yaml"


class _Rule(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Shift(_Rule):
    """One shift; when ``ends`` is not after ``starts`` it ends on the next day."""

    code: str = Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")
    name: str = Field(min_length=1)
    starts: time
    ends: time
    rest_minutes: int = Field(ge=0)

    @model_validator(mode="after")
    def _rest_fits(self) -> Self:
        if self.rest_minutes * 60 >= self.length.total_seconds():
            raise ValueError(f"{self.name}的休息时间不能长于班次本身")
        return self

    @property
    def length(self) -> timedelta:
        """From beginning to end, by the clock on the wall."""
        day = date(2000, 1, 1)
        length = datetime.combine(day, self.ends) - datetime.combine(day, self.starts)
        return length if length > timedelta() else length + timedelta(days=1)

    @property
    def hours(self) -> float:
        """Hours worked."""
        return (self.length - timedelta(minutes=self.rest_minutes)) / timedelta(hours=1)

    def span(self, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """Beginning and end of the shift that begins on a local day."""
        start = datetime.combine(day, self.starts, zone)
        return start, (start.replace(tzinfo=None) + self.length).replace(tzinfo=zone)


class RestRules(_Rule):
    """What a person must be left."""

    min_rest_hours: float = Field(ge=0, le=48)
    max_week_hours: float = Field(gt=0, le=168)
    max_days_in_row: int = Field(ge=1, le=31)


class NightFloor(_Rule):
    """How many are on duty at night at least."""

    from_: time = Field(alias="from")
    to: time
    least: int = Field(ge=0)

    def holds(self, at: time) -> bool:
        """Whether it is night."""
        if self.from_ <= self.to:
            return self.from_ <= at < self.to
        return at >= self.from_ or at < self.to


class ShiftRules(_Rule):
    """The rule set."""

    version: str
    shifts: tuple[Shift, ...] = Field(min_length=1)
    rest: RestRules
    night: NightFloor

    @model_validator(mode="after")
    def _codes_once(self) -> Self:
        if len({shift.code for shift in self.shifts}) != len(self.shifts):
            raise ValueError("班次编码重复")
        return self

    def get(self, code: str) -> Shift | None:
        """A shift by its code."""
        return next((shift for shift in self.shifts if shift.code == code), None)


def load_shifts(rules: Path | None = None) -> ShiftRules:
    """Read the rule set. ``rules``: the city's own folder of rule files (``settings.rules``).

    :raises ConfigurationError: naming what is wrong.
    """
    path = rule_file(FILE, rules)
    data: dict[str, Any] = read_yaml(path)
    try:
        return ShiftRules.model_validate(data)
    except ValidationError as error:
        lines = [
            f"{'.'.join(map(str, e['loc'])) or '整体'}：{e['msg'].removeprefix('Value error, ')}"
            for e in error.errors()
        ]
        raise ConfigurationError(f"{path.name} " + "；".join(lines)) from error
