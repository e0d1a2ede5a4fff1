"""The units that take part: read from ``departments.yaml``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from config.hours import Span, read_spans
from config.rules import RowReader, read_yaml, rule_file
from models.errors import ConfigurationError, NotFound
from models.vocabulary import Labelled

FILE = "departments.yaml"


class DepartmentKind(Labelled):
    """What sort of unit; also the groups in which units are compared."""

    DISTRICT = "district", "区直部门"
    STREET = "street", "街道乡镇"
    VERTICAL = "vertical", "垂直管理单位"
    ENTERPRISE = "enterprise", "公共服务企业"
    COMMUNITY = "community", "社区（村）"
    SECTION = "section", "内设科室"


@dataclass(frozen=True, kw_only=True)
class Department:
    """One unit. ``parent`` is the code of the unit above, None at the top."""

    code: str
    name: str
    short_name: str
    kind: DepartmentKind
    parent: str | None
    aliases: tuple[str, ...] = ()
    #: Office hours of its own on working days; empty: the city's.
    hours: tuple[Span, ...] = ()
    #: Somebody works there day and night.
    always_open: bool = False
    #: Rung when nobody is on the duty list; empty: none is known.
    duty_phone: str = ""


@dataclass(frozen=True, kw_only=True)
class Departments:
    """All units, in the order of the file."""

    version: str
    units: tuple[Department, ...]
    #: Code of the hotline centre itself.
    hotline: str
    _by_code: dict[str, Department] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._by_code.update({unit.code: unit for unit in self.units})

    def __iter__(self) -> Iterator[Department]:
        return iter(self.units)

    def __len__(self) -> int:
        return len(self.units)

    def __contains__(self, code: object) -> bool:
        return code in self._by_code

    def get(self, code: str) -> Department:
        """The unit with this code.

        :raises NotFound: when there is none.
        """
        if code not in self._by_code:
            raise NotFound(f"没有编码为 {code} 的承办单位", department=code)
        return self._by_code[code]

    def children(self, code: str) -> tuple[Department, ...]:
        """Units directly below."""
        return tuple(unit for unit in self.units if unit.parent == code)

    def level(self, code: str) -> int:
        """1 for the top (the hotline centre), 2 for the units below it, and so on."""
        return len(self.above(code)) + 1

    def above(self, code: str) -> tuple[Department, ...]:
        """Units above, the nearest first."""
        found: list[Department] = []
        while (code := self.get(code).parent or "") != "":
            found.append(self.get(code))
        return tuple(found)

    def of_kind(self, kind: DepartmentKind) -> tuple[Department, ...]:
        """Units of one kind."""
        return tuple(unit for unit in self.units if unit.kind == kind)


def load_departments(rules: Path | None = None) -> Departments:
    """Read the units. ``rules``: the city's own folder of rule files (``settings.rules``).

    :raises ConfigurationError: naming the row that is wrong.
    """
    path = rule_file(FILE, rules)
    data = read_yaml(path)
    top = RowReader(path.name, "顶层", data)
    top.only("version", "hotline", "units")
    units = tuple(_unit(path.name, n, row) for n, row in enumerate(top.rows("units"), 1))
    _check(path.name, units, top.text("hotline"))
    return Departments(version=top.text("version"), units=units, hotline=top.text("hotline"))


def _unit(file: str, number: int, row: object) -> Department:
    code = row.get("code") if isinstance(row, dict) else None
    reader = RowReader(file, f"第 {number} 个单位（{code or '无编码'}）", row)
    reader.only(
        *("code", "name", "short_name", "kind", "parent", "aliases"),
        *("hours", "always_open", "duty_phone"),
    )
    kind = reader.text("kind")
    if kind not in set(DepartmentKind):
        raise reader.error(f"kind “{kind}” 不在 {'、'.join(DepartmentKind)} 之中")
    return Department(
        code=reader.text("code"),
        name=reader.text("name"),
        short_name=reader.text("short_name", reader.text("name")),
        kind=DepartmentKind(kind),
        parent=reader.text("parent", "") or None,
        aliases=reader.texts("aliases"),
        hours=read_spans(reader, "hours"),
        always_open=reader.yes("always_open"),
        duty_phone=reader.text("duty_phone", ""),
    )


def _check(file: str, units: tuple[Department, ...], hotline: str) -> None:
    if not units:
        raise ConfigurationError(f"{file}：没有任何单位")
    seen: dict[str, Department] = {}
    for unit in units:
        if unit.code in seen:
            raise ConfigurationError(
                f"{file}：编码 {unit.code} 用了两次（{seen[unit.code].name}、{unit.name}）"
            )
        seen[unit.code] = unit
    for unit in units:
        _check_parent(file, unit, seen)
    if hotline not in seen:
        raise ConfigurationError(f"{file}：hotline 指向的 {hotline} 不存在")


def _check_parent(file: str, unit: Department, seen: dict[str, Department]) -> None:
    above, steps = unit.parent, 0
    while above is not None:
        if above not in seen:
            raise ConfigurationError(f"{file} {unit.code}（{unit.name}）：上级 {above} 不存在")
        above, steps = seen[above].parent, steps + 1
        if steps > len(seen):
            raise ConfigurationError(f"{file} {unit.code}（{unit.name}）：上级关系成环")
