"""Reading a city's own tables: CSV in the encodings and separators that occur, and xlsx.

What had to be repaired on the way is kept in ``remarks``, to be shown to whoever gave the file.
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.errors import HotlineError

#: A byte order mark decides at once; without one the first that fits is taken.
_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
#: GB 18030 contains GBK and GB 2312: what Excel and older systems write.
_SEPARATORS = ",\t;|"
#: Share of broken bytes up to which a file is read with holes rather than refused.
_BROKEN_AT_MOST = 0.001


class BadTable(HotlineError):
    """A table cannot be used."""

    code = "bad-table"
    title = "数据表有误"


@dataclass(frozen=True, kw_only=True)
class TableIn:
    """A table as texts. ``numbers[i]`` is the line of the file in which ``rows[i]`` begins."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: tuple[int, ...]
    #: What was repaired, in sentences.
    remarks: tuple[str, ...] = ()

    def column(self, name: str) -> list[str]:
        """All values of a column, in order.

        :raises BadTable: when there is no such column.
        """
        place = self._place(name)
        return [row[place] for row in self.rows]

    def joined(self, names: Sequence[str]) -> list[str]:
        """The values of several columns of each row, one below the other; empty ones left out.

        :raises BadTable: when one of them does not exist.
        """
        places = [self._place(name) for name in names]
        return ["\n".join(row[i] for i in places if row[i]) for row in self.rows]

    def _place(self, name: str) -> int:
        if name not in self.columns:
            known = "、".join(column or "（无名）" for column in self.columns)
            raise BadTable(f"{self.name} 没有名为“{name}”的列；文件中的列：{known}")
        return self.columns.index(name)


def read_table(path: Path) -> TableIn:
    """Read a CSV or xlsx file with a heading line. Values are stripped of blanks around them.

    :raises BadTable: saying what is wrong with the file.
    """
    if not path.is_file():
        raise BadTable(f"找不到文件 {path}")
    raw = path.read_bytes()
    if not raw.strip():
        raise BadTable(f"{path.name} 是空文件")
    if raw.startswith(b"PK\x03\x04"):
        return _table(path.name, _sheet_lines(path.name, raw), [])
    if raw.startswith(b"\xd0\xcf\x11\xe0"):
        raise BadTable(f"{path.name} 是旧版 Excel（xls）文件，请另存为 xlsx 或 CSV")
    text, remarks = decode(path.name, raw)
    return _table(path.name, _csv_lines(path.name, text), remarks)


def decode(name: str, raw: bytes) -> tuple[str, list[str]]:
    """The text of a file, and what was assumed or repaired.

    :raises BadTable: when it is in no known encoding.
    """
    for mark, encoding in _MARKS.items():
        if raw.startswith(mark):
            return _decode_as(name, raw, encoding)
    for encoding in ("utf-8", "gb18030"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        return text, [] if encoding == "utf-8" else [f"{name} 按 GBK（GB18030）编码读取"]
    return _decode_as(name, raw, _nearer(raw))


def _decode_as(name: str, raw: bytes, encoding: str) -> tuple[str, list[str]]:
    text = raw.decode(encoding, errors="replace").removeprefix("\ufeff")
    broken = text.count("\ufffd")
    if broken > max(1, len(text) * _BROKEN_AT_MOST):
        raise BadTable(f"{name} 的编码无法识别，请另存为 UTF-8 或 GBK 编码的 CSV")
    label = "GBK（GB18030）" if encoding == "gb18030" else encoding.removesuffix("-sig").upper()
    remarks = [f"{name} 按 {label} 编码读取"] if encoding not in ("utf-8-sig", "utf-8") else []
    if broken:
        remarks.append(f"{name} 有 {broken} 处损坏的字符，已用“\ufffd”代替")
    return text, remarks


def _nearer(raw: bytes) -> str:
    """The encoding in which fewer characters are broken."""

    def broken(encoding: str) -> int:
        return raw.decode(encoding, errors="replace").count("\ufffd")

    return min(("utf-8", "gb18030"), key=broken)


Line = tuple[int, list[str]]


def _csv_lines(name: str, text: str) -> Iterator[Line]:
    """Lines with their number in the file; quoted values may go over several."""
    if "\0" in text:
        raise BadTable(f"{name} 不是文本文件")
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    heading = text.lstrip("\r\n").splitlines()[0] if text.strip() else ""
    separator = max(_SEPARATORS, key=heading.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    first = 1
    try:
        for values in reader:
            yield first, values
            first = reader.line_num + 1
    except csv.Error as error:
        raise BadTable(f"{name} 第 {reader.line_num} 行不是有效的 CSV：{error}") from error


def _sheet_lines(name: str, raw: bytes) -> Iterator[Line]:
    """Lines of the first sheet."""
    from openpyxl import load_workbook  # slow to import, seldom needed

    try:
        sheet = load_workbook(io.BytesIO(raw), read_only=True, data_only=True).worksheets[0]
        for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
            yield number, [_cell(value) for value in row]
    except Exception as error:  # a damaged archive may fail in any way
        raise BadTable(f"{name} 不是可读的 xlsx 文件（{type(error).__name__}）") from error


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _table(name: str, lines: Iterator[Line], remarks: list[str]) -> TableIn:
    filled = ((number, [value.strip() for value in line]) for number, line in lines)
    kept = [(number, line) for number, line in filled if any(line)]
    if not kept:
        raise BadTable(f"{name} 是空文件")
    columns = _columns(name, kept[0][1])
    rows = kept[1:]
    if not rows:
        raise BadTable(f"{name} 只有表头，没有数据")
    odd = [number for number, line in rows if len(line) != len(columns)]
    if odd:
        remarks = [*remarks, f"{name} 有 {len(odd)} 行的列数与表头不同（首处第 {odd[0]} 行）"]
    return TableIn(
        name=name,
        columns=columns,
        rows=tuple(tuple(_fitted(line, len(columns))) for _, line in rows),
        numbers=tuple(number for number, _ in rows),
        remarks=tuple(remarks),
    )


def _columns(name: str, heading: list[str]) -> tuple[str, ...]:
    while heading and not heading[-1]:
        heading = heading[:-1]
    doubled = sorted({column for column in heading if column and heading.count(column) > 1})
    if doubled:
        raise BadTable(f"{name} 的表头有重名的列：{'、'.join(doubled)}")
    return tuple(heading)


def _fitted(line: list[str], width: int) -> list[str]:
    return [*line[:width], *[""] * (width - len(line))]
