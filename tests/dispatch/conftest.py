"""A hotline centre on paper: staff, rules, a clock that is moved by hand, an empty database."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest

from config.demo_staff import load_demo_staff
from config.departments import Department, DepartmentKind
from config.settings import Settings
from dispatch.rules import Rules, load_rules
from dispatch.service import OrderService
from models.clock import ManualClock
from models.guards import Actor
from models.ids import new_id
from models.store import Store
from models.tables import Staff
from models.vocabulary import Role
from tests.dispatch.desk import FRIDAY, Desk
from tests.support.postgres import Postgres


@pytest.fixture(scope="session")
def rules() -> Rules:
    """The rules of the desk."""
    return desk_rules()


def desk_rules() -> Rules:
    """The shipped rule files, and units far enough below the street-lamp office's section."""
    shipped = load_rules(Settings(var=Path("/nonexistent")))
    units = (*shipped.departments.units, *deep_units())
    return replace(shipped, departments=replace(shipped.departments, units=units, _by_code={}))


#: Units below 区城管局, each under the one before; the last two are made for tests.
DEEP = ("D-CG", "D-CG-SZ", "D-CG-SZ-1", "D-CG-SZ-1-A", "D-CG-SZ-1-A-1")


def deep_units() -> list[Department]:
    """The made ones."""
    pairs = pairwise(DEEP[2:])
    return [
        Department(
            code=code,
            name=f"测试单位{code}",
            short_name=code,
            kind=DepartmentKind.SECTION,
            parent=parent,
        )
        for parent, code in pairs
    ]


@pytest.fixture
def clock() -> ManualClock:
    """Stands at Friday morning until moved."""
    return ManualClock(FRIDAY)


@pytest.fixture(scope="session")
def people(rules: Rules) -> dict[str, Actor]:
    """The demonstration staff by account name; clerks of units below by the unit's code."""
    staff = {
        person.username: Actor(
            id=f"staff-{person.username}",
            name=person.name,
            roles=frozenset(person.roles),
            department=person.department,
            address="10.0.0.8",
        )
        for person in load_demo_staff()
    }
    below = {unit: unit_actor(unit, Role.UNIT_CLERK) for unit in (*DEEP[1:], "D-C-ZB")}
    return {**staff, **below, "juzhang": unit_actor("D-CG", Role.UNIT_HEAD)}


def unit_actor(unit: str, role: Role) -> Actor:
    """Somebody of a unit."""
    return Actor(
        id=f"staff-{unit}-{role.value[5:]}",
        name=f"{unit}{role.label}",
        roles=frozenset({role}),
        department=unit,
        address="10.0.0.9",
    )


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory, people: dict[str, Actor]) -> Path:
    """A migrated database with the staff in it, to be copied."""
    path = tmp_path_factory.mktemp("empty") / "hotline.db"
    asyncio.run(_prepare(url_of(path), people))
    return path


@pytest.fixture(scope="session")
def empty_postgres(postgres: Postgres, people: dict[str, Actor]) -> str:
    """The same in PostgreSQL: the name of a database to be copied."""
    asyncio.run(_prepare(postgres.database("empty"), people))
    return "empty"


async def _prepare(url: str, people: dict[str, Actor]) -> None:
    store = Store(url)
    await store.migrate()
    async with store.transaction() as work:
        for username, actor in people.items():
            work.session.add(_account(username, actor, FRIDAY))
    await store.close()


def url_of(path: Path) -> str:
    """The database URL of a file."""
    return f"sqlite+aiosqlite:///{path}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of an empty database with the staff in it, of one kind and of the other."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("empty_database"), tmp_path / "hotline.db")
        yield url_of(tmp_path / "hotline.db")
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    name = f"desk-{new_id()}"
    yield postgres.database(name, like=request.getfixturevalue("empty_postgres"))
    postgres.drop(name)


@pytest.fixture
async def store(database: str, clock: ManualClock) -> AsyncIterator[Store]:
    """Every test that takes it runs on both kinds of database."""
    store = Store(database, clock)
    yield store
    await store.close()


def _account(username: str, actor: Actor, at: datetime) -> Staff:
    return Staff(
        id=actor.id,
        username=username,
        name=actor.name,
        password_hash="",
        roles=[role.value for role in actor.roles],
        department=actor.department,
        created_at=at,
    )


@pytest.fixture
def desk(store: Store, clock: ManualClock, rules: Rules, people: dict[str, Actor]) -> Desk:
    """Everybody at their desks."""
    return Desk(OrderService(store, clock, rules), clock, people)
