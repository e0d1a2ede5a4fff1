"""A city's own labelled rows, from CSV or Excel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from config import sheets
from config.sheets import Table, named_columns
from nlp.text.corpus import CorpusError
from nlp.text.features import pieces, plain

#: From this share of rows on a file counts as cut into words.
_MOSTLY = 0.8


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
    try:
        return sheets.read_table(path.name, content)
    except sheets.UnreadableTable as error:
        raise CorpusError(str(error)) from error


def _require(table: Table, wanted: Iterable[str]) -> None:
    missing = [column for column in wanted if column not in table.columns]
    if missing:
        raise CorpusError(
            f"{table.name} 没有列“{'”“'.join(missing)}”；文件里有：{named_columns(table.columns)}"
        )


def _joined(row: dict[str, str], columns: Sequence[str]) -> str:
    return "。".join(part for column in columns if (part := row[column].strip()))


def _mostly_pieces(texts: Iterable[str]) -> bool:
    """Whether the texts that are long enough to tell were cut into words."""
    told = [pieces(text) is not None for text in texts if len(plain(text)) >= 8]
    return bool(told) and sum(told) >= _MOSTLY * len(told)
