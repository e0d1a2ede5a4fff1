"""The floor's figures: a day by hand, an independent recount, and opening every number."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select

from dispatch.floor.counting import Chosen
from dispatch.floor.figures import FigureTable, FloorFigures
from dispatch.floor.load_test import counted_calls
from dispatch.floor.queue_counts import QueueCount, QueueCounts
from dispatch.floor.sheet import FigureRow
from dispatch.rules import Rules
from models.clock import ManualClock
from models.errors import Forbidden, InvalidInput, NotFound
from models.guards import Actor
from models.store import Store
from models.tables import AgentStateLogRow, Call, Callback
from models.vocabulary import (
    AgentState,
    CallbackReason,
    CallbackState,
    CallDirection,
    CallState,
    ContactOutcome,
    Satisfaction,
)
from tests.dispatch.desk import ZONE
from tests.support.floor_past import Maker, Past, Row

pytestmark = pytest.mark.store

MONDAY = date(2026, 11, 16)
AGENTS = ("staff-huawu1", "staff-huawu2", "staff-huawu3")


@pytest.fixture
def figures(store: Store, clock: ManualClock, rules: Rules) -> FloorFigures:
    return FloorFigures(store, clock, rules)


# --- a day by hand -----------------------------------------------------------------------------


def at(clock_time: str, day: date = MONDAY) -> datetime:
    """09:00:00 of that day, as the database keeps it."""
    return datetime.fromisoformat(f"{day}T{clock_time}").replace(tzinfo=ZONE).astimezone(UTC)


def call(name: str, start: str, outcome: str, **more: Any) -> Row:
    times = {key: at(value) for key, value in more.items() if key.endswith("_at")}
    return {
        "id": name, "direction": CallDirection.INBOUND, "state": CallState.ENDED,
        "citizen_number": more.get("number", f"138{name}"), "started_at": at(start),
        "outcome": ContactOutcome(outcome), "queue": more.get("queue", ""),
        "agent_id": more.get("agent"), "transfers": more.get("transfers", 0),
        "satisfaction": more.get("grade"), "queued_at": None, "answered_at": None,
        "ended_at": None, "rating_asked_at": None, **times,
    }  # fmt: skip


def hand_made_day() -> list[Row]:
    one, two = AGENTS[:2]
    return [
        # Answered at once (10 s), rated very satisfied.
        call("a", "08:59:50", "SERVED", queue="general", agent=one, queued_at="08:59:57",
             answered_at="09:00:07", ended_at="09:03:07", rating_asked_at="09:03:07",
             grade=Satisfaction.VERY_SATISFIED),
        # Begins on the half hour itself; answered after exactly 15 s, passed on, not rated.
        call("b", "09:00:00", "SERVED", queue="general", agent=two, queued_at="09:00:10",
             answered_at="09:00:25", ended_at="09:05:25", transfers=1,
             rating_asked_at="09:05:25"),
        # Waits 16 s: too late for the service level. Second call of the same number. Rated neutral.
        call("c", "09:10:00", "SERVED", queue="elderly", agent=one, queued_at="09:10:04",
             answered_at="09:10:20", ended_at="09:12:20", number="138a",
             rating_asked_at="09:12:20", grade=Satisfaction.NEUTRAL),
        call("d", "09:15:00", "ABANDONED_GREETING", ended_at="09:15:03"),
        call("e", "09:16:00", "ABANDONED_QUEUE", queue="general", queued_at="09:16:07",
             ended_at="09:16:47"),
        call("f", "09:20:00", "ABANDONED_RINGING", queue="general", queued_at="09:20:07",
             ended_at="09:20:27"),
        call("g", "09:21:00", "CALLBACK_BOOKED", queue="elderly", queued_at="09:21:07",
             ended_at="09:22:37"),
        call("h", "09:29:59.999999", "SELF_SERVED", ended_at="09:31:00"),
        call("i", "09:30:00", "BLOCKED", ended_at="09:30:01"),
        call("j", "09:40:00", "VOICEMAIL_LEFT", queue="general", queued_at="09:40:07",
             ended_at="09:42:00"),
        # Over midnight: it belongs to the day on which it began.
        call("k", "23:59:00", "SERVED", queue="general", agent=one, queued_at="23:59:07",
             answered_at="23:59:10", ended_at="23:59:59"),
    ]  # fmt: skip


def line(n: int, agent: str, state: AgentState, since: str, until: str, name: str | None) -> Row:
    return {"id": f"line{n}", "agent_id": agent, "state": state, "reason": "", "since": at(since),
            "until": at(until), "call_id": name}  # fmt: skip


def hand_made_ledger() -> list[Row]:
    one, two, state = AGENTS[0], AGENTS[1], AgentState
    lines = [
        (one, state.READY, "08:30:00", "09:00:02", None),
        (one, state.RINGING, "09:00:02", "09:00:07", "a"),
        (one, state.TALKING, "09:00:07", "09:02:07", "a"),
        (one, state.HOLD, "09:02:07", "09:02:37", "a"),
        (one, state.TALKING, "09:02:37", "09:03:07", "a"),
        (one, state.WRAP_UP, "09:03:07", "09:03:47", "a"),
        (one, state.READY, "09:03:47", "09:10:20", None),
        (one, state.TALKING, "09:10:20", "09:12:20", "c"),
        (one, state.MEAL, "09:12:20", "09:30:00", None),
        (two, state.TALKING, "09:00:25", "09:05:25", "b"),
        (two, state.WRAP_UP, "09:05:25", "09:06:25", "b"),
        (two, state.READY, "09:06:25", "09:36:25", None),
    ]
    return [line(n, *values) for n, values in enumerate(lines)]


async def keep(store: Store, table: Any, rows: list[Row]) -> None:
    async with store.transaction() as work:
        await work.session.execute(insert(table), rows)


async def test_a_day_worked_out_by_hand(
    store: Store, figures: FloorFigures, people: dict[str, Actor]
) -> None:
    await keep(store, Call, hand_made_day())
    await keep(store, AgentStateLogRow, hand_made_ledger())
    await keep(store, Callback, [
        {"id": "cb1", "reason": CallbackReason.ABANDONED, "state": CallbackState.DONE,
         "citizen_number": "1", "call_id": "e", "lost_at": at("09:16:47"),
         "due_at": at("09:46:47"), "done_at": at("09:46:47")},
        {"id": "cb2", "reason": CallbackReason.BOOKED, "state": CallbackState.OPEN,
         "citizen_number": "2", "call_id": "g", "lost_at": at("09:22:37"),
         "due_at": at("09:52:37"), "done_at": None},
        {"id": "cb3", "reason": CallbackReason.VOICEMAIL, "state": CallbackState.CANCELLED,
         "citizen_number": "3", "call_id": "j", "lost_at": at("09:42:00"),
         "due_at": at("10:12:00"), "done_at": None},
    ])  # fmt: skip
    table = await figures.table(people["zhuren"], MONDAY, MONDAY, "half_hour")
    whole = values(table.total)
    assert {code: whole[code] for code in (
        "offered", "answered", "abandoned", "abandoned_greeting", "abandoned_queue",
        "abandoned_ringing", "short", "booked", "self_served", "voicemail", "blocked",
        "transferred", "again", "asked", "rated", "callbacks",
    )} == {
        "offered": 10, "answered": 4, "abandoned": 3, "abandoned_greeting": 1,
        "abandoned_queue": 1, "abandoned_ringing": 1, "short": 1, "booked": 1,
        "self_served": 1, "voicemail": 1, "blocked": 1, "transferred": 1, "again": 1,
        "asked": 3, "rated": 2, "callbacks": 2,
    }  # fmt: skip
    assert whole["service_level"] == pytest.approx(3 / 4)  # a, b, k of a, b, c, k
    assert whole["service_level_offered"] == pytest.approx(3 / 9)
    assert whole["connection"] == pytest.approx(4 / 9)
    assert whole["connection_all"] == pytest.approx(4 / 10)
    assert whole["asa"] == pytest.approx((10 + 15 + 16 + 3) / 4)
    assert whole["abandon_time"] == pytest.approx((40 + 20) / 2)
    assert whole["longest_wait"] == pytest.approx(113)  # j, until the message was left
    assert whole["handle_time"] == pytest.approx((180 + 40 + 120 + 360) / 4)
    assert whole["talk_time"] == pytest.approx((150 + 120 + 300) / 4)
    assert whole["hold_time"] == pytest.approx(30 / 4)
    assert whole["wrap_time"] == pytest.approx((40 + 60) / 4)
    assert whole["satisfaction"] == pytest.approx(1 / 2)
    assert whole["rated_share"] == pytest.approx(2 / 4)
    assert whole["callback_rate"] == pytest.approx(1 / 2)

    rows = {row.label: values(row) for row in table.rows}
    assert len(rows) == 48
    assert (rows["08:30"]["offered"], rows["09:00"]["offered"]) == (1, 7)
    assert (rows["09:30"]["offered"], rows["09:30"]["blocked"]) == (1, 1)
    assert rows["23:30"]["answered"] == 1
    # 09:00–09:30: one works 220 + 120 s, two 360 s; ready or ringing 2 + 5 + 393 and 1415 s.
    assert rows["09:00"]["occupancy"] == pytest.approx(700 / (700 + 400 + 1415))
    assert rows["09:00"]["utilisation"] == pytest.approx(700 / (1800 + 1775))

    agents = await figures.table(people["zhuren"], MONDAY, MONDAY, "agent")
    mine = {row.key: values(row) for row in agents.rows}
    assert mine[AGENTS[0]]["answered"] == 2
    assert mine[AGENTS[0]]["handle_time"] == pytest.approx((220 + 120) / 2)
    assert mine[AGENTS[0]]["signed"] == pytest.approx(3600)
    assert mine[AGENTS[1]]["occupancy"] == pytest.approx(360 / (360 + 1800))
    queues = await figures.table(people["zhuren"], MONDAY, MONDAY, "queue")
    offered = {row.label: values(row)["offered"] for row in queues.rows}
    assert offered == {"综合热线": 6, "敬老专席": 2, "未进入排队": 2}


def values(row: FigureRow) -> dict[str, float | None]:
    return {code: found.value for code, found in row.values.items()}


async def test_who_met_the_emergency_announcement_has_not_given_up(
    store: Store, figures: FloorFigures, people: dict[str, Actor]
) -> None:
    """However soon the caller hung up: it was we who were away."""
    await keep(store, Call, [
        call("down", "10:00:00", "FAILED", ended_at="10:00:03"),
        call("left", "10:01:00", "VOICEMAIL_LEFT", ended_at="10:02:00"),
    ])  # fmt: skip
    whole = values((await figures.table(people["zhuren"], MONDAY, MONDAY, "day")).total)
    assert {code: whole[code] for code in ("offered", "failed", "voicemail")} == {
        "offered": 2, "failed": 1, "voicemail": 1,
    }  # fmt: skip
    assert (whole["abandoned"], whole["short"]) == (0, 0)


async def test_a_colleague_who_was_only_asked_has_not_answered(
    store: Store, figures: FloorFigures, people: dict[str, Actor]
) -> None:
    one, two, three = AGENTS
    state = AgentState
    await keep(store, Call, [
        call("a", "09:00:00", "SERVED", queue="general", agent=one, queued_at="09:00:05",
             answered_at="09:00:10", ended_at="09:05:00"),
    ])  # fmt: skip
    await keep(store, AgentStateLogRow, [
        line(1, one, state.TALKING, "09:00:10", "09:02:00", "a"),
        line(2, one, state.CONSULT, "09:02:00", "09:03:00", "a"),
        line(3, two, state.CONSULT, "09:02:00", "09:03:00", "a"),
        line(4, one, state.CONFERENCE, "09:03:00", "09:05:00", "a"),
        line(5, three, state.CONFERENCE, "09:03:00", "09:05:00", "a"),
    ])  # fmt: skip
    leader = people["zhuren"]
    agents = await figures.table(leader, MONDAY, MONDAY, "agent")
    mine = {row.key: values(row) for row in agents.rows}
    assert {agent: found["answered"] for agent, found in mine.items()} == {one: 1, two: 0, three: 1}
    assert mine[one]["talk_time"] == pytest.approx(290)
    alone = await figures.table(leader, MONDAY, MONDAY, "day", Chosen(agent=two))
    assert values(alone.total)["answered"] == 0
    assert values(agents.total)["answered"] == 1


async def test_the_floors_page_counts_a_queue_like_the_table(
    store: Store, clock: ManualClock, rules: Rules, figures: FloorFigures, people: dict[str, Actor]
) -> None:
    await past_of(6).write(store)
    today = MONDAY + timedelta(days=2)
    await keep(store, Call, [
        row | {"started_at": at("08:00:00", today), "answered_at": answered}
        for row, answered in (
            (call("screened", "08:00:00", "BLOCKED", queue="general"), None),
            # Picked up before the line: nobody waited less.
            (call("at once", "08:00:00", "SERVED", queue="general"), at("08:00:20", today)),
        )
    ])  # fmt: skip
    clock.set(NOW)
    seconds = rules.figures.service_seconds
    counted = await QueueCounts(store, clock, rules.zone, seconds).today()
    table = await figures.table(people["zhuren"], today, today, "queue")
    assert {"general", "elderly"} <= {row.key for row in table.rows}
    for row in table.rows:
        found, level = counted.get(row.key, QueueCount()), row.values["service_level"]
        assert (found.offered, found.answered, found.in_time) == (
            row.values["offered"].value, row.values["answered"].value, level.hits,
        )  # fmt: skip


async def test_a_number_repeats_in_any_dress_and_a_hidden_one_never(
    store: Store, figures: FloorFigures, people: dict[str, Actor]
) -> None:
    same = [
        ("13800000001", "+8613800000001", "008613800000001", "013800000001", "8613800000001"),
        ("07348123456", "+867348123456", "00867348123456"),
        ("+4420712345678", "004420712345678"),
    ]
    alone = ("+13800000001", "8613800", "8123456", "03800000001",
             "", "anonymous", "Anonymous", "anonymous", "unknown", "Restricted", "")  # fmt: skip
    numbers = [number for group in same for number in group] + list(alone)
    await keep(store, Call, [
        call(f"n{n}", f"10:{n:02}:00", "SERVED", number=number) for n, number in enumerate(numbers)
    ])  # fmt: skip
    whole = values((await figures.table(people["zhuren"], MONDAY, MONDAY, "day")).total)
    assert (whole["offered"], whole["again"]) == (len(numbers), 4 + 2 + 1)


# --- weeks by chance ---------------------------------------------------------------------------


def past_of(seed: int) -> Past:
    """Three days with too few agents, the last of them cut off while calls are running."""
    maker = Maker(AGENTS, seed, ("general", "elderly"))
    for offset in range(2):
        maker.day(MONDAY + timedelta(days=offset), 260)
    now = datetime(2026, 11, 18, 10, 0, tzinfo=ZONE).astimezone(UTC)
    maker.day(MONDAY + timedelta(days=2), 300, until=now)
    return maker.finish()


NOW = datetime(2026, 11, 18, 10, 0, tzinfo=ZONE)


def recount(calls: list[Row], holds: Callable[[Row], bool]) -> int:
    return sum(1 for row in calls if holds(row))


def naive(past: Past, calls: list[Row]) -> dict[str, float]:
    """The same figures from the rows themselves, in the plainest way."""
    offered = [row for row in calls if row["outcome"] != "BLOCKED"]
    answered = [row for row in offered if row["answered_at"]]
    lost = [r for r in offered if not r["answered_at"] and r["outcome"].startswith("ABANDONED")]
    waited = [(r["answered_at"] - r["queued_at"]).total_seconds() for r in answered]
    ids = {row["id"] for row in answered}
    spent = sum(
        ((ledger["until"] or NOW) - ledger["since"]).total_seconds()
        for ledger in past.ledger
        if ledger["call_id"] in ids and ledger["state"] in ("TALKING", "HOLD", "WRAP_UP")
    )
    everyone = [row for row in past.calls if row["outcome"] != "BLOCKED"]
    again = [
        row
        for row in offered
        if row["citizen_number"]
        and any(
            other["citizen_number"] == row["citizen_number"]
            and timedelta() < row["started_at"] - other["started_at"] <= timedelta(hours=24)
            for other in everyone
        )
    ]
    queued = [row for row in offered if row["queued_at"]]
    return {
        "offered": len(offered),
        "answered": len(answered),
        "abandoned": len(lost),
        "running": recount(
            offered, lambda r: not r["answered_at"] and r["outcome"] == "IN_PROGRESS"
        ),
        "booked": recount(offered, lambda r: r["outcome"] == "CALLBACK_BOOKED"),
        "short": recount(lost, lambda r: (r["ended_at"] - r["started_at"]).total_seconds() < 5),
        "transferred": recount(answered, lambda r: r["transfers"] > 0),
        "again": len(again),
        "rated": recount(answered, lambda r: r["satisfaction"] is not None),
        "asa": sum(waited) / len(waited) if waited else 0,
        "service_level": sum(w <= 15 for w in waited) / len(waited) if waited else 0,
        "handle_time": spent / len(answered) if answered else 0,
        "longest_wait": max(
            (
                ((r["answered_at"] or r["ended_at"] or NOW) - r["queued_at"]).total_seconds()
                for r in queued
            ),
            default=0,
        ),
    }


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_every_figure_stands_up_to_a_recount(
    store: Store, clock: ManualClock, figures: FloorFigures, people: dict[str, Actor], seed: int
) -> None:
    past = past_of(seed)
    await past.write(store)
    clock.set(NOW)
    last = MONDAY + timedelta(days=2)
    half_hours = await figures.table(people["zhuren"], MONDAY, last, "half_hour")
    days = await figures.table(people["zhuren"], MONDAY, last, "day")
    queues = await figures.table(people["zhuren"], MONDAY, last, "queue")
    agents = await figures.table(people["zhuren"], MONDAY, last, "agent")

    assert told(half_hours.total) == pytest.approx(naive(past, past.calls))
    for table in (days, queues, agents):
        total = values(table.total)
        assert ("missed" in total) == (table is agents), "rings are of agents"
        total.pop("missed", None)
        assert total == pytest.approx(values(half_hours.total))
    for row in days.rows:
        local = [c for c in past.calls if c["started_at"].astimezone(ZONE).date() == day_of(row)]
        assert told(row) == pytest.approx(naive(past, local))
    for row in queues.rows:
        mine = [c for c in past.calls if c["queue"] == row.key]
        assert told(row) == pytest.approx(naive(past, mine))
    check_sums(half_hours, days, queues)
    check_agents(past, agents)


def told(row: FigureRow) -> dict[str, float]:
    wanted = naive(Past(), [])
    return {code: row.values[code].value or 0 for code in wanted}


def day_of(row: FigureRow) -> date:
    assert row.start is not None
    return row.start.astimezone(ZONE).date()


def check_sums(half_hours: FigureTable, days: FigureTable, queues: FigureTable) -> None:
    """Half hours add up to days, days and queues to the whole; every call is in one class."""
    counts = [column.code for column in days.columns if column.unit == "count"]
    for row in days.rows:
        of_day = [h for h in half_hours.rows if day_of(h) == day_of(row)]
        for code in counts:
            assert sum(h.values[code].value or 0 for h in of_day) == row.values[code].value
    for code in counts:
        assert sum(q.values[code].value or 0 for q in queues.rows) == days.total.values[code].value
    classes = ("answered", "abandoned", "self_served", "booked", "voicemail", "failed", "running")
    total = values(days.total)
    assert sum(total[code] or 0 for code in classes) == total["offered"]


def check_agents(past: Past, agents: FigureTable) -> None:
    start, end = datetime.combine(MONDAY, datetime.min.time(), ZONE), NOW
    for row in agents.rows:
        mine = [line for line in past.ledger if line["agent_id"] == row.key]
        talked = {line["call_id"] for line in mine if line["state"] in ("TALKING", "HOLD")}
        assert row.values["answered"].value == len(talked)
        signed = sum(
            (min(line["until"] or NOW, end) - max(line["since"], start)).total_seconds()
            for line in mine
            if line["state"] != "OFFLINE" and (line["until"] or NOW) > start and line["since"] < end
        )
        assert row.values["signed"].value == pytest.approx(signed)


#: Opens to states instead of calls.
SEAT_TIME = ("occupancy", "utilisation", "signed")


async def test_every_number_opens_to_as_many_calls(
    store: Store, clock: ManualClock, figures: FloorFigures, people: dict[str, Actor]
) -> None:
    await past_of(4).write(store)
    clock.set(NOW)
    leader, last = people["banzhang"], MONDAY + timedelta(days=2)
    labels: dict[str, tuple[str, str]] = {}
    for by in ("half_hour", "day", "queue", "agent"):
        table = await figures.table(leader, MONDAY, last, by)
        labels |= {column.code: (column.label, column.words) for column in table.columns}
        rows = table.rows[18:22] if by == "half_hour" else [*table.rows, table.total]
        for row in rows:
            for code, found in row.values.items():
                if not found.cell or code in SEAT_TIME:
                    continue
                async with store.read() as session:
                    ids = figures.opened(leader, MONDAY, last, found.cell)
                    listed = list(await session.scalars(select(Call.id).where(Call.id.in_(ids))))
                wanted = found.of if found.of is not None else found.value
                named = await figures.name_of(found.cell, code)
                assert (named.label, named.words) == labels[code], (row.label, code)
                if code == "longest_wait":
                    assert len(listed) == 1
                else:
                    assert len(listed) == wanted, (row.label, code)
                if found.hits_cell:
                    async with store.read() as session:
                        hits = figures.opened(leader, MONDAY, last, found.hits_cell)
                        listed = list(await session.scalars(hits))
                    assert len(listed) == found.hits, (row.label, code)
                    await figures.name_of(found.hits_cell, "")


async def test_an_opened_number_says_what_it_is(
    store: Store, clock: ManualClock, figures: FloorFigures, people: dict[str, Actor]
) -> None:
    await past_of(4).write(store)
    clock.set(NOW)
    leader = people["banzhang"]

    async def told(cell: str, figure: str = "") -> tuple[str, str, list[str]]:
        named = await figures.name_of(cell, figure)
        return named.label, named.counted, named.parts

    half_hours = await figures.table(leader, MONDAY, MONDAY, "half_hour", Chosen(queue="elderly"))
    cell = half_hours.rows[18].values["handle_time"].cell
    assert cell is not None
    part = ["11月16日09:00至09:30", "敬老专席"]
    assert await told(cell, "handle_time") == ("平均处理时长", "接听量", part)
    assert await told(cell, "connection") == ("接听量", "", part), "not made of this count"
    days = await figures.table(leader, MONDAY, MONDAY, "day")
    cell = days.rows[0].values["connection"].cell
    assert cell is not None
    assert await told(cell, "connection") == ("接通率", "呼入量（不含速挂）", ["11月16日"])
    agent = people["huawu1"].id
    assert await told(f"missed/of/{agent}") == ("未接", "", ["李晓梅"])
    assert await told("queued/queue/-/wait/1500000", "longest_wait") == (
        "最长等候",
        "排队量",
        ["未进入排队", "等候1.5秒"],
    )
    for wrong in ("", "nothing", "answered-nothing", "answered/from/x/to/y"):
        with pytest.raises(NotFound):
            await figures.name_of(wrong, "")


async def test_a_queue_or_an_agent_alone(
    store: Store, clock: ManualClock, figures: FloorFigures, people: dict[str, Actor]
) -> None:
    past = past_of(5)
    await past.write(store)
    clock.set(NOW)
    leader, last = people["banzhang"], MONDAY + timedelta(days=2)
    one_queue = await figures.table(leader, MONDAY, last, "day", Chosen(queue="elderly"))
    mine = [c for c in past.calls if c["queue"] == "elderly"]
    assert told(one_queue.total) == pytest.approx(naive(past, mine))
    one_agent = await figures.table(leader, MONDAY, last, "day", Chosen(agent=AGENTS[0]))
    agents = await figures.table(leader, MONDAY, last, "agent")
    alone = next(row for row in agents.rows if row.key == AGENTS[0])
    for code in ("answered", "handle_time", "occupancy", "signed"):
        assert one_agent.total.values[code].value == pytest.approx(alone.values[code].value)


async def test_whoever_stays_signed_in_for_days_is_counted_in_each(
    store: Store, figures: FloorFigures, clock: ManualClock, people: dict[str, Actor]
) -> None:
    """However long ago the state began; whoever has gone is not looked for in the past."""
    one, two, three = AGENTS
    lines = [
        (one, AgentState.READY, MONDAY - timedelta(days=40), None),
        (two, AgentState.READY, MONDAY - timedelta(days=3), MONDAY + timedelta(days=1)),
        (two, AgentState.OFFLINE, MONDAY + timedelta(days=1), None),
        (three, AgentState.TALKING, MONDAY - timedelta(days=50), MONDAY - timedelta(days=49)),
        (three, AgentState.OFFLINE, MONDAY - timedelta(days=49), None),
    ]
    await keep(store, AgentStateLogRow, [
        {"id": f"l{n}", "agent_id": agent, "state": state, "reason": "", "call_id": None,
         "since": at("12:00", since), "until": at("12:00", until) if until else None}
        for n, (agent, state, since, until) in enumerate(lines)
    ])  # fmt: skip
    clock.set(NOW)
    last = MONDAY + timedelta(days=1)
    days = await figures.table(people["zhuren"], MONDAY, last, "day")
    assert [values(row)["signed"] for row in days.rows] == [48 * 3600, 36 * 3600]
    agents = await figures.table(people["zhuren"], MONDAY, last, "agent")
    assert {row.key: values(row)["signed"] for row in agents.rows} == {one: 172800, two: 129600}


async def test_the_past_is_read_once_and_the_present_anew(
    store: Store,
    figures: FloorFigures,
    clock: ManualClock,
    rules: Rules,
    people: dict[str, Actor],
) -> None:
    """The same forecasts as of somebody who asks for the first time."""
    maker = Maker(AGENTS, 7, ("general",))
    for offset in range(-20, 2):
        maker.day(MONDAY + timedelta(days=offset), 40)
    past = maker.finish()
    await past.write(store)
    clock.set(NOW)
    asked = (people["zhuren"], MONDAY - timedelta(days=2), MONDAY + timedelta(days=2), "day")
    first = await figures.table(*asked)
    late = call("late", "08:00:00", "SERVED")
    await keep(store, Call, [late | {"started_at": at("08:00:00", MONDAY + timedelta(days=1))}])
    again = await figures.table(*asked)
    assert again == await FloorFigures(store, clock, rules).table(*asked)
    assert again.accuracy is not None and again.rows[-1].forecast
    assert (again.total.values["offered"].value or 0) == 1 + (
        first.total.values["offered"].value or 0
    )


async def test_a_load_test_counts_the_same(store: Store, rules: Rules) -> None:
    """Between two instants, the second not included; every call in exactly one class."""
    await keep(store, Call, hand_made_day())
    found = await counted_calls(store, rules, at("09:00:00"), at("09:29:59.999999"), NOW)
    assert (found.offered, found.answered, found.abandoned) == (6, 2, 3)
    assert (found.served_otherwise, found.failed, found.running) == (1, 0, 0)


async def test_figures_are_for_those_who_lead_and_a_number_must_exist(
    figures: FloorFigures, people: dict[str, Actor]
) -> None:
    with pytest.raises(Forbidden, match="话务报表"):
        await figures.table(people["huawu1"], MONDAY, MONDAY, "day")
    with pytest.raises(InvalidInput, match="不能超过7天"):
        await figures.table(people["banzhang"], MONDAY, MONDAY + timedelta(days=7), "half_hour")
    for wrong in ("", "nothing", "answered/from", "answered/from/x/to/y", "answered/day/1"):
        with pytest.raises(NotFound):
            figures.opened(people["banzhang"], MONDAY, MONDAY, wrong)
