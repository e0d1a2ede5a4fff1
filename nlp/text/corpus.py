"""Labelled texts: reading them, and which of them training must not see."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.departments import Departments
from config.taxonomy import Taxonomy
from models.errors import HotlineError
from models.vocabulary import RequestType, Urgency

#: One row in this many is kept for testing.
HELD_OUT_ONE_IN = 5
#: Ids of rows that are the city's own begin so: its orders, and the tables that it imports.
ORDER_ID, IMPORTED_ID = "order-", "row-"


class CorpusError(HotlineError):
    """A row of a corpus cannot be used."""

    code = "corpus"
    title = "语料有误"


@dataclass(frozen=True, kw_only=True)
class LabelledText:
    """One text with the labels that a person gave it."""

    id: str
    text: str
    request_type: RequestType
    category: str
    department: str
    urgency: Urgency = Urgency.NORMAL

    @property
    def held_out(self) -> bool:
        """Whether it is for testing only.

        Decided by the id alone, so that neither a new row nor another order moves it.
        """
        digest = hashlib.sha256(self.id.encode()).digest()
        return int.from_bytes(digest[:4], "big") % HELD_OUT_ONE_IN == 0


def read_corpus(
    paths: Iterable[Path], taxonomy: Taxonomy, departments: Departments
) -> list[LabelledText]:
    """Read JSONL files.

    :raises CorpusError: naming file and line of the first row that is wrong.
    """
    rows: list[LabelledText] = []
    seen: dict[str, str] = {}
    for path in paths:
        for number, line in enumerate(_lines(path), 1):
            if not line.strip():
                continue
            where = f"{path.name} 第 {number} 行"
            row = _row(where, line, taxonomy, departments)
            if row.id in seen:
                raise CorpusError(f"{where}：id {row.id} 已在 {seen[row.id]} 出现")
            seen[row.id] = where
            rows.append(row)
    if not rows:
        raise CorpusError("语料为空，没有可以训练的内容")
    return rows


def corpus_hash(rows: Iterable[LabelledText]) -> str:
    """SHA-256 over ids, texts and labels, whatever the order of rows."""
    digest = hashlib.sha256()
    for row in sorted(rows, key=lambda row: row.id):
        parts = (row.id, row.text, row.request_type, row.category, row.department, row.urgency)
        digest.update(json.dumps(parts, ensure_ascii=False).encode())
    return digest.hexdigest()


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"语料文件 {path} 无法读取：{error}") from error


def _row(where: str, line: str, taxonomy: Taxonomy, departments: Departments) -> LabelledText:
    try:
        data = json.loads(line)
    except json.JSONDecodeError as error:
        raise CorpusError(f"{where}：不是有效的 JSON（{error.msg}）") from error
    if not isinstance(data, dict):
        raise CorpusError(f"{where}：应是一个 JSON 对象")
    category = _field(where, data, "category")
    department = _field(where, data, "department")
    if category not in taxonomy or not taxonomy.get(category).is_leaf:
        raise CorpusError(f"{where}：分类 {category} 不是现行分类的末级")
    if department not in departments:
        raise CorpusError(f"{where}：承办单位 {department} 不存在")
    return LabelledText(
        id=_field(where, data, "id"),
        text=_field(where, data, "text"),
        request_type=RequestType(_code(where, data, "request_type", set(RequestType))),
        category=category,
        department=department,
        urgency=Urgency(_code(where, {"urgency": "NORMAL", **data}, "urgency", set(Urgency))),
    )


def _field(where: str, data: dict[str, Any], key: str) -> str:
    value = data.get(key)
    if not isinstance(value, str) or not value.strip():
        raise CorpusError(f"{where}：缺少 {key}，或不是文字")
    return value


def _code(where: str, data: dict[str, Any], key: str, allowed: set[Any]) -> str:
    value = _field(where, data, key)
    if value not in allowed:
        raise CorpusError(f"{where}：{key} “{value}” 不在 {'、'.join(sorted(allowed))} 之中")
    return value
