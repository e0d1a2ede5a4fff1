"""Several processes serve one floor with real calls: nobody is lost, doubled, or rung twice at
once, also when one of them dies, or sleeps and wakes up, in the middle of it.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from itertools import groupby, pairwise
from pathlib import Path

import pytest
from sqlalchemy import func, select

from models.tables import AgentStateLogRow, Call, CallEventRow
from models.vocabulary import AgentState, CallEventKind, CallState, ContactOutcome
from tests.support.asterisk import RunningAsterisk, running_asterisk
from tests.support.postgres import Postgres
from tests.support.redis import running_redis
from tests.telephony.processes import START_SECONDS, Processes, Seat, running_processes

pytestmark = pytest.mark.asterisk

APPS = ["hotline-1", "hotline-2", "hotline-3"]
SEATS = 4
#: So many times more callers: LOAD=5 is what docs/performance.md tells of.
LOAD = int(os.environ.get("LOAD", "1"))
FIRST, SECOND, LAST = 24 * LOAD, 9 * LOAD, 6 * LOAD
WAITING = select(func.count()).where(Call.state == CallState.QUEUED, Call.ended_at.is_(None))
OPEN = select(func.count()).where(Call.ended_at.is_(None))
SERVED = select(func.count()).where(Call.outcome == ContactOutcome.SERVED)


@pytest.fixture
def sharing(short_rules: Path) -> Iterator[RunningAsterisk]:
    """Shares new calls out among three."""
    # Eight seconds: on a busy machine a process may be slow, and is not dead for it.
    times = {"wrap_up_seconds": 0, "desk_phones": SEATS, "adopt_after_seconds": 8}
    with running_asterisk(
        telephony=times,
        asterisk={"apps": APPS, "share_evenly": True},
        rules=short_rules,
        speech={"model": "none"},
    ) as running:
        yield running


@pytest.fixture
async def processes(sharing: RunningAsterisk, postgres: Postgres) -> AsyncIterator[Processes]:
    """Three, with a database and a bus between them."""
    with running_redis() as redis_url:
        database = postgres.database("processes")
        async with running_processes(sharing, database, redis_url) as running:
            yield running
        postgres.drop("processes")


@pytest.mark.timeout(900)  # three whole hotlines start, one of them twice
async def test_three_processes_serve_one_floor_and_one_of_them_dies(processes: Processes) -> None:
    async with processes.seats(SEATS, talk_seconds=0.5) as seats:
        early = asyncio.create_task(processes.callers(FIRST, 12, "1390001"))
        await processes.until(WAITING, FIRST, within=60 * LOAD)
        await everybody_is_known_to_all(processes, seats)
        await ready(seats)
        await processes.until(SERVED, FIRST // 3, beyond=True)

        victim = await the_busiest(processes)
        processes.may_hang_up.clear()
        await processes.kill(victim)
        late = asyncio.create_task(processes.callers(SECOND, 12, "1390002"))
        await processes.until(OPEN.where(Call.app == victim), 0)
        processes.may_hang_up.set()
        await asyncio.gather(early, late)
        await processes.until(OPEN, 0)

        await processes.by_app[victim].start(within=START_SECONDS)
        sleeper = next(app for app in APPS if app != victim)
        processes.freeze(sleeper)
        await processes.callers(LAST, 12, "1390003")
        processes.thaw(sleeper)
        await processes.until(OPEN, 0)
        assert [seat.rung_while_busy for seat in seats] == [[]] * SEATS
    await everybody_was_served_once(processes)
    await nobody_was_overtaken(processes)
    await no_agent_had_two_calls(processes)
    assert await processes.asterisk.is_empty(within=20)


async def ready(seats: list[Seat]) -> None:
    for seat in seats:
        await seat.client.post("/api/agent/state", {"state": "READY"})


async def the_busiest(processes: Processes) -> str:
    """Who holds most calls, among them one that is being talked."""
    calls = await processes.open_calls()
    return max(calls, key=lambda app: calls[app])


async def everybody_is_known_to_all(processes: Processes, seats: list[Seat]) -> None:
    """The dialplan has given callers to each, and each knows everybody's place."""
    assert len(await processes.open_calls()) == len(APPS)
    places: list[int] = []
    async with asyncio.timeout(30):
        while sorted(places) != list(range(1, FIRST + 1)):
            floors = [await seat.client.get("/api/floor") for seat in seats[: len(APPS)]]
            places = [one["position"] for floor in floors for one in floor["waiting"]]


async def everybody_was_served_once(processes: Processes) -> None:
    calls = await processes.rows(select(Call.citizen_number, Call.outcome, Call.ended_at))
    numbers = Counter(call.citizen_number for call in calls)
    assert len(numbers) == len(calls) == FIRST + SECOND + LAST
    assert {call.outcome for call in calls} == {ContactOutcome.SERVED}
    answered = select(CallEventRow.call_id).where(CallEventRow.kind == CallEventKind.ANSWERED)
    times = Counter(row.call_id for row in await processes.rows(answered))
    assert set(times.values()) == {1}
    assert len(times) == len(calls)


async def nobody_was_overtaken(processes: Processes) -> None:
    """By more callers than there are agents: who comes next is free to be rung a moment later."""
    columns = (Call.queued_at, Call.answered_at)
    first = select(*columns).where(Call.citizen_number.startswith("1390001"))
    answered = [row.answered_at for row in await processes.rows(first.order_by(Call.queued_at))]
    for place, at in enumerate(answered):
        assert sum(later < at for later in answered[place + 1 :]) <= SEATS, answered


async def no_agent_had_two_calls(processes: Processes) -> None:
    """The ledger has no gap and no overlap; each talk is of another call, and no call is talked by
    two. One that was inherited in mid-talk goes on as a second line of the same call.
    """
    log = AgentStateLogRow
    lines = [row[0] for row in await processes.rows(select(log).order_by(log.since))]
    talked: set[str | None] = set()
    for agent in {line.agent_id for line in lines}:
        own = [line for line in lines if line.agent_id == agent]
        assert all(before.until == after.since for before, after in pairwise(own))
        talks = [line.call_id for line in own if line.state is AgentState.TALKING]
        stretches = [call_id for call_id, _ in groupby(talks)]
        assert not talked.intersection(stretches)
        assert len(stretches) == len(set(stretches))
        talked.update(stretches)
