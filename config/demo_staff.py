"""People of the demonstration: read from ``demo_staff.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from config.queues import BEST_LEVEL, WORST_LEVEL
from config.rules import RowReader, read_yaml, rule_file
from models.vocabulary import Role

FILE = "demo_staff.yaml"


@dataclass(frozen=True, kw_only=True)
class DemoPerson:
    """One account to make. ``seat``: the person telephones in the browser.

    ``extension``: a fixed one, of a desk phone.
    """

    username: str
    name: str
    roles: tuple[Role, ...]
    department: str
    seat: bool = False
    extension: str | None = None
    #: Skill group of queues.yaml → level.
    skills: Mapping[str, int] = field(default_factory=dict)


def load_demo_staff(rules: Path | None = None) -> tuple[DemoPerson, ...]:
    """Read the accounts, in the order of the file.

    :raises ConfigurationError: naming the row that is wrong.
    """
    path = rule_file(FILE, rules)
    top = RowReader(path.name, "顶层", read_yaml(path))
    top.only("version", "staff")
    people = tuple(_person(path.name, n, row) for n, row in enumerate(top.rows("staff"), 1))
    names = [person.username for person in people]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise top.error(f"账号 {twice[0]} 出现了两次")
    return people


def _person(file: str, number: int, row: object) -> DemoPerson:
    reader = RowReader(file, f"第 {number} 个账号", row)
    reader.only("username", "name", "roles", "department", "seat", "extension", "skills")
    codes = reader.texts("roles")
    if not codes or any(code not in {role.value for role in Role} for code in codes):
        raise reader.error("roles 应是岗位编码的列表，如 [AGENT]")
    seat = isinstance(row, dict) and row.get("seat") is True
    return DemoPerson(
        username=reader.text("username"),
        name=reader.text("name"),
        roles=tuple(Role(code) for code in codes),
        department=reader.text("department"),
        seat=seat,
        extension=reader.text("extension", "") or None,
        skills=_skills(reader.row("skills", f"第 {number} 个账号的 skills")),
    )


def _skills(row: RowReader) -> dict[str, int]:
    return {code: int(row.number(code, least=BEST_LEVEL, most=WORST_LEVEL)) for code in row.names}
