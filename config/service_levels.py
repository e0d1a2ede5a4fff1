"""How fast each kind of demand must be met: read from ``service_levels.yaml``."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import time
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from config.rules import read_yaml, rule_file
from models.errors import ConfigurationError
from models.vocabulary import Channel, LimitUnit, RequestType, Urgency

FILE = "service_levels.yaml"


@dataclass(frozen=True, kw_only=True)
class Limit:
    """An amount of time in a unit."""

    amount: int
    unit: LimitUnit

    @property
    def text(self) -> str:
        """As a person writes it: 5个工作日."""
        return f"{self.amount}{self.unit.label}"

    def times(self, factor: int) -> Limit:
        """A multiple of it."""
        return Limit(amount=self.amount * factor, unit=self.unit)


@dataclass(frozen=True, kw_only=True)
class Clocks:
    """The limits of one policy, by the name of what they limit."""

    dispatch: Limit
    sign: Limit
    first_contact: Limit
    handle: Limit
    audit: Limit
    follow_up: Limit


#: Chinese names of the clocks.
CLOCK_LABELS = {
    "dispatch": "派单时限",
    "sign": "签收时限",
    "first_contact": "先行联系时限",
    "handle": "办结时限",
    "audit": "审核时限",
    "follow_up": "回访时限",
}


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Limits for what matches. An empty list of the match matches everything."""

    code: str
    name: str
    clocks: Clocks
    urgencies: tuple[Urgency, ...] = ()
    request_types: tuple[RequestType, ...] = ()
    channels: tuple[Channel, ...] = ()
    categories: tuple[str, ...] = ()

    def matches(
        self, request_type: RequestType, urgency: Urgency, channel: Channel, category: str
    ) -> bool:
        """Whether the demand falls under it."""
        return (
            (not self.urgencies or urgency in self.urgencies)
            and (not self.request_types or request_type in self.request_types)
            and (not self.channels or channel in self.channels)
            and (not self.categories or category.startswith(self.categories))
        )


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
    policies: tuple[Policy, ...]
    redo: RedoRule
    lights: LightRule
    follow_up: FollowUpRule

    def policy_for(
        self, request_type: RequestType, urgency: Urgency, channel: Channel, category: str
    ) -> Policy:
        """The first policy that matches (the last one matches everything)."""
        return next(
            policy
            for policy in self.policies
            if policy.matches(request_type, urgency, channel, category)
        )


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _LimitRow(_Row):
    amount: int = Field(gt=0)
    unit: LimitUnit


class _MatchRow(_Row):
    urgencies: list[Urgency] = []
    request_types: list[RequestType] = []
    channels: list[Channel] = []
    categories: list[str] = []


class _PolicyRow(_Row):
    code: str = Field(min_length=1, max_length=32)
    name: str = Field(min_length=1)
    match: _MatchRow
    clocks: dict[str, _LimitRow]


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
    policies: list[_PolicyRow] = Field(min_length=1)
    redo: _RedoRow
    lights: _LightsRow
    follow_up: _FollowUpRow


def load_service_levels(rules: Path | None = None) -> ServiceLevels:
    """Read the policies. ``rules``: the city's own folder of rule files (``settings.rules``).

    :raises ConfigurationError: naming what is wrong.
    """
    path = rule_file(FILE, rules)
    try:
        file = _File.model_validate(read_yaml(path))
        levels = _service_levels(file)
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise ConfigurationError(f"{path.name}：" + "；".join(lines)) from error
    except ValueError as error:
        raise ConfigurationError(f"{path.name}：{error}") from error
    _check(path.name, levels)
    return levels


def _service_levels(file: _File) -> ServiceLevels:
    return ServiceLevels(
        version=file.version,
        policies=tuple(_policy(row) for row in file.policies),
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
    )


def _policy(row: _PolicyRow) -> Policy:
    names = [item.name for item in fields(Clocks)]
    if odd := sorted(set(names) ^ set(row.clocks)):
        raise ValueError(f"策略 {row.code} 的 clocks 应恰好有 {'、'.join(names)}（{odd[0]} 不符）")
    match: dict[str, Any] = {key: tuple(value) for key, value in row.match.model_dump().items()}
    limits = {n: Limit(amount=c.amount, unit=c.unit) for n, c in row.clocks.items()}
    return Policy(code=row.code, name=row.name, clocks=Clocks(**limits), **match)


def _part(row: _PartRow) -> PartOfDay:
    end = None if row.end == "24:00" else time.fromisoformat(row.end)
    return PartOfDay(name=row.name, start=time.fromisoformat(row.start), end=end)


def _check(file: str, levels: ServiceLevels) -> None:
    codes = [policy.code for policy in levels.policies]
    if len(set(codes)) < len(codes):
        raise ConfigurationError(f"{file}：策略编码重复")
    last = levels.policies[-1]
    if last.urgencies or last.request_types or last.channels or last.categories:
        raise ConfigurationError(f"{file}：最后一条策略应当不设条件，兜住其余情形")
    rule = levels.follow_up
    if rule.bands > min(rule.attempts, len(rule.parts_of_day)):
        raise ConfigurationError(f"{file}：follow_up 要求的时段数多于次数或一天的时段数")
    for minute in range(24 * 60):
        moment = time(minute // 60, minute % 60)
        if sum(part.holds(moment) for part in rule.parts_of_day) != 1:
            raise ConfigurationError(f"{file}：follow_up 的时段在 {moment:%H:%M} 有空缺或重叠")
