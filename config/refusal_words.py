"""What speaks for not accepting a demand: word rules of ``refusal_words.yaml``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from config.oversight import load_oversight
from config.rules import RowReader
from config.words import WordRule, load_word_rules

FILE = "refusal_words.yaml"


@dataclass(frozen=True, kw_only=True)
class RefusalRule(WordRule):
    """One row, and the reason of ``oversight.yaml`` that it speaks for."""

    code: str
    #: Of that reason: what it is called, and what the citizen is told.
    name: str
    route: str


@dataclass(frozen=True, kw_only=True)
class RefusalWords:
    """All rules, in the order of the file."""

    version: str
    rules: tuple[RefusalRule, ...]


def load_refusal_words(rules: Path | None = None) -> RefusalWords:
    """Read the rules. ``rules``: the city's own folder of rule files (``settings.rules``).

    :raises ConfigurationError: naming the row that is wrong.
    """
    known = {reason.code: reason for reason in load_oversight(rules).refusals}

    def rule(reader: RowReader, said: WordRule) -> RefusalRule:
        code = reader.text("code")
        if code not in known:
            raise reader.error(f"code “{code}” 不是 oversight.yaml 中的不予受理原因")
        return RefusalRule(code=code, name=known[code].name, route=known[code].route, **vars(said))

    version, found = load_word_rules(FILE, rules, "code", rule)
    return RefusalWords(version=version, rules=found)
