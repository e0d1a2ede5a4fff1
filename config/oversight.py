"""What follows when units are slow, wrong or unwilling, and what becomes of closed orders.

Read from ``oversight.yaml``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from config.limits import Limit
from config.rules import read_yaml, rule_file
from models.errors import ConfigurationError
from models.vocabulary import CardColour, LimitUnit, SupervisionReason

FILE = "oversight.yaml"


class _Rule(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Amount(_Rule):
    """A limit as written in the file; 0: at once."""

    amount: int = Field(ge=0)
    unit: LimitUnit

    @property
    def limit(self) -> Limit:
        """For the counter."""
        return Limit(amount=self.amount, unit=self.unit)


class SupervisionLevel(_Rule):
    """One level; 3 is the mildest, 1 the hardest."""

    level: int = Field(ge=1, le=3)
    name: str = Field(min_length=1)
    overdue: Amount
    automatic: bool = False
    redo: bool = False
    #: 0: never for that.
    lapsed_urges: int = Field(0, ge=0)
    #: Also when a milder one was not answered in time.
    unanswered: bool = False
    numbered: bool = False


class CardRule(_Rule):
    """For what a unit gets a card."""

    colour: CardColour
    levels: tuple[int, ...] = ()
    reasons: tuple[SupervisionReason, ...] = ()
    #: 0: not for that.
    returns_refused: int = Field(0, ge=0)


class RefusalReason(_Rule):
    """Why a demand is not accepted, and what the citizen is told."""

    code: str = Field(min_length=1, max_length=16)
    name: str = Field(min_length=1)
    route: str = Field(min_length=1)
    confirm: bool = False
    redact: bool = False


class OversightRules(_Rule):
    """One version of all of it."""

    version: str = Field(min_length=1, max_length=32)
    supervision: tuple[SupervisionLevel, ...]
    letter: str
    cards: tuple[CardRule, ...] = ()
    merge_decision: Amount
    reopen_decision: Amount
    supervision_decision: Amount
    #: By when the office looks at a unit's answer to a supervision.
    answer_review: Amount = Amount(amount=1, unit=LimitUnit.WD)
    shelf_leader_after: Amount
    refusals: tuple[RefusalReason, ...]

    @field_validator("supervision")
    @classmethod
    def _three_levels(cls, value: tuple[SupervisionLevel, ...]) -> tuple[SupervisionLevel, ...]:
        if [item.level for item in value] != [3, 2, 1]:
            raise ValueError("应依次写明三级、二级、一级督办")
        return value

    @field_validator("letter")
    @classmethod
    def _letter(cls, value: str) -> str:
        if "{year}" not in value or "{number}" not in value:
            raise ValueError("应含 {year} 和 {number}")
        return value

    def level(self, level: int) -> SupervisionLevel:
        """The rule of a level."""
        return next(item for item in self.supervision if item.level == level)

    def harder(self, level: int) -> SupervisionLevel | None:
        """What follows on one of this level that nobody answered; None: nothing by itself."""
        return next((one for one in self.supervision if one.level < level and one.unanswered), None)

    def refusal(self, code: str) -> RefusalReason | None:
        """A reason by its code."""
        return next((item for item in self.refusals if item.code == code), None)


def load_oversight(rules: Path | None = None) -> OversightRules:
    """Read the rules. ``rules``: the city's own folder of rule files (``settings.rules``).

    :raises ConfigurationError: naming each wrong field.
    """
    path = rule_file(FILE, rules)
    try:
        return OversightRules.model_validate(read_yaml(path))
    except ValidationError as error:
        wrong = "；".join(f"{_place(item)}：{item['msg']}" for item in error.errors())
        raise ConfigurationError(f"规则文件 {path.name} 有误：{wrong}") from error


def _place(item: Any) -> str:
    return ".".join(map(str, item["loc"])) or "整体"
