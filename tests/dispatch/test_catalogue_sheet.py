"""A catalogue brought as a table: every bad cell is named, with what would be right."""

from __future__ import annotations

import pytest

from config.catalogue import STREET_OF_PLACE, Catalogue
from dispatch.directory.catalogue_sheet import CatalogueSheet, SheetReading
from dispatch.rules import Rules
from models.vocabulary import RequestType
from tests.dispatch.catalogue_sheets import LAMPS, TOWN, as_csv, as_excel

pytestmark = pytest.mark.unit


@pytest.fixture
def sheet(rules: Rules) -> CatalogueSheet:
    return CatalogueSheet(rules.departments, rules.taxonomy)


def test_the_same_rows_from_excel_and_csv(sheet: CatalogueSheet) -> None:
    excel = sheet.read("目录.xlsx", as_excel(LAMPS, TOWN))
    text = sheet.read("目录.csv", as_csv(LAMPS, TOWN))
    assert excel.rules == text.rules and not excel.faults + text.faults
    lamps, town = excel.rules
    assert (lamps.id, lamps.categories, lamps.unit, lamps.keep) == (
        *("lamps", ("C010102",), "D-ZJ", True),
    )
    assert (town.unit, town.joint, town.note) == ("D-CG", (STREET_OF_PLACE,), "由区城管局负责")


def test_units_categories_types_and_areas_by_code_name_or_nickname(sheet: CatalogueSheet) -> None:
    row = {
        "诉求分类": "C0101、市容环卫；城乡建设/园林绿化",
        "关键词": "井盖，下水道",
        "诉求类型": "投诉,HELP",
        "区域": "红湘街道 、D-Z-DYL",
        "主办单位": "蒸湘区城市管理和综合执法局",
    }
    reading = sheet.read("目录.csv", as_csv(row))
    (rule,) = reading.rules
    assert rule.categories == ("C0101", "C0102", "C0103")
    assert rule.words == ("井盖", "下水道")
    assert rule.types == (RequestType.COMPLAINT, RequestType.HELP)
    # A street with its communities: a place may be known as exactly as that.
    assert rule.areas == ("D-J-HX", "D-C-HN", "D-Z-DYL", "D-C-TQ")
    assert (rule.unit, rule.id) == ("D-CG", "R0002")


@pytest.mark.parametrize(
    ("change", "column", "problem", "advice"),
    [
        ({"主办单位": "区住键局"}, "主办单位", "不认识的单位“区住键局”", "是否应为：区住建局"),
        ({"主办单位": ""}, "主办单位", "没有填主办单位", "填单位的编码或名称"),
        ({"主办单位": "区住建局、区城管局"}, "主办单位", "只能有一个", "协办单位"),
        ({"协办单位": "区住建局"}, "协办单位", "主办单位又列为协办", "删去"),
        ({"诉求分类": "路灯照名"}, "诉求分类", "不认识的诉求分类“路灯照名”", "路灯照明"),
        ({"诉求分类": ""}, "诉求分类", "没有任何条件", "至少填一个"),
        ({"诉求类型": "抱怨"}, "诉求类型", "不认识的诉求类型“抱怨”", "投诉、举报"),
        ({"区域": "区城管局"}, "区域", "不认识的街道乡镇或社区（村）“区城管局”", "街道"),
        ({"不得下派": "可能"}, "不得下派", "既不是“是”也不是“否”", "填“是”，或留空"),
        ({"规则编号": "town"}, "规则编号", "与第2行重复", "改用另一个编号"),
        ({"说明": "长" * 501}, "说明", "有501个字，太长", "不超过500个字"),
    ],
)
def test_a_bad_cell_is_named_with_what_would_be_right(
    sheet: CatalogueSheet, change: dict[str, str], column: str, problem: str, advice: str
) -> None:
    before = TOWN | {"诉求分类": "C04"}
    reading = sheet.read("目录.csv", as_csv(before, LAMPS | change))
    (fault,) = reading.faults
    assert (fault.row, fault.column) == (3, column)
    assert problem in fault.problem and advice in fault.advice
    assert fault.text.startswith(f"第3行“{column}”：")


def test_all_bad_cells_are_told_at_once(sheet: CatalogueSheet) -> None:
    bad = LAMPS | {"规则编号": "x", "主办单位": "路灯所", "不得下派": "也许", "诉求分类": "灯"}
    faults = sheet.read("目录.xlsx", as_excel(LAMPS, bad, TOWN | {"主办单位": ""})).faults
    assert [(fault.row, fault.column) for fault in faults] == [
        (3, "主办单位"),
        (3, "诉求分类"),
        (3, "不得下派"),
        (4, "主办单位"),
    ]


def test_empty_lines_do_not_shift_the_numbers(sheet: CatalogueSheet) -> None:
    (fault,) = sheet.read("目录.csv", as_csv(LAMPS, {}, {}, LAMPS | {"主办单位": "？"})).faults
    assert fault.row == 5


def test_without_the_column_of_units_nothing_can_be_read(sheet: CatalogueSheet) -> None:
    reading = sheet.read("目录.csv", "诉求分类,颜色\n路灯照明,红\n".encode())
    assert [fault.text for fault in reading.faults] == [
        "全表“主办单位”：没有“主办单位”这一列。加上“主办单位”一列；可用的列："
        "规则编号、诉求分类、关键词、排除词、诉求类型、区域、主办单位、协办单位、不得下派、说明"
    ]
    assert reading.repairs == ["不认识的列“颜色”没有读取"]


def doubts(reading: SheetReading) -> list[int]:
    assert not reading.faults
    return [doubt.row for doubt in reading.doubts]


def test_a_rule_that_an_earlier_one_forestalls_is_doubted(sheet: CatalogueSheet) -> None:
    assert doubts(sheet.read("目录.csv", as_csv(TOWN, LAMPS))) == [3]
    assert doubts(sheet.read("目录.csv", as_csv(LAMPS, TOWN))) == []
    only_some = TOWN | {"关键词": "路灯"}
    assert doubts(sheet.read("目录.csv", as_csv(only_some, LAMPS))) == []
    where_known = TOWN | {"主办单位": "属地街道", "协办单位": ""}
    assert doubts(sheet.read("目录.csv", as_csv(where_known, LAMPS))) == []


def test_what_is_written_reads_back_the_same(sheet: CatalogueSheet, rules: Rules) -> None:
    shipped = rules.catalogues.first
    for name, content in (
        ("目录.csv", sheet.write_csv(shipped)),
        ("目录.xlsx", sheet.write_excel(shipped)),
    ):
        reading = sheet.read(name, content)
        assert reading.faults == reading.doubts == []
        assert tuple(reading.rules) == shipped.rules


def test_areas_are_written_as_the_streets_that_were_meant(sheet: CatalogueSheet) -> None:
    read = sheet.read("目录.csv", as_csv(LAMPS | {"区域": "红湘街道、土桥村"}))
    written = sheet.cells(Catalogue(version="1", rules=tuple(read.rules)))
    assert written[1][5] == "红湘街道、土桥村"
