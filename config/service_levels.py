"""How fast each kind of demand must be met: read from ``service_levels.yaml``."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, time
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from config.limits import Counting, CountingRow
from config.policies import Demand, Policy, PolicyRow, Terms, check_policies, terms_for
from config.rules import read_yaml, rule_file
from models.errors import ConfigurationError

FILE = "service_levels.yaml"


@dataclass(frozen=True, kw_only=True)
class PartOfDay:
    """A stretch of local time; ``end`` exclusive, None for midnight."""

    name: str
    start: time
    end: time | None

    def holds(self, moment: time) -> bool:
        """Whether the local time lies in it."""
        return self.start <= moment and (self.end is None or moment < self.end)


@dataclass(frozen=True, kw_only=True)
class FollowUpRule:
    """When an unreachable citizen has been tried often enough."""

    attempts: int
    bands: int
    parts_of_day: tuple[PartOfDay, ...]

    def part_of(self, moment: time) -> PartOfDay:
        """The part of day of a local time."""
        return next(part for part in self.parts_of_day if part.holds(moment))


@dataclass(frozen=True, kw_only=True)
class RedoRule:
    """How long and how often an order may be done again."""

    share: float
    least_working_days: int
    most: int


@dataclass(frozen=True, kw_only=True)
class LightRule:
    """When the lights turn. Shares of the limit; working time counts for limits in WD only."""

    yellow_share: float
    yellow_working_days: int
    orange_share: float
    orange_working_hours: int


@dataclass(frozen=True, kw_only=True)
class ServiceLevels:
    """One version of all policies."""

    version: str
    #: The day from which new orders fall under it; None for at once.
    valid_from: date | None = None
    counting: Counting
    policies: tuple[Policy, ...]
    redo: RedoRule
    lights: LightRule
    follow_up: FollowUpRule
    #: What it was read from, to be kept.
    content: dict[str, Any] = field(repr=False, compare=False)

    def terms_for(self, demand: Demand) -> Terms:
        """What a demand is promised (the last policy matches everything)."""
        return terms_for(self.version, self.policies, demand)


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _RedoRow(_Row):
    share: float = Field(gt=0, le=1)
    least_working_days: int = Field(ge=0)
    most: int = Field(ge=0)


class _YellowRow(_Row):
    share_left: float = Field(ge=0, le=1)
    working_days_left: int = Field(ge=0)


class _OrangeRow(_Row):
    share_left: float = Field(ge=0, le=1)
    working_hours_left: int = Field(ge=0)


class _LightsRow(_Row):
    yellow: _YellowRow
    orange: _OrangeRow


class _PartRow(_Row):
    name: str
    start: str = Field(alias="from", pattern=r"^\d{2}:\d{2}$")
    end: str = Field(alias="to", pattern=r"^\d{2}:\d{2}$")


class _FollowUpRow(_Row):
    attempts: int = Field(ge=1)
    bands: int = Field(ge=1)
    parts_of_day: list[_PartRow] = Field(min_length=1)


class _File(_Row):
    version: str = Field(min_length=1, max_length=32)
    valid_from: date | None = None
    counting: CountingRow = CountingRow()
    policies: list[PolicyRow] = Field(min_length=1)
    redo: _RedoRow
    lights: _LightsRow
    follow_up: _FollowUpRow


def load_service_levels(rules: Path | None = None) -> ServiceLevels:
    """Read the policies. ``rules``: the city's own folder of rule files (``settings.rules``).

    :raises ConfigurationError: naming what is wrong.
    """
    path = rule_file(FILE, rules)
    return read_service_levels(path.name, read_yaml(path))


def read_service_levels(name: str, data: dict[str, Any]) -> ServiceLevels:
    """The policies of a file's content. ``name`` is said in errors.

    :raises ConfigurationError: naming what is wrong.
    """
    try:
        levels = _service_levels(_File.model_validate(data), data)
        check_policies(levels.policies)
        _check_follow_up(levels.follow_up)
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise ConfigurationError(f"{name}：" + "；".join(lines)) from error
    except ValueError as error:
        raise ConfigurationError(f"{name}：{error}") from error
    return levels


def _service_levels(file: _File, content: dict[str, Any]) -> ServiceLevels:
    usual = Counting(**file.counting.model_dump())
    return ServiceLevels(
        version=file.version,
        valid_from=file.valid_from,
        counting=usual,
        policies=tuple(row.policy(usual) for row in file.policies),
        redo=RedoRule(**file.redo.model_dump()),
        lights=LightRule(
            yellow_share=file.lights.yellow.share_left,
            yellow_working_days=file.lights.yellow.working_days_left,
            orange_share=file.lights.orange.share_left,
            orange_working_hours=file.lights.orange.working_hours_left,
        ),
        follow_up=FollowUpRule(
            attempts=file.follow_up.attempts,
            bands=file.follow_up.bands,
            parts_of_day=tuple(_part(row) for row in file.follow_up.parts_of_day),
        ),
        content=content,
    )


def _part(row: _PartRow) -> PartOfDay:
    end = None if row.end == "24:00" else time.fromisoformat(row.end)
    return PartOfDay(name=row.name, start=time.fromisoformat(row.start), end=end)


def _check_follow_up(rule: FollowUpRule) -> None:
    if rule.bands > min(rule.attempts, len(rule.parts_of_day)):
        raise ValueError("follow_up 要求的时段数多于次数或一天的时段数")
    for minute in range(24 * 60):
        moment = time(minute // 60, minute % 60)
        if sum(part.holds(moment) for part in rule.parts_of_day) != 1:
            raise ValueError(f"follow_up 的时段在 {moment:%H:%M} 有空缺或重叠")
