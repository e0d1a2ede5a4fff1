"""Names of the district's places, read from ``lexicon.yaml``: a file that the city edits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from config.rules import RowReader, read_yaml, rule_file
from models.errors import ConfigurationError
from models.vocabulary import Labelled

FILE = "lexicon.yaml"


class PlaceKind(Labelled):
    """What sort of place."""

    DISTRICT = "district", "区域"
    STREET = "street", "街道乡镇"
    ROAD = "road", "道路"
    COMMUNITY = "community", "社区"
    VILLAGE = "village", "村"
    ESTATE = "estate", "小区"
    SCHOOL = "school", "学校"
    HOSPITAL = "hospital", "医院"
    MARKET = "market", "市场商圈"
    PARK = "park", "公园景区"
    STATION = "station", "车站"
    OFFICE = "office", "办事场所"
    WATER = "water", "河流水库"
    FACTORY = "factory", "厂矿园区"


@dataclass(frozen=True, kw_only=True)
class Place:
    """One place. ``unit``: the street or township it lies in; None when it spans several."""

    name: str
    kind: PlaceKind
    unit: str | None = None
    aliases: tuple[str, ...] = ()

    @property
    def spoken(self) -> tuple[str, ...]:
        """Every name that people use for it."""
        return (self.name, *self.aliases)


@dataclass(frozen=True, kw_only=True)
class Lexicon:
    """All places, and further words that belong together."""

    version: str
    places: tuple[Place, ...]
    words: tuple[str, ...] = ()


def load_lexicon(rules: Path | None = None) -> Lexicon:
    """Read the lexicon. ``rules``: the city's own folder of rule files (``settings.rules``).

    :raises ConfigurationError: naming the row that is wrong.
    """
    path = rule_file(FILE, rules)
    top = RowReader(path.name, "顶层", read_yaml(path))
    top.only("version", "places", "words")
    places = tuple(_place(path.name, n, row) for n, row in enumerate(top.rows("places"), 1))
    _check(path.name, places)
    return Lexicon(version=top.text("version"), places=places, words=top.texts("words"))


def _place(file: str, number: int, row: object) -> Place:
    name = row.get("name") if isinstance(row, dict) else None
    reader = RowReader(file, f"第 {number} 个地点（{name or '无名称'}）", row)
    reader.only("name", "kind", "unit", "aliases")
    kind = reader.text("kind")
    if kind not in set(PlaceKind):
        raise reader.error(f"kind “{kind}” 不在 {'、'.join(PlaceKind)} 之中")
    return Place(
        name=reader.text("name"),
        kind=PlaceKind(kind),
        unit=reader.text("unit", "") or None,
        aliases=reader.texts("aliases"),
    )


def _check(file: str, places: tuple[Place, ...]) -> None:
    owner: dict[str, str] = {}
    for place in places:
        for name in place.spoken:
            if owner.setdefault(name, place.name) != place.name:
                raise ConfigurationError(
                    f"{file}：“{name}” 同时指 {owner[name]} 和 {place.name}，请只留一处"
                )
            if len(name) < 2:
                raise ConfigurationError(f"{file}：地名 “{name}” 太短，至少两个字")
    names = [place.name for place in places]
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ConfigurationError(f"{file}：地点 {twice} 出现了两次")
