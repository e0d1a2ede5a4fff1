"""Surge mode: started once, ended by hand; the one-key order; calls out that wait."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from dispatch.floor.duties import FloorDuties
from dispatch.floor.surge import SurgeDesk
from models.events import DomainEvent, SurgeChanged
from models.ids import new_id
from models.ports import NoAlerts
from models.store import Store
from models.tables import Call, Surge, WorkOrder
from models.vocabulary import AlertKind, CallDirection, CallState, ContactOutcome
from tests.console.house import House
from tests.console.orders import open_order
from tests.console.test_calls import past_call

pytestmark = pytest.mark.store

TEMPLATE = {
    "request_type": "HELP",
    "category": "C010102",
    "title": "东片停电",
    "content": "市民反映所在小区停电，要求尽快恢复供电。",
    "place": "解放大道以东",
    "urgency": "URGENT",
    "lead_department": "D-CG",
}
START = {"title": "东片大面积停电", "greeting": "供电部门正在抢修，预计两小时恢复。"}


async def calls_at(store: Store, at: Any, count: int) -> None:
    """So many calls came in this minute."""
    async with store.transaction() as work:
        for _ in range(count):
            work.session.add(
                Call(
                    id=new_id(),
                    direction=CallDirection.INBOUND,
                    state=CallState.ENDED,
                    started_at=at,
                    ended_at=at,
                    outcome=ContactOutcome.SERVED,
                )
            )


class Bell(NoAlerts):
    """Keeps what a shift leader is called for."""

    def __init__(self) -> None:
        self.rung: list[tuple[AlertKind, str]] = []

    async def raise_alert(self, kind: AlertKind, matter: str, text: str, **more: Any) -> str | None:
        self.rung.append((kind, text))
        return "alert"


async def test_surge_mode_is_started_changed_and_ended_by_hand(house: House) -> None:
    told: list[SurgeChanged] = []

    async def note(event: DomainEvent) -> None:
        assert isinstance(event, SurgeChanged)
        told.append(event)

    house.services.bus.subscribe("test", note, SurgeChanged)
    leader, agent = await house.signed_in("leader"), await house.signed_in("agent")
    assert (await agent.post("/api/surge", START)).status == 403
    assert (await leader.post("/api/surge/end", {})).status == 409
    started = await leader.post("/api/surge", START)
    assert (started.status, started.body["started_by_name"]) == (200, "陈建国")
    assert (await leader.post("/api/surge", START)).body["detail"] == "激增模式已经启动"

    changed = await leader.request("PUT", "/api/surge", body={"order_template": TEMPLATE})
    assert changed.body["order_template"]["lead_department"] == "D-CG"
    assert changed.body["greeting"] == START["greeting"]
    board = (await agent.get("/api/surge")).body
    assert board["active"]["title"] == START["title"]
    assert [one["name"] for one in board["to_be_called"]] == []  # nobody of them has a seat yet

    ended = (await leader.post("/api/surge/end", {"note": "已恢复供电"})).body
    assert (ended["ended_by_name"], ended["note"]) == ("陈建国", "已恢复供电")
    board = (await leader.get("/api/surge")).body
    assert (board["active"], len(board["history"])) == (None, 1)
    assert [event.active for event in told] == [True, True, False]


async def test_a_template_must_make_an_order(house: House) -> None:
    leader = await house.signed_in("leader")
    wrong = TEMPLATE | {"category": "C01", "lead_department": "D-XX"}
    answer = await leader.post("/api/surge", START | {"order_template": wrong})
    assert (answer.status, answer.fields()) == (422, ["category", "lead_department"])
    half = {"title": "停电", "surprise": 1}
    answer = await leader.post("/api/surge", START | {"order_template": half})
    assert {"content", "category", "request_type", "surprise"} == set(answer.fields())


async def test_one_key_makes_one_ordinary_order(house: House) -> None:
    leader, agent = await house.signed_in("leader"), await house.signed_in("agent")
    call = await past_call(house)
    body = {"call_id": call.id, "place": "解放大道12号"}
    assert (await agent.post("/api/surge/order", body)).status == 409  # no surge
    await leader.post("/api/surge", START)
    assert (await agent.post("/api/surge/order", body)).status == 409  # no template
    await leader.request("PUT", "/api/surge", body={"order_template": TEMPLATE})

    order = (await agent.post("/api/surge/order", body)).body
    assert (order["title"], order["place"], order["state"]) == (
        "东片停电",
        "解放大道12号",
        "TO_DISPATCH",
    )
    assert len(order["query_code"]) == 6
    again = (await agent.post("/api/surge/order", body)).body
    assert (again["id"], again["query_code"]) == (order["id"], None)
    other = await (await house.signed_in("agent2")).post("/api/surge/order", body)
    assert (other.status, other.body["detail"]) == (409, "这不是您接听的通话")
    assert (await agent.post("/api/surge/order", {"call_id": "nothing"})).status == 404
    async with house.store.read() as session:
        (kept,) = await session.scalars(select(WorkOrder))
    assert (kept.caller_phone, kept.call_id, kept.want_reply) == ("13800000001", call.id, True)


async def test_a_caller_without_number_gets_an_order_without_reply(house: House) -> None:
    leader, agent = await house.signed_in("leader"), await house.signed_in("agent")
    await leader.post("/api/surge", START | {"order_template": TEMPLATE})
    call = await past_call(house, citizen_number="anonymous")
    assert (await agent.post("/api/surge/order", {"call_id": call.id})).status == 200
    async with house.store.read() as session:
        (kept,) = await session.scalars(select(WorkOrder))
    assert (kept.caller_phone, kept.want_reply, kept.place) == ("", False, "解放大道以东")


async def test_calls_out_that_can_wait_do_so(house: House) -> None:
    leader, agent = await house.signed_in("leader"), await house.signed_in("agent")
    calm = await open_order(agent)
    urgent = await open_order(agent, urgency="URGENT", title="井盖缺失")
    desk = SurgeDesk(house.store, house.clock, house.services.rules, NoAlerts())
    await desk.refuse_call_out(calm["id"], None)
    await leader.post("/api/surge", START)
    await agent.post("/api/agent/sign-in")
    for order_id in (None, calm["id"]):
        answer = await agent.post("/api/calls", {"number": "13800000001", "order_id": order_id})
        assert (answer.status, answer.body["code"]) == (409, "transition-refused")
        assert "暂停非紧急外呼" in answer.body["detail"]
    body = {"number": "13800000001", "order_id": urgent["id"]}
    assert (await agent.post("/api/calls", body)).status == 200
    await desk.refuse_call_out(None, "a-callback")


async def test_the_system_starts_it_when_half_as_many_again_call(house: House) -> None:
    now, bell = house.clock.now(), Bell()
    desk = SurgeDesk(house.store, house.clock, house.services.rules, bell)
    for week in range(1, 5):
        for minutes in range(-120, 120, 15):  # twenty in every quarter of these hours
            await calls_at(house.store, now - timedelta(weeks=week, minutes=minutes - 3), 20)
    await calls_at(house.store, now - timedelta(minutes=5), 29)
    assert not await desk.check()  # less than half as many again
    board = await desk.board()
    assert (board.offered, board.active) == (29, None)
    assert board.forecast == pytest.approx(20, rel=0.02)
    await calls_at(house.store, now - timedelta(minutes=4), 3)
    assert await desk.check()
    assert not await desk.check()  # once
    ((kind, text),) = bell.rung
    assert kind is AlertKind.SURGE and "来电32个，预测20个" in text
    board = await desk.board()
    assert board.active is not None and board.active.started_by_name is None
    assert board.active.greeting == house.services.rules.surge.greeting


async def test_the_board_says_over_how_many_minutes_and_from_what_share_on(house: House) -> None:
    rules = house.services.rules
    start = rules.surge.start.model_copy(update={"minutes": 30, "ratio": 2.0})
    surge = rules.surge.model_copy(update={"start": start})
    desk = SurgeDesk(house.store, house.clock, replace(rules, surge=surge), NoAlerts())
    await calls_at(house.store, house.clock.now() - timedelta(minutes=25), 4)
    board = await desk.board()
    assert (board.minutes, board.offered, board.limit_ratio) == (30, 4, 2.0)


async def test_after_an_end_by_hand_the_system_leaves_it_for_an_hour(house: House) -> None:
    desk = SurgeDesk(house.store, house.clock, house.services.rules, NoAlerts())
    for week in range(1, 5):
        await calls_at(house.store, house.clock.now() - timedelta(weeks=week, minutes=3), 5)
    await calls_at(house.store, house.clock.now() - timedelta(minutes=5), 40)
    assert await desk.check()
    leader = await house.signed_in("leader")
    await leader.post("/api/surge/end", {})
    assert not await desk.check()
    house.clock.advance(timedelta(minutes=61))
    await calls_at(house.store, house.clock.now() - timedelta(minutes=5), 40)
    assert await desk.check()


async def test_few_calls_and_a_hotline_without_a_past_are_no_surge(house: House) -> None:
    desk = SurgeDesk(house.store, house.clock, house.services.rules, NoAlerts())
    await calls_at(house.store, house.clock.now() - timedelta(minutes=5), 60)
    assert not await desk.check()  # nothing to compare with
    for week in range(1, 5):
        await calls_at(house.store, house.clock.now() - timedelta(weeks=week, minutes=3), 1)
    house.clock.advance(timedelta(minutes=30))
    await calls_at(house.store, house.clock.now() - timedelta(minutes=5), 19)
    assert not await desk.check()  # nineteen are too few to speak of


async def test_a_duty_that_fails_stops_no_other() -> None:
    done: list[str] = []
    twice = asyncio.Event()

    async def fails() -> None:
        done.append("fails")
        raise OSError("database is away")

    async def works() -> None:
        done.append("works")
        if done.count("works") == 2:
            twice.set()
            await asyncio.Event().wait()

    duties = FloorDuties([fails, works], every_seconds=0)
    await duties.start()
    async with asyncio.timeout(10):
        await twice.wait()
    await duties.stop()
    assert done == ["fails", "works", "fails", "works"]


async def test_surge_mode_survives_a_restart(house: House) -> None:
    leader = await house.signed_in("leader")
    await leader.post("/api/surge", START)
    anew = SurgeDesk(house.store, house.clock, house.services.rules, NoAlerts())
    active = await anew.active()
    assert isinstance(active, Surge) and active.title == START["title"]
