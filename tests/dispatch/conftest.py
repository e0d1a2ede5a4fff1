"""A hotline centre on paper: staff, rules, a clock that is moved by hand, an empty database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest

from config.demo_staff import load_demo_staff
from config.settings import Settings
from dispatch.rules import Rules, load_rules
from dispatch.service import OrderService
from models.clock import ManualClock
from models.guards import Actor
from models.store import Store
from models.tables import Staff
from tests.dispatch.desk import FRIDAY, Desk


@pytest.fixture(scope="session")
def rules() -> Rules:
    """The shipped rule files."""
    return load_rules(Settings(var=Path("/nonexistent")))


@pytest.fixture
def clock() -> ManualClock:
    """Stands at Friday morning until moved."""
    return ManualClock(FRIDAY)


@pytest.fixture(scope="session")
def people(rules: Rules) -> dict[str, Actor]:
    """The demonstration staff by account name."""
    return {
        person.username: Actor(
            id=f"staff-{person.username}",
            name=person.name,
            roles=frozenset(person.roles),
            department=person.department,
            address="10.0.0.8",
        )
        for person in load_demo_staff()
    }


@pytest.fixture
async def store(
    tmp_path: Path, clock: ManualClock, people: dict[str, Actor]
) -> AsyncIterator[Store]:
    """An empty database with the staff in it."""
    store = Store(f"sqlite+aiosqlite:///{tmp_path / 'hotline.db'}", clock)
    await store.migrate()
    async with store.transaction() as work:
        for username, actor in people.items():
            work.session.add(_account(username, actor, clock.now()))
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
