"""What makes a demand urgent: ordered word rules of ``urgency.yaml``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from config.rules import RowReader
from config.words import WordRule, load_word_rules
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
    version, found = load_word_rules(FILE, rules, "level", _rule)
    return UrgencyRules(version=version, rules=found)


def _rule(reader: RowReader, said: WordRule) -> UrgencyRule:
    level = reader.text("level")
    if level not in set(Urgency):
        raise reader.error(f"level “{level}” 不在 {'、'.join(Urgency)} 之中")
    return UrgencyRule(level=Urgency(level), **vars(said))
