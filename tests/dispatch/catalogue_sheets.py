"""Catalogues as people keep them: rows of a table, as CSV and as a workbook."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import openpyxl

HEADER = (
    *("规则编号", "诉求分类", "关键词", "排除词", "诉求类型"),
    *("区域", "主办单位", "协办单位", "不得下派", "说明"),
)
LAMPS = {
    "规则编号": "lamps",
    "诉求分类": "路灯照明",
    "主办单位": "区住建局",
    "不得下派": "是",
    "说明": "路灯自2026年12月起由住建部门负责",
}
TOWN = {
    "规则编号": "town",
    "诉求分类": "城乡建设",
    "主办单位": "城管局",
    "协办单位": "属地街道乡镇",
}


def rows(*given: dict[str, str]) -> list[Sequence[str]]:
    """Header and rows; cells that are not given are empty."""
    return [HEADER, *([row.get(name, "") for name in HEADER] for row in given)]


def as_csv(*given: dict[str, str]) -> bytes:
    """As a text file."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows(*given))
    return text.getvalue().encode()


def as_excel(*given: dict[str, str]) -> bytes:
    """As a workbook."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in rows(*given):
        sheet.append(list(row))
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()
