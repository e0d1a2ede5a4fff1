"""Articles as a table: read row by row with every fault, and written the same way."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from pydantic import ValidationError

from config.knowledge import Audience
from config.sheets import read_table
from dispatch.directory.catalogue_names import Names, category_names, unit_names
from dispatch.directory.catalogue_sheet import RowFault
from dispatch.knowledge.checking import faults_of
from dispatch.knowledge.shapes import Draft
from dispatch.rules import Rules
from dispatch.wording import problem_text
from models.tables import ArticleVersion

#: Field → its column.
COLUMNS = {
    "number": "编号",
    "title": "标题",
    "questions": "常见问法",
    "spoken": "口头答复",
    "text": "正文",
    "basis": "依据",
    "unit": "责任单位",
    "categories": "诉求分类",
    "audience": "适用对象",
    "valid_from": "生效日期",
    "valid_to": "失效日期",
    "note": "修改说明",
}
#: Columns that a table may do without.
_OPTIONAL = {"number", "basis", "audience", "valid_to", "note"}
_LINES = re.compile(r"[\n；;]+")
_BETWEEN = re.compile(r"[、，,；;\n]+")
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T].*)?")
_NUMBER = re.compile(r"K\d{4,}")
_PEOPLE = {"自然人": Audience.PERSON, "个人": Audience.PERSON, "企业": Audience.ENTERPRISE}


@dataclass(frozen=True, kw_only=True)
class ReadArticle:
    """One row. ``number`` empty: a new article."""

    row: int
    number: str
    draft: Draft


@dataclass(kw_only=True)
class SheetReading:
    """What a table gave. With faults nothing of it may be used."""

    articles: list[ReadArticle] = field(default_factory=list)
    faults: list[RowFault] = field(default_factory=list)
    repairs: list[str] = field(default_factory=list)


class KnowledgeSheet:
    """Reads and writes such tables under the units and categories of today."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._units = unit_names(rules.departments)
        self._categories = category_names(rules.taxonomy)

    def read(self, name: str, content: bytes) -> SheetReading:
        """All rows, and everything that is wrong with any of them.

        :raises UnreadableTable: when the file is no table at all.
        """
        table = read_table(name, content)
        reading = SheetReading(repairs=list(table.repairs))
        for key, column in COLUMNS.items():
            if column not in table.columns and key not in _OPTIONAL:
                advice = "先用 hotline knowledge export 导出，照它的列名填写"
                reading.faults.append(_fault(0, column, "", f"没有“{column}”列", advice))
        if reading.faults:
            return reading
        for number, row in zip(table.numbers, table.rows, strict=True):
            cells = {key: row.get(column, "").strip() for key, column in COLUMNS.items()}
            self._read_row(number, cells, reading)
        _check_numbers(reading)
        return reading

    def _read_row(self, row: int, cells: dict[str, str], reading: SheetReading) -> None:
        before = len(reading.faults)
        fields: dict[str, Any] = {
            **{key: cells[key] for key in ("title", "spoken", "text", "note")},
            "questions": _parts(_LINES, cells["questions"]),
            "basis": _parts(_LINES, cells["basis"]),
            "unit": "".join(self._codes(row, "unit", cells, self._units, reading)[:1]),
            "categories": self._codes(row, "categories", cells, self._categories, reading),
            "audience": _audience(row, cells, reading),
            "valid_from": _day(row, "valid_from", cells, reading),
            "valid_to": _day(row, "valid_to", cells, reading),
        }
        if cells["number"] and not _NUMBER.fullmatch(cells["number"]):
            advice = "填 K 加至少四位数字，新条目可留空"
            reading.faults.append(_of(row, "number", cells, "编号不合规则", advice))
        if len(reading.faults) > before:
            return
        try:
            draft = Draft.model_validate(fields)
        except ValidationError as error:
            for item in error.errors(include_url=False):
                key = str(item["loc"][0]) if item["loc"] else "valid_to"
                reading.faults.append(_of(row, key, cells, problem_text(item), "请改正后再导入"))
            return
        for wrong in faults_of(draft, self._rules):
            reading.faults.append(_of(row, wrong["field"], cells, wrong["message"], "请改正"))
        if len(reading.faults) == before:
            read = ReadArticle(row=row, number=cells["number"], draft=draft)
            reading.articles.append(read)

    def _codes(
        self, row: int, key: str, cells: dict[str, str], names: Names, reading: SheetReading
    ) -> list[str]:
        found = []
        for said in _parts(_BETWEEN, cells[key]):
            code = names.code(said)
            if code is None:
                problem = f"不认识的{names.kind}“{said}”"
                reading.faults.append(_of(row, key, cells, problem, names.advice(said)))
            else:
                found.append(code)
        if not cells[key]:
            reading.faults.append(_of(row, key, cells, "没有填写", names.advice("")))
        return list(dict.fromkeys(found))

    # --- writing --------------------------------------------------------------------------------

    def write(self, name: str, rows: Sequence[ArticleVersion]) -> bytes:
        """As a workbook for a name that ends with .xlsx, else as CSV that Excel opens right."""
        cells = [[*COLUMNS.values(), "示例"], *(self._cells(row) for row in rows)]
        if name.lower().endswith(".xlsx"):
            return _excel(cells)
        text = io.StringIO(newline="")
        csv.writer(text).writerows(cells)
        return text.getvalue().encode("utf-8-sig")

    def _cells(self, row: ArticleVersion) -> list[str]:
        shown = {
            "number": row.number,
            "title": row.title,
            "questions": "\n".join(row.questions),
            "spoken": row.spoken,
            "text": row.text.strip(),
            "basis": "\n".join(row.basis),
            "unit": self._rules.unit_name(row.unit),
            "categories": "、".join(map(self._rules.category_name, row.categories)),
            "audience": "、".join(Audience(code).label for code in row.audience),
            "valid_from": row.valid_from.isoformat(),
            "valid_to": row.valid_to.isoformat() if row.valid_to else "",
            "note": row.note,
        }
        return [_harmless(shown[key]) for key in COLUMNS] + ["是" if row.example else ""]


