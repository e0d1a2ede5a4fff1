"""A city's own labelled rows: CSV or Excel in any usual encoding, with a word on every repair."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nlp.text.corpus import CorpusError
from nlp.text.features import pieces, plain

#: A cell may hold a long letter with its attachments' text.
_LONGEST_CELL = 50_000_000
_EXCEL = (".xlsx", ".xlsm")
#: Names shown of many.
_SHOWN = 12
#: From this share of rows on a file counts as cut into words.
_MOSTLY = 0.8
#: What stands for bytes that are no character, and up to which share of them a file is damaged
#: rather than of another encoding.
_BROKEN, _FEW_BROKEN = "\ufffd", 0.005
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows as they stand, and what had to be mended to read them (in Chinese)."""

    name: str
    columns: tuple[str, ...]
    rows: list[dict[str, str]]
    repairs: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Example:
    """One text with the label that people gave it."""

    text: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Examples:
    """What can be learned from or measured on. ``tokenised``: the texts came cut into words."""

    rows: list[Example]
    tokenised: bool
    repairs: list[str]

    @property
    def counts(self) -> Counter[str]:
        """Rows of each label."""
        return Counter(row.label for row in self.rows)


def read_examples(path: Path, text_columns: Sequence[str], label_column: str) -> Examples:
    """Text and label of every row that has both; several text columns are joined.

    :raises CorpusError: naming what the file holds instead of what was asked for.
    """
    table = read_table(path)
    _require(table, [*text_columns, label_column])
    repairs = list(table.repairs)
    rows = [
        Example(text=text, label=row[label_column].strip())
        for row in table.rows
        if (text := _joined(row, text_columns)) and row[label_column].strip()
    ]
    if not rows:
        raise CorpusError(
            f"{table.name} 没有可用的行：共 {len(table.rows)} 行，"
            f"“{'”“'.join(text_columns)}”和“{label_column}”不同时有内容"
        )
    if passed := len(table.rows) - len(rows):
        repairs.append(f"{passed} 行缺少正文或标签，已略去")
    tokenised = _mostly_pieces(row.text for row in rows)
    if tokenised:
        repairs.append("正文看来已分词（词间有空格或逗号），已按所给的词连接成文")
    return Examples(rows=rows, tokenised=tokenised, repairs=repairs)


def read_table(path: Path) -> Table:
    """Read a file with a header line.

    :raises CorpusError: when it cannot be read, or is empty.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CorpusError(f"{path} 无法读取：{error.strerror or error}") from error
    if not content.strip():
        raise CorpusError(f"{path.name} 是空文件")
    excel = path.suffix.lower() in _EXCEL
    lines, repairs = _excel_lines(path) if excel else _csv_lines(path.name, content)
    header = [str(name).strip() for name in next(lines, [])]
    if not any(header):
        raise CorpusError(f"{path.name} 没有表头，第一行应是各列的名称")
    if twice := [name for name, n in Counter(header).items() if n > 1 and name]:
        repairs.append(f"列名“{'”“'.join(twice)}”重复，只用最左边的一列")
    rows = [_row(header, cells) for cells in lines if any(cell.strip() for cell in cells)]
    if not rows:
        raise CorpusError(f"{path.name} 只有表头（{_named(header)}），没有数据")
    return Table(name=path.name, columns=tuple(header), rows=rows, repairs=repairs)


def _require(table: Table, wanted: Iterable[str]) -> None:
    missing = [column for column in wanted if column not in table.columns]
    if missing:
        raise CorpusError(
            f"{table.name} 没有列“{'”“'.join(missing)}”；文件里有：{_named(table.columns)}"
        )


def _row(header: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    row = dict.fromkeys(header, "")
    for name, cell in reversed(list(zip(header, cells, strict=False))):
        row[name] = cell
    return row


def _joined(row: dict[str, str], columns: Sequence[str]) -> str:
    return "。".join(part for column in columns if (part := row[column].strip()))


def _mostly_pieces(texts: Iterable[str]) -> bool:
    """Whether the texts that are long enough to tell were cut into words."""
    told = [pieces(text) is not None for text in texts if len(plain(text)) >= 8]
    return bool(told) and sum(told) >= _MOSTLY * len(told)


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
            raise CorpusError(f"{name} 第 {number} 行不合 CSV 格式：{error}") from error
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
    raise CorpusError(
        f"{name} 的编码无法识别（不是 UTF-8、GB18030 或 UTF-16），请另存为 UTF-8 后再试"
    )


def _where(text: str) -> str:
    return f"第 {text.count(chr(10), 0, text.index(_BROKEN)) + 1} 行"


def _strict(name: str, content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise CorpusError(f"{name} 开头标明是 {encoding}，内容却不是：{error.reason}") from error


def _bare_utf16(content: bytes) -> str | None:
    """UTF-16 without a mark: every other byte of separators and line ends is zero."""
    sample = content[:4000]
    if b"\n\0" in sample and sample.count(b",\0") + sample.count(b"\n\0") >= 2:
        return "utf-16-le"
    if b"\0\n" in sample and sample.count(b"\0,") + sample.count(b"\0\n") >= 2:
        return "utf-16-be"
    return None


def _excel_lines(path: Path) -> tuple[Iterator[list[str]], list[str]]:
    from openpyxl import load_workbook  # only for those who bring such a file

    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except Exception as error:
        # openpyxl lets through whatever the damaged archive made of it.
        raise CorpusError(f"{path.name} 不是可读的 Excel 文件：{error}") from error
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


def _named(columns: Sequence[str]) -> str:
    names = [name for name in columns if name]
    more = f" 等 {len(names)} 列" if len(names) > _SHOWN else ""
    return "、".join(names[:_SHOWN]) + more
