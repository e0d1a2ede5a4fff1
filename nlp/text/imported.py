"""A city's own history as rows of the corpus: a table with text, type, category and unit."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from config.departments import Departments
from config.taxonomy import Taxonomy
from models.vocabulary import RequestType, Urgency
from nlp.text.corpus import IMPORTED_ID, CorpusError, LabelledText
from nlp.text.tables import read_table

#: Column names that are understood, the first that is there counts.
_COLUMNS = {
    "text": ("text", "正文", "内容", "诉求内容", "来电内容"),
    "request_type": ("request_type", "type", "类型", "诉求类型"),
    "category": ("category", "分类", "诉求分类"),
    "department": ("department", "unit", "单位", "承办单位", "主办单位"),
}
_TITLES = {
    "text": "正文",
    "request_type": "诉求类型",
    "category": "诉求分类",
    "department": "承办单位",
}
#: So many bad rows are named; of the others the number.
_NAMED = 20
_PATH_MARKS = ("/", ">", "／", "－", "→")


@dataclass(frozen=True, kw_only=True)
class Imported:
    """Rows to learn from, and what was wrong with the others, one sentence each."""

    rows: list[LabelledText]
    faults: list[str]


def read_rows(path: Path, taxonomy: Taxonomy, departments: Departments) -> Imported:
    """Each row whose four fields are known; codes and names are taken alike.

    A category is its code, its full path (城乡建设/供水/水压不足) or, where only one leaf is called
    so, its name. The same text said twice counts once.

    :raises CorpusError: when a column is missing, or no row is good.
    """
    table = read_table(path)
    columns = _columns_of(table.name, table.columns)
    reader = _Reader(taxonomy, departments)
    rows: dict[str, LabelledText] = {}
    faults: list[str] = list(table.repairs)
    for number, row in zip(table.numbers, table.rows, strict=True):
        try:
            found = reader.row({field: row[name].strip() for field, name in columns.items()})
            rows.setdefault(found.id, found)
        except CorpusError as error:
            faults.append(f"第 {number} 行：{error}")
    if not rows:
        raise CorpusError(f"{table.name} 没有一行可用。{'；'.join(faults[:3])}")
    return Imported(rows=list(rows.values()), faults=_shortened(faults))


def _columns_of(file: str, there: Iterable[str]) -> dict[str, str]:
    present = set(there)
    found = {
        field: next((name for name in names if name in present), "")
        for field, names in _COLUMNS.items()
    }
    if missing := [_TITLES[field] for field, name in found.items() if not name]:
        wanted = "、".join(missing)
        raise CorpusError(f"{file} 缺少列：{wanted}；文件里有：{'、'.join(sorted(present))}")
    return found


def _shortened(faults: list[str]) -> list[str]:
    more = len(faults) - _NAMED
    return [*faults[:_NAMED], f"还有 {more} 行有误"] if more > 0 else faults


class _Reader:
    """Names and codes to labels."""

    def __init__(self, taxonomy: Taxonomy, departments: Departments) -> None:
        self._types = _by_name((kind.value, kind.label, kind.value) for kind in RequestType)
        self._units = _by_name(
            (unit.code, name, unit.code)
            for unit in departments
            for name in (unit.name, unit.short_name, *unit.aliases)
        )
        leaves = taxonomy.leaves
        self._leaves = _by_name((leaf.code, leaf.name, leaf.code) for leaf in leaves)
        self._leaves |= {"/".join(leaf.path): leaf.code for leaf in leaves}

    def row(self, given: dict[str, str]) -> LabelledText:
        """One row.

        :raises CorpusError: saying what is wrong with it.
        """
        if not given["text"]:
            raise CorpusError("没有正文")
        return LabelledText(
            id=f"{IMPORTED_ID}{hashlib.sha256(given['text'].encode()).hexdigest()[:24]}",
            text=given["text"],
            request_type=RequestType(_known(self._types, "request_type", given["request_type"])),
            category=_known(self._leaves, "category", _path(given["category"])),
            department=_known(self._units, "department", given["department"]),
            urgency=Urgency.NORMAL,
        )


def _path(text: str) -> str:
    for mark in _PATH_MARKS:
        text = text.replace(mark, "/")
    return "/".join(part.strip() for part in text.split("/"))


def _by_name(entries: Iterable[tuple[str, str, str]]) -> dict[str, str]:
    """Codes for codes and names; a name that several share means none of them."""
    found: dict[str, str] = {}
    shared: set[str] = set()
    for code, name, value in entries:
        found[code] = value
        if found.setdefault(name, value) != value:
            shared.add(name)
    return {name: value for name, value in found.items() if name not in shared}


def _known(labels: dict[str, str], field: str, given: str) -> str:
    if given not in labels:
        said = f"“{given}”不存在，或有重名" if given else "为空"
        raise CorpusError(f"{_TITLES[field]}{said}")
    return labels[given]