def _harmless(cell: str) -> str:
    """A spreadsheet must not take a text for a formula."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@") else cell


def _excel(cells: Iterable[list[str]]) -> bytes:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("知识库")
    for line in cells:
        sheet.append(line)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _parts(separator: re.Pattern[str], text: str) -> list[str]:
    return list(dict.fromkeys(part.strip() for part in separator.split(text) if part.strip()))


def _audience(row: int, cells: dict[str, str], reading: SheetReading) -> list[Audience]:
    found = []
    for said in _parts(_BETWEEN, cells["audience"]) or ["自然人"]:
        if said in _PEOPLE:
            found.append(_PEOPLE[said])
        else:
            problem = f"不认识的适用对象“{said}”"
            reading.faults.append(_of(row, "audience", cells, problem, "填“自然人”或“企业”"))
    return found


def _day(row: int, key: str, cells: dict[str, str], reading: SheetReading) -> date | None:
    said = cells[key]
    if not said and key == "valid_to":
        return None
    found = _DAY.fullmatch(said)
    try:
        if found:
            return date(*map(int, found.groups()))
    except ValueError:
        pass
    problem = f"“{said}”不是日期" if said else "没有填写"
    reading.faults.append(_of(row, key, cells, problem, "写成 2026-01-31"))
    return None


def _check_numbers(reading: SheetReading) -> None:
    first: dict[str, int] = {}
    for one in reading.articles:
        if one.number and one.number in first:
            problem = f"编号与第{first[one.number]}行重复"
            reading.faults.append(_fault(one.row, "编号", one.number, problem, "每条一个编号"))
        first.setdefault(one.number, one.row)


def _of(row: int, key: str, cells: dict[str, str], problem: str, advice: str) -> RowFault:
    return _fault(row, COLUMNS.get(key, key), cells.get(key, ""), problem, advice)


def _fault(row: int, column: str, value: str, problem: str, advice: str) -> RowFault:
    return RowFault(row=row, column=column, value=value, problem=problem, advice=advice)
