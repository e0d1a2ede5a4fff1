"""How callers on the nuisance list are screened: read from ``nuisance.yaml``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from config.rules import RowReader, read_yaml, rule_file
from models.vocabulary import Urgency

FILE = "nuisance.yaml"


@dataclass(frozen=True, kw_only=True)
class ScreeningRules:
    """How long we listen, and for how much urgency."""

    version: str
    listen_seconds: float
    level: Urgency


def load_screening(rules: Path | None = None) -> ScreeningRules:
    """Read the rules. ``rules``: the city's own folder of rule files (``settings.rules``).

    :raises ConfigurationError: naming what is wrong.
    """
    path = rule_file(FILE, rules)
    top = RowReader(path.name, "顶层", read_yaml(path))
    top.only("version", "listen_seconds", "level")
    level = top.text("level")
    if level not in (Urgency.URGENT, Urgency.CRITICAL):
        raise top.error(f"level 应为 {Urgency.URGENT} 或 {Urgency.CRITICAL}")
    return ScreeningRules(
        version=top.text("version"),
        listen_seconds=top.number("listen_seconds", least=1, most=60),
        level=Urgency(level),
    )
