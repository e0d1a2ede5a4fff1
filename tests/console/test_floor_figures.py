"""Figures of the floor and its rosters through the API, as a shift leader uses them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from models.tables import Call, CallEventRow, CallParty, ShiftAssignment, Staff
from models.vocabulary import CallDirection, CallEventKind, CallState, ContactOutcome, PartyKind
from tests.console.house import House
from tests.support.floor_past import ZONE, Maker

pytestmark = pytest.mark.store

DAY = date(2026, 11, 2)
PERIOD = "from=2026-11-02&to=2026-11-02"


async def ids(house: House) -> dict[str, str]:
    async with house.store.read() as session:
        rows = await session.execute(select(Staff.username, Staff.id))
        return {username: staff_id for username, staff_id in rows}


async def a_morning(house: House) -> None:
    """Sixty calls a day for two agents; it is half past eleven."""
    people = await ids(house)
    now = datetime(2026, 11, 2, 11, 30, tzinfo=ZONE)
    house.clock.set(now)
    maker = Maker([people["agent"], people["agent2"]], 3)
    maker.day(DAY, 400, until=now)
    await maker.finish().write(house.store)


async def test_every_number_opens_to_its_calls(house: House) -> None:
    await a_morning(house)
    leader = await house.signed_in("leader")
    table = (await leader.get(f"/api/floor-figures?{PERIOD}&by=half_hour")).body
    assert all(column["words"] for column in table["columns"])
    assert len(table["rows"]) == 23  # until now, not until midnight
    for code in ("answered", "service_level", "abandoned"):
        found = table["total"]["values"][code]
        wanted = found["of"] if found["of"] is not None else found["value"]
        opened = await leader.get(f"/api/calls?figures_cell={found['cell']}&{PERIOD}&limit=200")
        assert len(opened.body["items"]) == min(200, wanted)
    agents = (await leader.get(f"/api/floor-figures?{PERIOD}&by=agent")).body
    assert {row["label"] for row in agents["rows"]} == {"李晓梅", "王志强"}


@pytest.mark.parametrize("by", ["agent", "half_hour", "day"])
async def test_seat_time_opens_to_the_states_it_is_made_of(house: House, by: str) -> None:
    await a_morning(house)
    leader = await house.signed_in("leader")
    table = (await leader.get(f"/api/floor-figures?{PERIOD}&by={by}")).body
    checked = 0
    for row in [*table["rows"], table["total"]]:
        for code in ("occupancy", "utilisation", "signed"):
            found = row["values"][code]
            address = f"/api/floor-figures/seat-time?{PERIOD}&cell={found['cell']}"
            opened = (await leader.get(address)).body
            assert opened["value"] == pytest.approx(found["value"], abs=1e-6), (row["key"], code)
            assert opened["figure"]["words"]
            spent = sum(one["seconds"] for one in opened["states"])
            assert spent == pytest.approx(sum(one["signed_s"] for one in opened["agents"]))
            work = sum(one["seconds"] for one in opened["states"] if one["work"])
            assert work == pytest.approx(opened["work_s"])
            checked += found["value"] is not None
            if by == "agent" and row is not table["total"]:
                assert sum(one["seconds"] for one in opened["lines"]) == pytest.approx(spent)
                assert {one["name"] for one in opened["lines"]} == {row["label"]}
    assert checked >= 6


async def test_an_agents_part_of_a_half_hour_opens_to_its_lines(house: House) -> None:
    await a_morning(house)
    leader = await house.signed_in("leader")
    table = (await leader.get(f"/api/floor-figures?{PERIOD}&by=half_hour")).body
    found = next(r for r in table["rows"] if r["label"] == "10:00")["values"]["occupancy"]
    seat_time = f"/api/floor-figures/seat-time?{PERIOD}&cell="
    whole = (await leader.get(seat_time + found["cell"])).body
    assert whole["lines"] == [] and len(whole["agents"]) == 2
    for agent in whole["agents"]:
        part = (await leader.get(seat_time + agent["cell"])).body
        assert part["work_s"] == pytest.approx(agent["work_s"])
        assert part["figure"]["parts"] == ["11月2日10:00至10:30", agent["name"]]
        lasted = [line["seconds"] for line in part["lines"]]
        assert sum(lasted) == pytest.approx(agent["signed_s"]) == pytest.approx(1800)
    for wrong in ("answered", "occupancy/queue/general", "occupancy/from/x/to/y", "signed/of"):
        assert (await leader.get(seat_time + wrong)).status == 404, wrong


async def test_the_missed_calls_of_all_agents_are_each_call_once(house: House) -> None:
    await a_morning(house)
    people, leader = await ids(house), await house.signed_in("leader")
    calls = (await leader.get(f"/api/calls?figures_cell=answered&{PERIOD}")).body["items"]
    async with house.store.transaction() as work:
        for call, names in zip(calls, (("agent",), ("agent", "agent2")), strict=False):
            for name in names:
                at, missed = datetime.fromisoformat(call["started_at"]), CallEventKind.MISSED
                row = CallEventRow(call_id=call["id"], at=at, kind=missed, actor=people[name])
                work.session.add(row)
    table = (await leader.get(f"/api/floor-figures?{PERIOD}&by=agent")).body
    rows = {row["label"]: row["values"]["missed"]["value"] for row in table["rows"]}
    total = table["total"]["values"]["missed"]
    opened = await leader.get(f"/api/calls?figures_cell={total['cell']}&figure=missed&{PERIOD}")
    listed = {call["id"] for call in opened.body["items"]}
    assert listed >= {call["id"] for call in calls[:2]}
    assert len(listed) == total["value"] == sum(rows.values()) - 1
    assert opened.body["figure"]["label"] == "未接"


async def test_the_wall_shows_now(house: House) -> None:
    await a_morning(house)
    wall = (await (await house.signed_in("manager")).get("/api/floor-figures/now")).body
    table = (
        await (await house.signed_in("leader")).get(f"/api/floor-figures?{PERIOD}&by=day")
    ).body
    for code in ("offered", "answered", "connection"):
        assert wall[code]["value"] == table["total"]["values"][code]["value"]
    assert wall["forecast_day"] is None


async def test_who_has_talked_waits_anew_on_the_wall(house: House) -> None:
    manager, now = await house.signed_in("manager"), house.clock.now()
    call = Call(
        direction=CallDirection.INBOUND,
        state=CallState.QUEUED,
        started_at=now - timedelta(hours=1),
        queued_at=now - timedelta(hours=1),
        outcome=ContactOutcome.IN_PROGRESS,
    )
    async with house.store.transaction() as work:
        work.session.add(call)
    wall = (await manager.get("/api/floor-figures/now")).body
    assert (wall["waiting"], wall["longest_wait_s"]) == (1, 3600)
    talked = {"joined_at": now - timedelta(minutes=59), "left_at": now - timedelta(seconds=40)}
    async with house.store.transaction() as work:
        work.session.add(CallParty(call_id=call.id, kind=PartyKind.AGENT, **talked))
    wall = (await manager.get("/api/floor-figures/now")).body
    assert (wall["waiting"], wall["longest_wait_s"]) == (1, 40)


async def test_who_waits_is_the_same_on_the_wall_and_in_the_line(house: House) -> None:
    """Neither whom a phone rings for, nor who has booked a call-back, nor who never queued."""
    manager, now = await house.signed_in("manager"), house.clock.now()
    running, state = ContactOutcome.IN_PROGRESS, CallState
    async with house.store.transaction() as work:
        for minutes, (where, outcome, queued) in enumerate(
            [
                (state.QUEUED, running, True),
                (state.SELF_SERVICE, running, True),
                (state.SELF_SERVICE, running, False),
                (state.RINGING, running, True),
                (state.QUEUED, ContactOutcome.CALLBACK_BOOKED, True),
            ]
        ):
            came = now - timedelta(minutes=minutes + 1)
            work.session.add(
                Call(
                    direction=CallDirection.INBOUND,
                    state=where,
                    started_at=came,
                    queued_at=came if queued else None,
                    outcome=outcome,
                )
            )
    wall = (await manager.get("/api/floor-figures/now")).body
    assert (wall["waiting"], wall["longest_wait_s"]) == (2, 120)


async def test_the_last_half_hours_service_level_opens_to_its_calls(house: House) -> None:
    await a_morning(house)
    leader = await house.signed_in("leader")
    wall = (await leader.get("/api/floor-figures/now")).body
    assert wall["target_share"] == 0.95
    lately = wall["recent_service_level"]
    assert lately["of"] >= lately["hits"] > 0
    for cell, wanted in ((lately["cell"], lately["of"]), (lately["hits_cell"], lately["hits"])):
        opened = await leader.get(f"/api/calls?figures_cell={cell}&{PERIOD}&limit=200")
        assert len(opened.body["items"]) == wanted


async def test_who_may_not_see_the_figures_and_wrong_questions(house: House) -> None:
    agent, leader = await house.signed_in("agent"), await house.signed_in("leader")
    assert (await agent.get(f"/api/floor-figures?{PERIOD}")).status == 403
    assert (await agent.get("/api/floor-figures/now")).status == 403
    assert (await agent.get(f"/api/calls?figures_cell=offered&{PERIOD}")).status == 403
    assert (await leader.get(f"/api/calls?figures_cell=nothing&{PERIOD}")).status == 404
    assert (await leader.get("/api/calls?figures_cell=offered")).status == 422
    assert (await leader.get(f"/api/floor-figures?{PERIOD}&by=year")).fields() == ["by"]


async def put(leader: Any, week: dict[str, Any], assignments: list[dict[str, str]]) -> Any:
    body = {"week": week["week"], "expected_version": week["version"], "assignments": assignments}
    return await leader.request("PUT", "/api/schedule", body=body)


async def test_a_week_is_planned_and_nobody_overwrites_another(house: House) -> None:
    people, leader = await ids(house), await house.signed_in("leader")
    empty = (await leader.get("/api/schedule?week=2026-11-04")).body
    assert empty["week"] == "2026-11-02"
    assert [f["code"] for f in empty["findings"]] == ["NIGHT_FLOOR"] * 8

    night = {"staff_id": people["agent"], "day": "2026-11-02", "shift": "night"}
    early = {"staff_id": people["agent"], "day": "2026-11-03", "shift": "early"}
    saved = (await put(leader, empty, [night, early])).body
    short = next(f for f in saved["findings"] if f["code"] == "SHORT_REST")
    assert short["staff_id"] == people["agent"]
    assert "李晓梅：11月02日夜班与11月03日早班之间只休息0小时" in short["text"]

    assert (await put(leader, empty, [])).status == 412
    async with house.store.read() as session:
        kept = list(await session.scalars(select(ShiftAssignment)))
    assert len(kept) == 2
    assert (kept[0].starts_at.astimezone(ZONE).hour, kept[0].made_by) == (22, people["leader"])


async def test_a_wrong_roster_names_what_is_wrong(house: House) -> None:
    people, leader = await ids(house), await house.signed_in("leader")
    week = (await leader.get("/api/schedule?week=2026-11-02")).body
    wrong = [
        {"staff_id": "nobody", "day": "2026-11-02", "shift": "early"},
        {"staff_id": people["agent"], "day": "2026-11-09", "shift": "dawn"},
    ]
    answer = await put(leader, week, wrong)
    assert (answer.status, answer.fields()) == (
        422,
        ["assignments.0.staff_id", "assignments.1.shift", "assignments.1.day"],
    )
    twice = [
        {"staff_id": people["agent"], "day": "2026-11-02", "shift": shift}
        for shift in ("early", "day")
    ]
    checked = await leader.post("/api/schedule/check", {"week": "2026-11-02", "assignments": twice})
    assert "OVERLAP" in [f["code"] for f in checked.body["findings"]]
    assert (await put(leader, week, twice)).status == 422
    agent = await house.signed_in("agent")
    assert (await agent.get("/api/schedule?week=2026-11-02")).status == 403
    manager = await house.signed_in("manager")
    assert (await manager.get("/api/schedule?week=2026-11-02")).status == 200
    assert (await put(manager, week, [])).status == 403


async def test_a_proposal_breaks_no_rule_and_is_not_kept(house: House) -> None:
    leader = await house.signed_in("leader")
    proposed = (await leader.get("/api/schedule/proposal?week=2026-11-02")).body
    assert proposed["assignments"]
    assert {f["code"] for f in proposed["findings"]} <= {"NIGHT_FLOOR"}
    assert (await leader.get("/api/schedule?week=2026-11-02")).body["assignments"] == []
    saved = await put(leader, proposed, proposed["assignments"])
    assert saved.body["assignments"] == proposed["assignments"]


async def test_a_proposal_in_mid_week_leaves_what_has_begun(house: House) -> None:
    house.clock.set(datetime(2026, 11, 4, 13, 0, tzinfo=ZONE))  # a Wednesday
    people, leader = await ids(house), await house.signed_in("leader")
    week = (await leader.get("/api/schedule?week=2026-11-02")).body
    stands = [
        {"staff_id": people["agent"], "day": "2026-11-02", "shift": "late"},
        {"staff_id": people["agent"], "day": "2026-11-04", "shift": "early"},
    ]
    await put(leader, week, [*stands, {**stands[0], "day": "2026-11-06"}])
    proposed = (await leader.get("/api/schedule/proposal?week=2026-11-02")).body["assignments"]
    begun = [a for a in proposed if (a["day"], a["shift"]) < ("2026-11-04", "late")]
    assert begun == stands
    assert {a["day"] for a in proposed} >= {"2026-11-05", "2026-11-06", "2026-11-07"}
    over = await leader.get("/api/schedule/proposal?week=2026-10-26")
    assert over.body["assignments"] == []


async def test_the_people_of_a_half_hour_are_reckoned_from_its_seats(house: House) -> None:
    leader = await house.signed_in("leader")
    for shrinkage, people in ((0, 2), (0.3, 3), (0.5, 4)):
        day = (await leader.get(f"/api/staffing?day={DAY}&shrinkage={shrinkage}")).body
        found = {(half["seats"], half["needed"]) for half in day["half_hours"]}
        assert found == {(2, people)}, "the least seats, and the people for them"


async def test_staffing_shows_what_is_short_and_adherence_who_came(house: House) -> None:
    await a_morning(house)
    people, leader = await ids(house), await house.signed_in("leader")
    week = (await leader.get(f"/api/schedule?week={DAY}")).body
    await put(leader, week, [{"staff_id": people["agent"], "day": str(DAY), "shift": "early"}])

    day = (await leader.get(f"/api/staffing?day={DAY}&target_share=0.8&shrinkage=0.25")).body
    assert (day["target_share"], day["shrinkage"], len(day["half_hours"])) == (0.8, 0.25, 48)
    assert [half["scheduled"] for half in day["half_hours"]] == [0] * 16 + [1] * 16 + [0] * 16
    assert all(h["shortage"] == max(0, h["needed"] - h["scheduled"]) for h in day["half_hours"])
    assert day["aht_measured"] and 100 < day["aht_s"] < 400

    (kept,) = (await leader.get(f"/api/schedule/adherence?day={DAY}")).body
    assert (kept["name"], kept["shift_name"], kept["late_s"], kept["share"]) == (
        "李晓梅", "早班", 0, 1,
    )  # fmt: skip
