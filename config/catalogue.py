"""The dispatch catalogue: who handles what. Ordered rules, the first that matches decides.

The shipped ``dispatch_catalogue.yaml`` (or the city's own) is the first version. Versions imported
later lie in the database; :mod:`config.catalogue_shelf` finds the one of a day.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from config.departments import DepartmentKind, Departments
from config.rules import RowReader, read_yaml, rule_file
from config.taxonomy import Taxonomy
from models.errors import ConfigurationError
from models.vocabulary import RequestType

FILE = "dispatch_catalogue.yaml"

#: In place of a unit: the street or township in which the place lies.
STREET_OF_PLACE = "@street"
#: Kinds of units that have a territory.
LOCAL_KINDS = (DepartmentKind.STREET, DepartmentKind.COMMUNITY)

Street = Callable[[], str | None]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One row. Every condition that is not empty must hold."""

    id: str
    unit: str
    note: str
    categories: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    types: tuple[RequestType, ...] = ()
    #: Codes of streets, townships or communities in which the place must lie.
    areas: tuple[str, ...] = ()
    joint: tuple[str, ...] = ()
    #: The unit does it itself: it may not hand it down to streets and communities.
    keep: bool = False

    def concerns(self, category_line: tuple[str, ...]) -> bool:
        """Whether the category fits; ``category_line``: codes from level 1 down to the leaf."""
        return not self.categories or any(code in self.categories for code in category_line)

    def holds(self, text: str, request_type: RequestType) -> bool:
        """Whether the conditions on type and words hold."""
        return (
            (not self.types or request_type in self.types)
            and (not self.words or any(word in text for word in self.words))
            and not any(word in text for word in self.without)
        )

    @property
    def plain(self) -> bool:
        """Whether it looks at nothing but the category."""
        return not (self.words or self.without or self.types or self.areas)

    @property
    def units(self) -> tuple[str, ...]:
        """Every unit that it names."""
        named = (self.unit, *self.joint, *self.areas)
        return tuple(code for code in named if code != STREET_OF_PLACE)


@dataclass(frozen=True, kw_only=True)
class Decision:
    """A rule that matched, and the unit that it names once ``@street`` is filled in."""

    rule: Rule
    unit: str


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """All rules of one version, in order."""

    version: str
    rules: tuple[Rule, ...]
    #: The first day on which it holds; it does so until the next version's.
    valid_from: date = date.min
    #: Rules that concern a category, found once; filled twice at worst by two threads.
    _of_line: dict[tuple[str, ...], tuple[Rule, ...]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def _concerning(self, category_line: tuple[str, ...]) -> tuple[Rule, ...]:
        if category_line not in self._of_line:
            self._of_line[category_line] = tuple(
                rule for rule in self.rules if rule.concerns(category_line)
            )
        return self._of_line[category_line]

    def decide(
        self,
        *,
        text: str,
        category_line: tuple[str, ...],
        request_type: RequestType,
        street: Street,
    ) -> Decision | None:
        """The first rule that matches. ``category_line``: codes from level 1 down to the leaf.

        ``street`` is asked only when a rule needs it.
        """
        for rule in self._concerning(category_line):
            if not rule.holds(text, request_type):
                continue
            if rule.areas and street() not in rule.areas:
                continue
            unit = street() if rule.unit == STREET_OF_PLACE else rule.unit
            if unit is not None:
                return Decision(rule=rule, unit=unit)
        return None


def load_catalogue(
    taxonomy: Taxonomy, departments: Departments, rules: Path | None = None
) -> Catalogue:
    """Read the catalogue's file and check it against the taxonomy and the units.

    :raises ConfigurationError: naming the row that is wrong.
    """
    path = rule_file(FILE, rules)
    top = RowReader(path.name, "顶层", read_yaml(path))
    top.only("version", "rules")
    found = [_rule(path.name, n, row) for n, row in enumerate(top.rows("rules"), 1)]
    for rule in found:
        _check(path.name, rule, taxonomy, departments)
    ids = [rule.id for rule in found]
    if twice := next((rule_id for rule_id in ids if ids.count(rule_id) > 1), None):
        raise ConfigurationError(f"{path.name}：规则 {twice} 出现了两次")
    return Catalogue(version=top.text("version"), rules=tuple(found))


def _rule(file: str, number: int, row: object) -> Rule:
    rule_id = row.get("id") if isinstance(row, dict) else None
    reader = RowReader(file, f"第 {number} 条规则（{rule_id or '无 id'}）", row)
    reader.only(
        *("id", "unit", "category", "words", "without", "types", "areas", "joint", "keep", "note")
    )
    types = reader.texts("types")
    if wrong := next((code for code in types if code not in set(RequestType)), None):
        raise reader.error(f"诉求类型 {wrong} 不存在")
    rule = Rule(
        id=reader.text("id"),
        unit=reader.text("unit"),
        note=reader.text("note"),
        categories=reader.texts("category"),
        words=reader.texts("words"),
        without=reader.texts("without"),
        types=tuple(RequestType(code) for code in types),
        areas=reader.texts("areas"),
        joint=reader.texts("joint"),
        keep=reader.yes("keep"),
    )
    if not (rule.categories or rule.words or rule.types or rule.areas):
        raise reader.error("没有任何条件，会匹配一切诉求")
    return rule


def _check(file: str, rule: Rule, taxonomy: Taxonomy, departments: Departments) -> None:
    for code in rule.categories:
        if code not in taxonomy:
            raise ConfigurationError(f"{file} 规则 {rule.id}：分类 {code} 不在 taxonomy.yaml 中")
    for unit in rule.units:
        if unit not in departments:
            raise ConfigurationError(f"{file} 规则 {rule.id}：单位 {unit} 不在 departments.yaml 中")
    for area in rule.areas:
        if departments.get(area).kind not in LOCAL_KINDS:
            raise ConfigurationError(f"{file} 规则 {rule.id}：{area} 不是街道乡镇或社区（村）")
