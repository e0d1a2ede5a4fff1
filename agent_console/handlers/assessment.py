"""The rules orders are assessed by, for those who fill in sheets and those who are assessed."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from agent_console.routing import Ask, Routes
from config.scoring import SheetItem
from models.vocabulary import Satisfaction

routes = Routes("办结评估")


class SheetLine(BaseModel):
    """One item of an auditor's sheet."""

    code: str
    name: str
    max: float


class PartRule(BaseModel):
    """A part of the closure score with its full points; ``details`` are its own figures."""

    code: str
    name: str
    points: float
    details: dict[str, Any]


class DeductionRule(BaseModel):
    """Points off: ``each`` for the first, second … time, at most ``cap``."""

    code: str
    name: str
    each: list[float]
    cap: float | None


class ZeroRule(BaseModel):
    """What makes a score 0."""

    code: str
    name: str


class PeriodRule(BaseModel):
    """The period formula's weights."""

    title: str
    response: float
    resolution: float
    satisfaction: float
    least_sample: int


class AssessmentRules(BaseModel):
    """The rule set in force."""

    version: str
    parts: list[PartRule]
    deductions: list[DeductionRule]
    zero: list[ZeroRule]
    satisfaction_values: dict[Satisfaction, float]
    quality_items: list[SheetLine]
    process_items: list[SheetLine]
    period: PeriodRule


@routes.route("GET", "/api/assessment-rules", summary="办结评估规则")
async def get_assessment_rules(ask: Ask) -> AssessmentRules:
    """Published to everybody who works here: nobody is judged by hidden rules."""
    rules = ask.console.services.rules.scoring
    closure = rules.closure
    parts = {code: getattr(closure.parts, code) for code in type(closure.parts).model_fields}
    return AssessmentRules(
        version=rules.version,
        parts=[_part(code, part) for code, part in parts.items()],
        deductions=[
            DeductionRule(code=code, name=item.label, each=item.each, cap=item.cap)
            for code, item in closure.deductions.items()
        ],
        zero=[ZeroRule(code=code, name=name) for code, name in closure.zero.items()],
        satisfaction_values=rules.satisfaction_values,
        quality_items=_lines(rules.quality_sheet),
        process_items=_lines(rules.process_sheet),
        period=PeriodRule(**rules.period.model_dump()),
    )


def _part(code: str, part: BaseModel) -> PartRule:
    figures = part.model_dump(mode="json")
    return PartRule(
        code=code, name=figures.pop("label"), points=figures.pop("points"), details=figures
    )


def _lines(sheet: list[SheetItem]) -> list[SheetLine]:
    return [SheetLine(code=item.code, name=item.label, max=item.points) for item in sheet]
