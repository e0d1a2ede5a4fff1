"""What makes a demand urgent: ordered word rules of ``urgency.yaml``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from config.rules import RowReader, read_yaml, rule_file
from config.words import WordRule
from models.vocabulary import Urgency

FILE = "urgency.yaml"


@dataclass(frozen=True, kw_only=True)
class UrgencyRule(WordRule):
    """One row, and how urgent what it finds is."""

    level: Urgency


@dataclass(frozen=True, kw_only=True)
class UrgencyRules:
    """All rules."""

    version: str
    rules: tuple[UrgencyRule, ...]


def load_urgency(rules: Path | None = None) -> UrgencyRules:
    """Read the rules. ``rules``: the city's own folder of rule files (``settings.rules``).

    :raises ConfigurationError: naming the row that is wrong.
    """
    path = rule_file(FILE, rules)
    top = RowReader(path.name, "顶层", read_yaml(path))
    top.only("version", "rules")
    found = tuple(_rule(path.name, n, row) for n, row in enumerate(top.rows("rules"), 1))
    return UrgencyRules(version=top.text("version"), rules=found)


def _rule(file: str, number: int, row: object) -> UrgencyRule:
    reader = RowReader(file, f"第 {number} 条规则", row)
    reader.only("level", "reason", "words", "with", "without")
    level, words = reader.text("level"), reader.texts("words")
    if level not in set(Urgency):
        raise reader.error(f"level “{level}” 不在 {'、'.join(Urgency)} 之中")
    if not words:
        raise reader.error("缺少 words")
    return UrgencyRule(
        level=Urgency(level),
        reason=reader.text("reason"),
        words=words,
        also=reader.texts("with"),
        without=reader.texts("without"),
    )
