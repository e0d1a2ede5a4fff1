"""A pool of texts with their ids, and which of them are most like a given one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from config.sheets import Table
from models.errors import HotlineError
from nlp.similar.index import THOROUGH, Reach, SimilarIndex
from nlp.text.tables import read_table

#: From this many texts on the index keeps of each what a million allow.
_MANY = 200_000


class BadPool(HotlineError):
    """A file cannot serve as a pool of texts."""

    code = "bad-pool"
    title = "检索库有误"


@dataclass(frozen=True)
class Similar:
    """One text of the pool. ``score``: 1 for the same text, 0 for nothing in common."""

    id: str
    score: float


class Pool:
    """Texts that may be searched; immutable."""

    def __init__(self, ids: Sequence[str], texts: Sequence[str], reach: Reach | None = None):
        self._ids = list(ids)
        self._rows_of_one = max(Counter(ids).values(), default=0)
        many = len(texts) > _MANY
        self._index = SimilarIndex(reach or (Reach() if many else THOROUGH))
        self._index.add(texts)
        self._index.compact()

    def __len__(self) -> int:
        """How many texts."""
        return len(self._ids)

    def similar(self, text: str, *, leave_out: str = "", limit: int = 10) -> list[Similar]:
        """The most alike, the best first; never the one whose id is ``leave_out``."""
        best: dict[str, float] = {}
        for hit in self._index.search(text, (limit + 1) * self._rows_of_one):
            best.setdefault(self._ids[hit.doc], hit.score)
        best.pop(leave_out, None)
        return [Similar(name, score) for name, score in best.items()][:limit]


def read_pool(path: Path, id_column: str, text_columns: Sequence[str]) -> tuple[Pool, list[str]]:
    """The pool of a CSV or xlsx file, and what had to be repaired, in sentences.

    :raises CorpusError: when the file cannot be read.
    :raises BadPool: when a column is missing or holds nothing.
    """
    table = read_table(path)
    _require(table, [id_column, *text_columns])
    ids, texts, remarks = _rows(table, id_column, text_columns)
    return Pool(ids, texts), [*table.repairs, *remarks]


def _require(table: Table, wanted: Sequence[str]) -> None:
    missing = [name for name in dict.fromkeys(wanted) if name not in table.columns]
    if missing:
        known = "、".join(name for name in table.columns if name)
        raise BadPool(f"{table.name} 没有列“{'”“'.join(missing)}”；文件里有：{known}")


def _rows(
    table: Table, id_column: str, text_columns: Sequence[str]
) -> tuple[list[str], list[str], list[str]]:
    """Ids, texts, remarks. Of rows with one id and different texts all are kept: each may match."""
    ids, texts = [], []
    seen = set[tuple[str, str]]()
    nameless = 0
    for row in table.rows:
        name = row[id_column].strip()
        text = "\n".join(part for column in text_columns if (part := row[column].strip()))
        if not name:
            nameless += 1
        elif (name, text) not in seen:
            seen.add((name, text))
            ids.append(name)
            texts.append(text)
    if not any(texts):
        columns = "”“".join([id_column, *text_columns])
        raise BadPool(f"{table.name} 的“{columns}”没有一行都有内容")
    same = len(table.rows) - nameless - len(ids)
    return ids, texts, _remarks(ids, nameless, same, texts.count(""))


def _remarks(ids: list[str], nameless: int, same: int, empty: int) -> list[str]:
    told = []
    if nameless:
        told.append(f"{nameless} 行没有编号，已略去")
    if same:
        told.append(f"{same} 行与前面的行编号、内容都相同，只用一次")
    if doubled := [name for name, rows in Counter(ids).items() if rows > 1]:
        shown = "、".join(doubled[:5])
        told.append(f"{len(doubled)} 个编号有几行不同的内容（如 {shown}），结果中只列一次")
    if empty:
        told.append(f"{empty} 行没有正文，检索不到")
    return told
