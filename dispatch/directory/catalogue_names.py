"""Units, categories and types as people write them in a table: codes, names or short names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from config.catalogue import LOCAL_KINDS, STREET_OF_PLACE
from config.departments import Department, Departments
from config.taxonomy import Taxonomy
from models.vocabulary import RequestType

#: How "the street of the place" is written in a table.
STREET_LABEL = "属地街道乡镇"
_STREET_WORDS = (STREET_LABEL, "属地街道", "属地乡镇", "属地", STREET_OF_PLACE)
_LIKENESS = 0.5
#: Names offered where a cell cannot be understood.
_OFFERED = 3


class Names:
    """Every way to name one kind of thing, and what it means."""

    def __init__(
        self, kind: str, meant: Mapping[str, str], labels: Mapping[str, str], example: str
    ) -> None:
        """``meant``: name → code; ``labels``: how each code is proposed; ``example``: a right
        cell, for errors."""
        self.kind = kind
        self._meant = dict(meant)
        self._labels = dict(labels)
        self._example = example

    def code(self, said: str) -> str | None:
        """What is meant; None: nobody knows."""
        return self._meant.get(said)

    def advice(self, said: str) -> str:
        """What would be right instead."""
        near = get_close_matches(said, self._meant, n=_OFFERED, cutoff=_LIKENESS)
        near += [name for name in self._meant if said in name and name not in near]
        if said and near:
            codes = list(dict.fromkeys(self._meant[name] for name in near))[:_OFFERED]
            return f"是否应为：{'、'.join(self._labels.get(code, code) for code in codes)}"
        return f"填{self.kind}的编码或名称，如 {self._example}"


def unit_names(departments: Departments) -> Names:
    """Units that may handle a demand, and the street of the place."""
    meant = dict.fromkeys(_STREET_WORDS, STREET_OF_PLACE)
    labels = {STREET_OF_PLACE: STREET_LABEL} | _labels(departments)
    return Names("单位", meant | _named(departments), labels, "D-CG 或 区城管局")


def area_names(departments: Departments) -> Names:
    """Streets, townships and communities."""
    local = [unit for unit in departments if unit.kind in LOCAL_KINDS]
    example = local[0].short_name if local else "D-J-ZX"
    return Names("街道乡镇或社区（村）", _named(local), _labels(local), example)


def category_names(taxonomy: Taxonomy) -> Names:
    """Categories of all levels: by code, by path, and by name where only one bears it."""
    meant: dict[str, str] = {}
    for category in taxonomy:
        meant[category.code] = category.code
        for separator in "/-—>":
            meant[separator.join(category.path)] = category.code
    alone: dict[str, list[str]] = {}
    for category in taxonomy:
        alone.setdefault(category.name, []).append(category.code)
    meant |= {name: codes[0] for name, codes in alone.items() if len(codes) == 1}
    labels = {each.code: f"{'/'.join(each.path)}（{each.code}）" for each in taxonomy}
    return Names("诉求分类", meant, labels, "C010102 或 城乡建设/市政设施/路灯照明")


def type_names() -> Names:
    """Types of demands."""
    meant = {kind.value: kind.value for kind in RequestType}
    meant |= {kind.label: kind.value for kind in RequestType}
    return Names("诉求类型", meant, {kind.value: kind.label for kind in RequestType}, "投诉、举报")


def _labels(units: Iterable[Department]) -> dict[str, str]:
    return {unit.code: f"{unit.short_name}（{unit.code}）" for unit in units}


def _named(units: Iterable[Department]) -> dict[str, str]:
    """A formal name wins over another unit's nickname, and a nickname must be one unit's alone."""
    formal: dict[str, str] = {}
    nicknames: dict[str, set[str]] = {}
    for unit in units:
        formal |= dict.fromkeys((unit.code, unit.name, unit.short_name), unit.code)
        for alias in unit.aliases:
            nicknames.setdefault(alias, set()).add(unit.code)
    alone = {alias: codes.pop() for alias, codes in nicknames.items() if len(codes) == 1}
    return alone | formal
