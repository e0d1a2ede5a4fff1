"""Processes of one floor watch each other: the dead are inherited from, once, the living never."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select

from models.clock import SystemClock
from models.store import Store
from models.tables import Call
from models.vocabulary import CallDirection, CallState, ContactOutcome
from telephony.neighbours import Disinherited, Neighbours
from tests.support.postgres import Postgres

pytestmark = pytest.mark.store

#: In place of the clock by which silence is measured.
NOW = [1000.0]
PATIENCE = 5.0


@pytest.fixture(params=["sqlite", "postgresql"])
async def store(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Store]:
    monkeypatch.setattr("telephony.neighbours.time.monotonic", lambda: NOW[0])
    if request.param == "sqlite":
        url = f"sqlite+aiosqlite:///{tmp_path / 'floor.db'}"
    else:
        postgres: Postgres = request.getfixturevalue("postgres")
        url = postgres.database(f"neighbours_{tmp_path.name}")
    store = Store(url)
    await store.migrate()
    yield store
    await store.close()


async def process(store: Store, app: str) -> Neighbours:
    found = Neighbours(store, app, PATIENCE)
    await found.join()
    return found


async def call(store: Store, call_id: str, app: str, *, over: bool = False) -> None:
    now = SystemClock().now()
    row = Call(
        id=call_id, app=app, direction=CallDirection.INBOUND, state=CallState.QUEUED,
        started_at=now, outcome=ContactOutcome.IN_PROGRESS, ended_at=now if over else None,
    )  # fmt: skip
    async with store.transaction() as work:
        work.session.add(row)


async def owners(store: Store) -> dict[str, str]:
    async with store.read() as session:
        return {row.id: row.app for row in await session.execute(select(Call.id, Call.app))}


async def test_the_calls_of_a_process_that_is_silent_for_too_long_go_to_one_heir(
    store: Store,
) -> None:
    first, second, third = [await process(store, app) for app in ("a", "b", "c")]
    await call(store, "open", "a")
    await call(store, "over", "a", over=True)
    assert [await one.look() for one in (first, second, third)] == [False] * 3
    NOW[0] += PATIENCE - 1
    assert [await one.look() for one in (second, third)] == [False, False]
    NOW[0] += 2
    won = await asyncio.gather(second.look(), third.look())
    assert sorted(won) == [False, True]
    heir = "b" if won[0] else "c"
    assert await owners(store) == {"open": heir, "over": "a"}
    assert await (second if won[0] else third).inherited() == {"a"}

    with pytest.raises(Disinherited):
        await first.look()  # was only slow
    await first.join()
    assert await first.look() is False
    assert await (second if won[0] else third).inherited() == set()


async def test_who_has_slept_does_nothing_before_it_knows_that_nobody_has_inherited(
    store: Store,
) -> None:
    first, second = await process(store, "a"), await process(store, "b")
    await call(store, "open", "a")
    await second.look()
    await first.awake()
    NOW[0] += PATIENCE + 1  # nothing runs in the first
    acting = asyncio.create_task(first.awake())
    assert await second.look()
    with pytest.raises(Disinherited):
        await first.look()
    assert not acting.done()
    await first.join()
    await acting

    NOW[0] += PATIENCE - 1
    acting = asyncio.create_task(first.awake())
    await asyncio.sleep(0)
    assert not acting.done()
    await first.look()
    await acting


async def test_who_shows_signs_of_life_is_left_alone(store: Store) -> None:
    first, second = await process(store, "a"), await process(store, "b")
    await call(store, "open", "a")
    for _ in range(5):
        NOW[0] += PATIENCE - 1
        assert not await first.look()
        assert not await second.look()
    assert await owners(store) == {"open": "a"}


async def test_who_stops_in_good_order_is_inherited_from_at_once(store: Store) -> None:
    first, second = await process(store, "a"), await process(store, "b")
    await call(store, "open", "a")
    await first.leave()
    assert await second.look()
    assert await owners(store) == {"open": "b"}
    again = await process(store, "a")
    assert not await again.look()
    assert await owners(store) == {"open": "b"}


async def test_a_process_that_comes_back_in_time_keeps_its_calls(store: Store) -> None:
    await process(store, "a")
    second = await process(store, "b")
    await call(store, "open", "a")
    await call(store, "nobodys", "")
    assert not await second.look()
    NOW[0] += PATIENCE - 1
    await process(store, "a")
    NOW[0] += 2
    assert not await second.look()
    assert await owners(store) == {"open": "a", "nobodys": "a"}


async def test_of_an_heir_who_dies_too_everything_is_inherited(store: Store) -> None:
    await process(store, "a")
    second, third = await process(store, "b"), await process(store, "c")
    await call(store, "open", "a")
    for one in (second, third):
        await one.look()
    NOW[0] += PATIENCE + 1
    await second.look()
    await second.leave()
    assert await third.look()
    assert await owners(store) == {"open": "c"}
    assert await third.inherited() == {"a", "b"}


async def test_a_database_that_was_away_makes_nobody_dead(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await process(store, "a"), await process(store, "b")
    await call(store, "open", "a")
    assert not await second.look()
    with monkeypatch.context() as away:
        away.setattr(store, "read", _refuses)
        with pytest.raises(ConnectionError):
            await second.look()
    NOW[0] += 10 * PATIENCE
    assert not await second.look()
    assert not await first.look()
    assert await owners(store) == {"open": "a"}


def _refuses() -> None:
    raise ConnectionError
