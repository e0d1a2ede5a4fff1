"""Checks of a command that need the rule sets: each fault names its field."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from config.scoring import SheetItem
from dispatch.commands import invalid
from dispatch.rules import Rules

#: Mobile and landline numbers with or without area code, service numbers, and what a
#: caller from abroad or a hidden number shows.
_PHONE = re.compile(r"\+?\d{3,20}")
_SEPARATORS = str.maketrans("", "", " -()（）—")


class Faults:
    """Gathers what is wrong, then says all of it at once."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._found: list[dict[str, str]] = []

    def add(self, field: str, message: str) -> None:
        """One more."""
        self._found.append({"field": field, "message": message})

    def raise_any(self) -> None:
        """:raises InvalidInput: when anything was wrong."""
        if self._found:
            raise invalid(self._found)

    def phone(self, field: str, number: str) -> str:
        """The number in digits; empty stays empty."""
        digits = number.translate(_SEPARATORS)
        if digits and not _PHONE.fullmatch(digits):
            self.add(field, "电话号码应由3至20位数字组成，如 13800000000 或 0734-8812345")
        return digits

    def category(self, field: str, code: str) -> None:
        """It must be a leaf of the taxonomy in force."""
        taxonomy = self._rules.taxonomy
        if code not in taxonomy:
            self.add(field, f"没有编码为 {code or '（空）'} 的诉求分类")
        elif not taxonomy.get(code).is_leaf:
            self.add(field, f"“{taxonomy.get(code).name}”下面还有细类，请选到第三级")

    def department(self, field: str, code: str) -> None:
        """It must be a unit that handles demands."""
        departments = self._rules.departments
        if code not in departments:
            self.add(field, f"没有编码为 {code or '（空）'} 的承办单位")
        elif code == departments.hotline:
            self.add(field, "热线中心不承办诉求，请选择承办单位")

    def sheet(
        self, field: str, sheet: Sequence[SheetItem], marks: Mapping[str, float | None]
    ) -> None:
        """Every item is marked between 0 and its points, or left out as not applicable."""
        for code in marks.keys() - {item.code for item in sheet}:
            self.add(f"{field}.{code}", "评分表中没有这一项")
        for item in sheet:
            self._mark(f"{field}.{item.code}", item, marks)
        if all(marks.get(item.code) is None for item in sheet):
            self.add(field, "至少要评一项")

    def _mark(self, field: str, item: SheetItem, marks: Mapping[str, float | None]) -> None:
        if item.code not in marks:
            self.add(field, f"“{item.label}”未评分（不适用的请标明不适用）")
        mark = marks.get(item.code)
        if mark is not None and not 0 <= mark <= item.points:
            self.add(field, f"“{item.label}”应在0至{item.points:g}分之间")


def sheet_mark(sheet: Sequence[SheetItem], marks: Mapping[str, float | None], full: float) -> float:
    """The sum of the marks, scaled so that the items that apply count for ``full``."""
    applied = [(item.points, marks[item.code]) for item in sheet]
    got = sum(mark for _, mark in applied if mark is not None)
    possible = sum(points for points, mark in applied if mark is not None)
    return round(got / possible * full, 2)
