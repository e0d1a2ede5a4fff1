"""How closed orders and units are assessed: read from ``scoring.yaml``."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from config.rules import read_yaml, rule_file
from models.errors import ConfigurationError
from models.vocabulary import Satisfaction, SolvedByCaller

FILE = "scoring.yaml"
#: The weights of a rule set add up to this.
FULL = 100


class _Rule(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Part(_Rule):
    """A part of the closure score: its name and its points."""

    label: str
    points: float = Field(gt=0)


class SignPart(Part):
    """Signed in the limit: full; within twice the limit: ``within_double``; later: nothing."""

    within_double: float = Field(ge=0)


class FirstContactPart(Part):
    """Contacted in the limit: full; late: ``late``; never: nothing."""

    late: float = Field(ge=0)


class OnTimePart(Part):
    """Points lost per started working day, or per started hour of an urgent order."""

    per_working_day_late: float = Field(ge=0)
    per_hour_late: float = Field(ge=0)


class SolvedPart(Part):
    """Points by what the citizen says."""

    by: dict[SolvedByCaller, float]


class ClosureParts(_Rule):
    """All parts; together 100 points."""

    sign: SignPart
    first_contact: FirstContactPart
    on_time: OnTimePart
    process: Part
    quality: Part
    solved: SolvedPart
    satisfaction: Part

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        total = sum(getattr(self, name).points for name in type(self).model_fields)
        if total != FULL:
            raise ValueError(f"各部分分值之和应为 {FULL}，现为 {total:g}")
        if missing := [item.label for item in SolvedByCaller if item not in self.solved.by]:
            raise ValueError(f"解决情况缺少 {'、'.join(missing)} 的分值")
        return self


class Deduction(_Rule):
    """Points off for something that happened, each time."""

    label: str
    each: list[float] = Field(min_length=1)
    cap: float | None = None

    def points(self, count: int) -> float:
        """What ``count`` times cost."""
        costs = [*self.each, *([self.each[-1]] * count)][:count]
        return min(sum(costs), self.cap) if self.cap is not None else sum(costs)


class ClosureRules(_Rule):
    """The closure assessment of one order."""

    parts: ClosureParts
    deductions: dict[str, Deduction]
    zero: dict[str, str]


class SheetItem(_Rule):
    """One line of an auditor's sheet."""

    code: str
    label: str
    points: float = Field(gt=0)


class PeriodFormula(_Rule):
    """Weights of the three rates, together 100."""

    title: str
    response: float
    resolution: float
    satisfaction: float
    least_sample: int = Field(ge=1)

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if self.response + self.resolution + self.satisfaction != FULL:
            raise ValueError(f"三率权重之和应为 {FULL}")
        return self


class ScoringRules(_Rule):
    """One version of the rule set."""

    version: str = Field(min_length=1, max_length=32)
    closure: ClosureRules
    satisfaction_values: dict[Satisfaction, float]
    quality_sheet: list[SheetItem] = Field(min_length=1)
    process_sheet: list[SheetItem] = Field(min_length=1)
    period: PeriodFormula

    @model_validator(mode="after")
    def _complete(self) -> Self:
        values = self.satisfaction_values
        if missing := [item.label for item in Satisfaction if item not in values]:
            raise ValueError(f"满意度缺少 {'、'.join(missing)} 的取值")
        if any(not 0 <= value <= 1 for value in values.values()):
            raise ValueError("满意度取值应在 0 与 1 之间")
        if any(values[better] < values[worse] for better, worse in pairwise(Satisfaction)):
            raise ValueError("满意度越高，取值不能越低")
        for sheet in (self.quality_sheet, self.process_sheet):
            if len({item.code for item in sheet}) < len(sheet):
                raise ValueError("评分表中有重复的项目编码")
        return self


def load_scoring(rules: Path | None = None) -> ScoringRules:
    """Read the rule set. ``rules``: the city's own folder of rule files (``settings.rules``).

    :raises ConfigurationError: naming what is wrong.
    """
    path = rule_file(FILE, rules)
    data: dict[str, Any] = read_yaml(path)
    try:
        return ScoringRules.model_validate(data)
    except ValidationError as error:
        lines = [
            f"{'.'.join(map(str, e['loc'])) or '整体'}：{e['msg'].removeprefix('Value error, ')}"
            for e in error.errors()
        ]
        raise ConfigurationError(f"{path.name} " + "；".join(lines)) from error
