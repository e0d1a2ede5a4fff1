"""What people ask of the catalogue: its versions, its rules, and who owned what on which day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from pydantic import BaseModel

from config.catalogue import STREET_OF_PLACE, Catalogue
from dispatch.commands import invalid
from dispatch.directory.catalogue_book import CatalogueBook, rule_of
from dispatch.directory.catalogue_names import STREET_LABEL
from dispatch.directory.ownership import (
    Matter,
    Ownership,
    category_line,
    matter_of,
    owner_of,
)
from dispatch.rules import Rules
from models.errors import NotFound
from models.tables import CatalogueRule, CatalogueVersion, WorkOrder
from models.vocabulary import RequestType


class VersionView(BaseModel):
    """A version. ``held_until``: the last day on which it held, None for the newest."""

    version: str
    valid_from: date
    held_until: date | None
    #: past, present or future
    stands: str
    source: str
    source_label: str
    file_name: str
    note: str
    imported_by: str
    imported_at: str


class RuleView(BaseModel):
    """A rule in words, as units and categories were called when it was entered."""

    position: int
    code: str
    unit: str
    unit_name: str
    joint_names: list[str]
    categories: list[str]
    category_names: list[str]
    words: list[str]
    without: list[str]
    type_labels: list[str]
    area_names: list[str]
    keep: bool
    note: str
    #: Why it cannot decide any more; empty: it can.
    fault: str


class CatalogueView(BaseModel):
    """A version with its rules."""

    version: VersionView
    rules: list[RuleView]
    #: Names of the categories (third level) that no rule decides by category alone.
    uncovered: list[str]


class OwnerQuery(BaseModel):
    """A matter and a day; None: today."""

    category: str
    text: str = ""
    place: str = ""
    request_type: RequestType = RequestType.OTHER
    day: date | None = None


class OwnerView(BaseModel):
    """The answer, or why there is none."""

    day: date
    version: str
    #: Empty: no rule decides.
    unit: str
    unit_name: str
    street_name: str
    #: Codes of the units that usually help.
    joint: list[str] = []
    rule: RuleView | None
    text: str


class CatalogueViews:
    """Reads for people."""

    def __init__(self, book: CatalogueBook, rules: Rules) -> None:
        self._book = book
        self._rules = rules

    async def versions(self) -> list[VersionView]:
        """All, the one that holds latest first."""
        rows = await self._book.versions()
        return [self._version(row, rows) for row in rows]

    async def catalogue(self, label: str = "", day: date | None = None) -> CatalogueView:
        """A version by its label, or the one of a day (today by default)."""
        row = await (self._book.version(label) if label else self._book.on(day or self._book.today))
        rules = await self._book.rules(row.id)
        return CatalogueView(
            version=self._version(row, await self._book.versions()),
            rules=[self._rule(rule) for rule in rules],
            uncovered=self._uncovered(rules),
        )

    async def owner(self, asked: OwnerQuery) -> OwnerView:
        """Who owned a matter on a day, and by which rule.

        :raises InvalidInput: for an unknown category.
        """
        if asked.category not in self._rules.taxonomy:
            message = f"没有编码为 {asked.category} 的诉求分类"
            raise invalid([{"field": "category", "message": message}])
        matter = Matter(**asked.model_dump(exclude={"day"}))
        return await self.owner_of(matter, asked.day or self._book.today)

    async def owner_today(self, order: WorkOrder) -> OwnerView:
        """Whose an order is by the catalogue of today; nobody's while none has been entered yet."""
        today = self._book.today
        try:
            return await self.owner_of(matter_of(order), today)
        except NotFound:
            return self._nobody(today, version="")

    async def owner_of(self, matter: Matter, day: date) -> OwnerView:
        """Who owned a matter on a day, and by which rule."""
        version = await self._book.on(day)
        found = owner_of(self._rules, matter, day)
        if found is None:
            return self._nobody(day, version.version)
        rows = {row.code: row for row in await self._book.rules(version.id)}
        return self._owner(day, found, self._rule(rows[found.rule.id]))

    def _nobody(self, day: date, version: str) -> OwnerView:
        return OwnerView(
            day=day,
            version=version,
            unit="",
            unit_name="",
            street_name="",
            rule=None,
            text="派单目录没有规定，由派单员确定",
        )

    def _owner(self, day: date, found: Ownership, rule: RuleView) -> OwnerView:
        name = rule.unit_name
        if found.rule.unit == STREET_OF_PLACE:
            name = self._rules.unit_name(found.unit)
        kept = "，由本单位直接办理，不得下派" if rule.keep else ""
        joint = f"，协办：{'、'.join(rule.joint_names)}" if rule.joint_names else ""
        return OwnerView(
            day=day,
            version=found.version,
            unit=found.unit,
            unit_name=name,
            street_name=self._rules.unit_name(found.street) if found.street else "",
            joint=_joint(found),
            rule=rule,
            text=f"{name}{joint}（{rule.note}{kept}）",
        )

    async def owned_by(self, unit: str, day: date) -> list[RuleView]:
        """Every rule that named a unit on a day, as lead or to help."""
        rows = await self._book.rules((await self._book.on(day)).id)
        return [self._rule(row) for row in rows if unit in (row.unit, *row.joint)]

    def _version(self, row: CatalogueVersion, rows: list[CatalogueVersion]) -> VersionView:
        later = [each.valid_from for each in rows if each.valid_from > row.valid_from]
        until = date.fromordinal(min(later).toordinal() - 1) if later else None
        today = self._book.today
        newest = next(each for each in rows if each.valid_from == row.valid_from)
        if row.id != newest.id:  # another one of the same day came after it
            stands = "past"
        elif row.valid_from > today:
            stands = "future"
        else:
            stands = "past" if until is not None and until < today else "present"
        return VersionView(
            version=row.version,
            valid_from=row.valid_from,
            held_until=until,
            stands=stands,
            source=row.source.value,
            source_label=row.source.label,
            file_name=row.file_name,
            note=row.note,
            imported_by=row.imported_by_name,
            imported_at=row.imported_at.isoformat(),
        )

    def _rule(self, row: CatalogueRule) -> RuleView:
        gone = self._book.gone(row)
        return RuleView(
            position=row.position,
            code=row.code,
            unit=row.unit,
            unit_name=_named(row, row.unit),
            joint_names=[_named(row, code) for code in row.joint],
            categories=list(row.categories),
            category_names=[_named(row, code) for code in row.categories],
            words=list(row.words),
            without=list(row.without),
            type_labels=[RequestType(code).label for code in row.types],
            area_names=[_named(row, code) for code in row.areas],
            keep=row.keep,
            note=row.note,
            fault=f"单位 {'、'.join(gone)} 已不存在，规则不起作用" if gone else "",
        )

    def _uncovered(self, rows: Iterable[CatalogueRule]) -> list[str]:
        plain = [rule for rule in map(rule_of, rows) if rule.plain]
        return [
            "/".join(leaf.path)
            for leaf in self._rules.taxonomy.leaves
            if not any(rule.concerns(category_line(self._rules, leaf.code)) for rule in plain)
        ]


def _joint(found: Ownership) -> list[str]:
    """With the street of the place filled in, where one is known."""
    named = (found.street if code == STREET_OF_PLACE else code for code in found.rule.joint)
    return [code for code in dict.fromkeys(named) if code and code != found.unit]


def _named(row: CatalogueRule, code: str) -> str:
    return STREET_LABEL if code == STREET_OF_PLACE else str(row.names.get(code, code))


def differences(before: Catalogue, after: Catalogue) -> list[tuple[str, str, str]]:
    """Rules that a new version adds, drops or changes: (kind, code, note)."""
    old = {rule.id: rule for rule in before.rules}
    new = {rule.id: rule for rule in after.rules}
    added = [("新增", code, rule.note) for code, rule in new.items() if code not in old]
    changed = [
        ("修改", code, rule.note) for code, rule in new.items() if code in old and rule != old[code]
    ]
    dropped = [("删除", code, rule.note) for code, rule in old.items() if code not in new]
    return added + changed + dropped
