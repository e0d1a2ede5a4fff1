"""Who works in the measurement: the office and three hundred units with a clerk each; the rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from config.departments import Department, DepartmentKind
from config.settings import Settings
from dispatch.rules import Rules, load_rules
from models.guards import Actor
from models.tables import Staff
from models.vocabulary import Role

UNITS = 300
#: Units that the hotline gives orders to; the others stand below them, four each.
TOP_UNITS = 60
_BELOW = (UNITS - TOP_UNITS) // TOP_UNITS

AGENT, DISPATCHER, AUDITOR, FOLLOW_UP, LEADER = (
    Actor(
        id=f"bench-{role.value.lower()}",
        name=f"测量{role.label}",
        roles=frozenset({role}),
        department="D-HL",
        address="10.0.0.8",
    )
    for role in (Role.AGENT, Role.DISPATCHER, Role.AUDITOR, Role.FOLLOW_UP, Role.SHIFT_LEADER)
)


def unit_code(number: int) -> str:
    """Code of a made unit, 1 to :data:`UNITS`; 0 is the one that patterns are made with."""
    return f"B-U{number:03d}"


def unit_name(number: int) -> str:
    """Its name."""
    return f"单位{number:03d}"


def clerk_id(number: int) -> str:
    """Account of its clerk."""
    return f"bench-unit-{number:03d}"


def clerk(number: int) -> Actor:
    """Who works there."""
    return Actor(
        id=clerk_id(number),
        name=f"{unit_name(number)}经办",
        roles=frozenset({Role.UNIT_CLERK}),
        department=unit_code(number),
        address="10.0.0.9",
    )


def bench_rules() -> Rules:
    """The shipped rule files, and the made units."""
    shipped = load_rules(Settings(var=Path("/nonexistent")))
    units = (*shipped.departments.units, *(_unit(number) for number in range(UNITS + 1)))
    return replace(shipped, departments=replace(shipped.departments, units=units, _by_code={}))


def _unit(number: int) -> Department:
    top = number <= TOP_UNITS
    above = "D-HL" if top else unit_code((number - TOP_UNITS - 1) // _BELOW + 1)
    return Department(
        code=unit_code(number),
        name=f"测量{unit_name(number)}",
        short_name=unit_name(number),
        kind=DepartmentKind.DISTRICT if top else DepartmentKind.SECTION,
        parent=above,
    )


def accounts(at: datetime) -> Iterator[Staff]:
    """Rows of everybody."""
    office = (AGENT, DISPATCHER, AUDITOR, FOLLOW_UP, LEADER)
    for actor in (*office, *(clerk(number) for number in range(UNITS + 1))):
        yield Staff(
            id=actor.id,
            username=actor.id,
            name=actor.name,
            password_hash="",
            roles=[role.value for role in actor.roles],
            department=actor.department,
            created_at=at,
        )
