"""Tables that people bring: CSV or Excel in any usual encoding, with a word on every repair."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from models.errors import InvalidInput

#: A cell may hold a long letter with its attachments' text.
_LONGEST_CELL = 50_000_000
_EXCEL = (".xlsx", ".xlsm")
#: Names shown of many.
_SHOWN = 12
#: What stands for bytes that are no character, and up to which share of them a file is damaged
#: rather than of another encoding.
_BROKEN, _FEW_BROKEN = "\ufffd", 0.005
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


class UnreadableTable(InvalidInput):
    """A file that is no table, or an empty one."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows as they stand, and what had to be mended to read them (in Chinese)."""

    name: str
    columns: tuple[str, ...]
    rows: list[dict[str, str]]
    #: The number of each row as a spreadsheet shows it; the header is row 1.
    numbers: list[int]
    repairs: list[str] = field(default_factory=list)


def read_table(name: str, content: bytes) -> Table:
    """Read a file with a header line; the ending of ``name`` tells Excel from text.

    :raises UnreadableTable: when it cannot be read, or is empty.
    """
    if not content.strip():
        raise UnreadableTable(f"{name} 是空文件")
    excel = PurePath(name).suffix.lower() in _EXCEL
    lines, repairs = _excel_lines(name, content) if excel else _csv_lines(name, content)
    header = [str(column).strip() for column in next(lines, [])]
    if not any(header):
        raise UnreadableTable(f"{name} 没有表头，第一行应是各列的名称")
    if twice := [column for column, n in Counter(header).items() if n > 1 and column]:
        repairs.append(f"列名“{'”“'.join(twice)}”重复，只用最左边的一列")
    filled = [(n, row) for n, row in enumerate(lines, 2) if any(cell.strip() for cell in row)]
    if not filled:
        raise UnreadableTable(f"{name} 只有表头（{named_columns(header)}），没有数据")
    return Table(
        name=name,
        columns=tuple(header),
        rows=[_row(header, cells) for _, cells in filled],
        numbers=[number for number, _ in filled],
        repairs=repairs,
    )


def named_columns(columns: Sequence[str]) -> str:
    """Columns for a message, not too many."""
    names = [name for name in columns if name]
    more = f" 等 {len(names)} 列" if len(names) > _SHOWN else ""
    return "、".join(names[:_SHOWN]) + more


def _row(header: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    row = dict.fromkeys(header, "")
    for name, cell in reversed(list(zip(header, cells, strict=False))):
        row[name] = cell
    return row


def _csv_lines(name: str, content: bytes) -> tuple[Iterator[list[str]], list[str]]:
    text, repairs = _decoded(name, content)
    if "\0" in text:
        text = text.replace("\0", "")
        repairs.append("文件中有空字符，已去掉")
    csv.field_size_limit(_LONGEST_CELL)
    first = text.split("\n", 1)[0]
    separator = max(",\t;", key=first.count)
    if separator != ",":
        repairs.append(f"各列以{'制表符' if separator == chr(9) else '分号'}分隔，已照此读取")
    return _checked(name, csv.reader(io.StringIO(text, newline=""), delimiter=separator)), repairs


def _checked(name: str, lines: Iterator[list[str]]) -> Iterator[list[str]]:
    number = 0
    while True:
        number += 1
        try:
            line = next(lines, None)
        except csv.Error as error:
            raise UnreadableTable(f"{name} 第 {number} 行不合 CSV 格式：{error}") from error
        if line is None:
            return
        yield line


def _decoded(name: str, content: bytes) -> tuple[str, list[str]]:
    """The text, and what was done when it was no plain UTF-8."""
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            said = [] if encoding == "utf-8-sig" else ["文件编码是 UTF-16，已照此读取"]
            return _strict(name, content, encoding), said
    if bare := _bare_utf16(content):
        return _strict(name, content, bare), ["文件编码是 UTF-16（没有标记），已照此读取"]
    for encoding, told in (
        ("utf-8", None),
        ("gb18030", "文件编码不是 UTF-8，已按 GBK（GB18030）读取"),
    ):
        text = content.decode(encoding, errors="replace")
        if (broken := text.count(_BROKEN)) > _FEW_BROKEN * len(text):
            continue
        said = [told] if told else []
        if broken:
            said.append(f"文件中有 {broken} 处字节损坏（{_where(text)}起），已略去这些字")
        return text.replace(_BROKEN, ""), said
    raise UnreadableTable(
        f"{name} 的编码无法识别（不是 UTF-8、GB18030 或 UTF-16），请另存为 UTF-8 后再试"
    )


def _where(text: str) -> str:
    return f"第 {text.count(chr(10), 0, text.index(_BROKEN)) + 1} 行"


def _strict(name: str, content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise UnreadableTable(
            f"{name} 开头标明是 {encoding}，内容却不是：{error.reason}"
        ) from error


def _bare_utf16(content: bytes) -> str | None:
    """UTF-16 without a mark: every other byte of separators and line ends is zero."""
    sample = content[:4000]
    if b"\n\0" in sample and sample.count(b",\0") + sample.count(b"\n\0") >= 2:
        return "utf-16-le"
    if b"\0\n" in sample and sample.count(b"\0,") + sample.count(b"\0\n") >= 2:
        return "utf-16-be"
    return None


def _excel_lines(name: str, content: bytes) -> tuple[Iterator[list[str]], list[str]]:
    from openpyxl import load_workbook  # only for those who bring such a file

    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    except Exception as error:
        # openpyxl lets through whatever the damaged archive made of it.
        raise UnreadableTable(f"{name} 不是可读的 Excel 文件：{error}") from error
    sheet = book.worksheets[0]
    others = len(book.worksheets) - 1
    repairs = [f"只读取第一张工作表“{sheet.title}”，另有 {others} 张未读"] if others else []
    rows = [[_cell(value) for value in row] for row in sheet.iter_rows(values_only=True)]
    book.close()
    return iter(rows), repairs


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
