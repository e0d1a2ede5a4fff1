"""Two shift leaders, each at a console of another process, press the same button at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dispatch.floor.nuisance import NuisanceList
from dispatch.floor.surge import SurgeDesk
from dispatch.rules import Rules
from models.clock import ManualClock
from models.errors import TransitionRefused
from models.guards import Actor
from models.ids import new_id
from models.ports import NoAlerts
from models.store import Store
from models.tables import Staff
from models.vocabulary import Role

pytestmark = pytest.mark.store


@pytest.fixture(params=["sqlite", "postgresql"])
async def fresh_store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """An empty database of each kind."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'fresh.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres").database(f"race-{new_id()}")
    store = Store(url)
    await store.migrate()
    yield store
    await store.close()


async def test_of_two_who_start_it_at_once_one_is_refused(
    fresh_store: Store, clock: ManualClock, rules: Rules
) -> None:
    """Each in a process of its own: only the database knows of both."""
    desks = [SurgeDesk(fresh_store, clock, rules, NoAlerts()) for _ in range(2)]
    actor = await leader_of(fresh_store, clock)
    started = await asyncio.gather(
        *(desk.start(actor, f"第{n}起", "", {}) for n in range(4) for desk in desks),
        return_exceptions=True,
    )
    refused = [one for one in started if isinstance(one, TransitionRefused)]
    assert len(refused) == len(started) - 1, started
    assert all(str(one) == "激增模式已经启动" for one in refused)
    await desks[0].end(actor, "结束")
    await desks[1].start(actor, "下一起", "", {})


async def leader_of(store: Store, clock: ManualClock) -> Actor:
    async with store.transaction() as work:
        staff = Staff(
            username="leader",
            name="陈建国",
            password_hash="-",
            roles=["SHIFT_LEADER"],
            department="D-HL",
            created_at=clock.now(),
        )
        work.session.add(staff)
    return Actor(id=staff.id, name=staff.name, roles=frozenset({Role.SHIFT_LEADER}))


async def test_of_two_who_propose_a_number_at_once_one_is_refused(
    fresh_store: Store, clock: ManualClock
) -> None:
    lists = [NuisanceList(fresh_store, clock) for _ in range(2)]
    actor = await leader_of(fresh_store, clock)
    proposed = await asyncio.gather(
        *(one.propose(actor, "13711112222", "反复骚扰", 1) for _ in range(4) for one in lists),
        return_exceptions=True,
    )
    refused = [one for one in proposed if isinstance(one, TransitionRefused)]
    assert len(refused) == len(proposed) - 1, proposed
    assert all(str(one) == "该号码已在名单中（待复核）" for one in refused)
