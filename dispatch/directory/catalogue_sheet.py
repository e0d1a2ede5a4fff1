"""The dispatch catalogue as a table: read row by row with every fault, and written the same way."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from config.catalogue import STREET_OF_PLACE, Catalogue, Rule
from config.departments import Departments
from config.sheets import Table, read_table
from config.taxonomy import Taxonomy
from dispatch.directory.catalogue_names import (
    STREET_LABEL,
    Names,
    area_names,
    category_names,
    type_names,
    unit_names,
)
from models.vocabulary import RequestType

#: Field of a rule → its column; further names that are understood.
COLUMNS = {
    "code": "规则编号",
    "categories": "诉求分类",
    "words": "关键词",
    "without": "排除词",
    "types": "诉求类型",
    "areas": "区域",
    "unit": "主办单位",
    "joint": "协办单位",
    "keep": "不得下派",
    "note": "说明",
}
_ALSO = {
    "编号": "code",
    "分类": "categories",
    "包含词": "words",
    "不含词": "without",
    "类型": "types",
    "街道": "areas",
    "属地": "areas",
    "承办单位": "unit",
    "责任单位": "unit",
    "协办": "joint",
    "备注": "note",
    "依据": "note",
}
_FIELD_OF = {label: name for name, label in COLUMNS.items()} | _ALSO
_NEEDED = ("unit",)
_BETWEEN = re.compile(r"[、，,;；\n]+")
_YES, _NO = ("是", "√", "1", "Y", "TRUE"), ("", "否", "×", "0", "N", "FALSE")
_LONGEST_CODE, _LONGEST_NOTE = 64, 500


@dataclass(frozen=True, kw_only=True)
class RowFault:
    """One cell that cannot be used. ``row`` as a spreadsheet shows it; 0: the whole table."""

    row: int
    column: str
    value: str
    problem: str
    #: What would be right.
    advice: str

    @property
    def text(self) -> str:
        """As one sentence."""
        where = f"第{self.row}行" if self.row else "全表"
        column = f"“{self.column}”" if self.column else ""
        return f"{where}{column}：{self.problem}。{self.advice}"


@dataclass(kw_only=True)
class SheetReading:
    """What a table gave. With faults nothing of it may be used."""

    rules: list[Rule] = field(default_factory=list)
    faults: list[RowFault] = field(default_factory=list)
    #: Usable, but perhaps not meant.
    doubts: list[RowFault] = field(default_factory=list)
    repairs: list[str] = field(default_factory=list)
    #: Row of each rule.
    numbers: list[int] = field(default_factory=list)


class CatalogueSheet:
    """Reads and writes such tables under the units and categories of today."""

    def __init__(self, departments: Departments, taxonomy: Taxonomy) -> None:
        self._departments = departments
        self._taxonomy = taxonomy
        self._units = unit_names(departments)
        self._areas = area_names(departments)
        self._categories = category_names(taxonomy)
        self._types = type_names()

    def read(self, name: str, content: bytes) -> SheetReading:
        """All rows, and everything that is wrong with any of them.

        :raises UnreadableTable: when the file is no table at all.
        """
        table = read_table(name, content)
        reading = SheetReading(repairs=list(table.repairs))
        columns = self._columns(table, reading)
        if reading.faults:
            return reading
        for number, row in zip(table.numbers, table.rows, strict=True):
            cells = {name: row[column].strip() for name, column in columns.items()}
            self._read_row(_Row(number, cells, reading))
        _check_codes(reading)
        _check_reach(reading, self._taxonomy)
        return reading

    def _columns(self, table: Table, reading: SheetReading) -> dict[str, str]:
        found = {_FIELD_OF[each]: each for each in reversed(table.columns) if each in _FIELD_OF}
        for name in _NEEDED:
            if name not in found:
                label = COLUMNS[name]
                advice = f"加上“{label}”一列；可用的列：{'、'.join(COLUMNS.values())}"
                reading.faults.append(_whole(label, f"没有“{label}”这一列", advice))
        unknown = [each for each in table.columns if each and each not in _FIELD_OF]
        if unknown:
            reading.repairs.append(f"不认识的列“{'”“'.join(unknown)}”没有读取")
        return found

    def _read_row(self, row: _Row) -> None:
        before = len(row.reading.faults)
        unit = self._unit(row)
        rule = Rule(
            id=row.text("code", _LONGEST_CODE) or f"R{row.number:04d}",
            unit=unit,
            note=row.text("note", _LONGEST_NOTE) or f"由{self._unit_name(unit)}负责",
            categories=row.codes("categories", self._categories),
            words=row.items("words"),
            without=row.items("without"),
            types=tuple(RequestType(code) for code in row.codes("types", self._types)),
            areas=self._within(row.codes("areas", self._areas)),
            joint=row.codes("joint", self._units),
            keep=row.yes("keep"),
        )
        understood = len(row.reading.faults) == before
        if understood and not (rule.categories or rule.words or rule.types or rule.areas):
            advice = "至少填一个诉求分类、关键词、诉求类型或区域"
            row.fault("categories", "没有任何条件，会匹配一切诉求", advice)
        if unit in rule.joint:
            row.fault("joint", "主办单位又列为协办", "从协办单位中删去主办单位")
        if len(row.reading.faults) == before:
            row.reading.rules.append(rule)
            row.reading.numbers.append(row.number)

    def _unit(self, row: _Row) -> str:
        said = row.cells.get("unit", "")
        if not said:
            row.fault("unit", "没有填主办单位", self._units.advice(said))
            return ""
        codes = row.codes("unit", self._units)
        if len(codes) > 1:
            row.fault("unit", "主办单位只能有一个", "其余的填到“协办单位”一列")
        return codes[0] if codes else ""

    def _within(self, areas: tuple[str, ...]) -> tuple[str, ...]:
        """With the communities of each street: a place may be known as exactly as that."""
        found: dict[str, None] = {}
        for area in areas:
            found[area] = None
            found |= dict.fromkeys(child.code for child in self._departments.children(area))
        return tuple(found)

    def write_csv(self, catalogue: Catalogue) -> bytes:
        """As a file that Excel opens with the right characters."""
        text = io.StringIO(newline="")
        csv.writer(text).writerows(self.cells(catalogue))
        return text.getvalue().encode("utf-8-sig")

    def write_excel(self, catalogue: Catalogue) -> bytes:
        """The same as a workbook."""
        from openpyxl import Workbook

        book = Workbook(write_only=True)
        sheet = book.create_sheet("派单目录")
        for cells in self.cells(catalogue):
            sheet.append(cells)
        content = io.BytesIO()
        book.save(content)
        return content.getvalue()

    def cells(self, catalogue: Catalogue) -> list[list[str]]:
        """Header and rows, in words."""
        return [list(COLUMNS.values()), *(self._cells(rule) for rule in catalogue.rules)]

    def _cells(self, rule: Rule) -> list[str]:
        shown = {
            "code": rule.id,
            "categories": _joined(map(self._category, rule.categories)),
            "words": _joined(rule.words),
            "without": _joined(rule.without),
            "types": _joined(kind.label for kind in rule.types),
            "areas": _joined(map(self._unit_name, self._outer(rule.areas))),
            "unit": self._unit_name(rule.unit),
            "joint": _joined(map(self._unit_name, rule.joint)),
            "keep": "是" if rule.keep else "",
            "note": rule.note,
        }
        return [shown[name] for name in COLUMNS]

    def _outer(self, areas: Sequence[str]) -> list[str]:
        """Without communities whose street is named too."""
        return [
            code
            for code in areas
            if code not in self._departments or self._departments.get(code).parent not in areas
        ]

    def _unit_name(self, code: str) -> str:
        if code == STREET_OF_PLACE:
            return STREET_LABEL
        return self._departments.get(code).short_name if code in self._departments else code

    def _category(self, code: str) -> str:
        return "/".join(self._taxonomy.get(code).path) if code in self._taxonomy else code


class _Row:
    """One row while it is read."""

    def __init__(self, number: int, cells: dict[str, str], reading: SheetReading) -> None:
        self.number = number
        self.cells = cells
        self.reading = reading

    def fault(self, name: str, problem: str, advice: str) -> None:
        self.reading.faults.append(
            RowFault(
                row=self.number,
                column=COLUMNS[name],
                value=self.cells.get(name, ""),
                problem=problem,
                advice=advice,
            )
        )

    def text(self, name: str, longest: int) -> str:
        said = self.cells.get(name, "")
        if len(said) > longest:
            self.fault(name, f"有{len(said)}个字，太长", f"不超过{longest}个字")
        return said

    def items(self, name: str) -> tuple[str, ...]:
        parts = (part.strip() for part in _BETWEEN.split(self.cells.get(name, "")))
        return tuple(dict.fromkeys(part for part in parts if part))

    def codes(self, name: str, names: Names) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for said in self.items(name):
            code = names.code(said)
            if code is None:
                self.fault(name, f"不认识的{names.kind}“{said}”", names.advice(said))
            else:
                found[code] = None
        return tuple(found)

    def yes(self, name: str) -> bool:
        said = self.cells.get(name, "").upper()
        if said not in _YES and said not in _NO:
            self.fault(name, f"“{said}”既不是“是”也不是“否”", "填“是”，或留空")
        return said in _YES


def _whole(column: str, problem: str, advice: str) -> RowFault:
    return RowFault(row=0, column=column, value="", problem=problem, advice=advice)


def _joined(parts: Iterable[Any]) -> str:
    return "、".join(map(str, parts))


def _check_codes(reading: SheetReading) -> None:
    first: dict[str, int] = {}
    for rule, number in zip(reading.rules, reading.numbers, strict=True):
        if rule.id in first:
            problem = f"规则编号“{rule.id}”与第{first[rule.id]}行重复"
            advice = "改用另一个编号，或留空由系统编号"
            column = COLUMNS["code"]
            reading.faults.append(
                RowFault(row=number, column=column, value=rule.id, problem=problem, advice=advice)
            )
        first.setdefault(rule.id, number)


def _check_reach(reading: SheetReading, taxonomy: Taxonomy) -> None:
    """Rules that an earlier one always forestalls: the first that matches decides."""
    line = {each.code: _line(taxonomy, each.code) for each in taxonomy}
    taken: dict[str, int] = {}
    for rule, number in zip(reading.rules, reading.numbers, strict=True):
        before = [next((taken[up] for up in line[c] if up in taken), 0) for c in rule.categories]
        if before and all(before):
            problem = f"这条规则不会生效：前面的第{max(before)}行已经包括它的全部分类"
            advice = "移到那一行之前，或删去这一行"
            reading.doubts.append(
                RowFault(row=number, column="", value=rule.id, problem=problem, advice=advice)
            )
        # "@street" passes a demand on where no place is named.
        if rule.plain and rule.unit != STREET_OF_PLACE:
            for code in rule.categories:
                taken.setdefault(code, number)


def _line(taxonomy: Taxonomy, code: str) -> tuple[str, ...]:
    """A category and those above it."""
    return tuple(taxonomy.ancestor(code, level).code for level in (1, 2, 3))
