"""The district as child and as parent: other systems at /api/platform."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from agent_console.handlers import PLATFORM_ROUTES
from dispatch.platform.systems import PartnerRegister
from models.tables import AccessLog, ExternalRef, OrderEvent, PartnerKey, WorkOrder
from tests.console.house import House
from tests.console.orders import GOOD_FOLLOW_UP, RESULT, act, done, full_marks, open_order
from tests.console.partner import GIVEN, System, system

pytestmark = pytest.mark.store


async def orders(house: House) -> int:
    async with house.store.read() as session:
        return await session.scalar(select(func.count()).select_from(WorkOrder)) or 0


async def test_an_order_of_the_city_goes_all_the_way_and_back_with_its_result(
    house: House,
) -> None:
    city = await system(house)
    given = (await city.give()).body
    assert (given["state"], given["external_id"]) == ("TO_DISPATCH", "HY-137")
    assert given["result"] is None

    dispatcher, clerk = await house.signed_in("dispatcher"), await house.signed_in("clerk")
    order = (await dispatcher.get(f"/api/orders/{given['order_id']}")).body
    assert (order["channel"], order["accepted_by_name"]) == ("IMPORT", "衡阳市12345平台")
    order = await done(dispatcher, order, "dispatch", department="D-CG", note="")
    assert order["due_at"] == "2026-11-06T10:00:00Z"  # the city's deadline, in words too
    assert "上级平台" in order["tasks"][0]["due_explanation"]
    order = await done(clerk, order, "sign_for")
    contact = {"person": "张先生", "reached": True, "evidence": "座机8812345，20日10时拨打"}
    order = await done(clerk, order, "first_contact", **contact)
    order = await done(clerk, order, "submit_result", **RESULT)
    assert (await city.ask("GET", "orders/HY-137")).body["result"] is None  # not before the audit
    auditor, desk = await house.signed_in("auditor"), await house.signed_in("follow_up")
    order = await done(auditor, order, "approve_result", **await full_marks(auditor))
    await done(desk, order, "record_follow_up", **GOOD_FOLLOW_UP)

    back = (await city.ask("GET", "orders/HY-137")).body
    assert (back["state"], back["close_reason"]) == ("CLOSED", "FOLLOWED_UP")
    assert back["result"]["public_answer"] == RESULT["public_answer"]
    assert (back["result"]["outcome"], back["result"]["solved"]) == ("SOLVED", "SOLVED")
    assert "控制箱" not in str(back)  # the inner note stays here


async def test_the_same_id_is_one_order_however_often_it_is_sent(house: House) -> None:
    city = await system(house)
    first, *others = await asyncio.gather(*(city.give() for _ in range(4)))
    assert [answer.status for answer in (first, *others)] == [200] * 4
    assert {answer.body["order_no"] for answer in (first, *others)} == {first.body["order_no"]}
    assert await orders(house) == 1

    other = await city.give(title="另一件事")
    assert (other.status, other.body["code"]) == (409, "already-given")
    assert other.body["different_fields"] == ["title"]
    elsewhere = await system(house)  # another system's ids are its own
    assert (await elsewhere.give()).status == 200
    assert await orders(house) == 2
    async with house.store.read() as session:
        assert await session.scalar(select(func.count()).select_from(ExternalRef)) == 2


async def test_a_giver_urges_adds_and_takes_back_its_own_orders_only(house: House) -> None:
    city, other = await system(house), await system(house)
    order_id = (await city.give()).body["order_id"]
    urged = await city.ask("POST", "orders/HY-137/urge", {"reason": "市民再次来电"})
    assert (urged.status, urged.body["version"]) == (200, 2)
    assert (await other.ask("POST", "orders/HY-137/urge", {"reason": "不是我的"})).status == 404
    note = {"text": "市民补充：共五盏灯", "internal": False}
    again = [
        await city.ask("POST", "orders/HY-137/note", note, Idempotency_Key="the-same-key-1")
        for _ in range(2)
    ]
    assert [answer.body["version"] for answer in again] == [3, 3]
    taken = {"reason": "市民撤诉", "consent": "市平台录音 20261102-1"}
    assert (await city.ask("POST", "orders/HY-137/withdraw", taken)).body["state"] == "WITHDRAWN"
    refused = await city.ask("POST", "orders/HY-137/urge", {"reason": "再催一次"})
    assert (refused.status, refused.body["code"]) == (409, "transition-refused")
    async with house.store.read() as session:
        events = select(OrderEvent).where(OrderEvent.order_id == order_id)
        roles = {event.actor_role.value for event in await session.scalars(events)}
    assert roles == {"PARTNER"}


async def test_a_units_own_system_works_its_tasks(house: House) -> None:
    works = await system(house, department="D-CG", gives_orders=False)
    agent, dispatcher = await house.signed_in("agent"), await house.signed_in("dispatcher")
    order = await open_order(agent)
    assert (await works.ask("GET", "tasks")).body["items"] == []
    order = await done(dispatcher, order, "dispatch", department="D-CG", note="请尽快处理")

    [row] = (await works.ask("GET", "tasks")).body["items"]
    task = (await works.ask("GET", f"tasks/{row['task_id']}")).body
    assert task["caller_phone"] == "13800000001" and task["note"] == "请尽快处理"
    assert "sign_for" in task["allowed_actions"]
    async with house.store.read() as session:
        assert await session.scalar(select(func.count()).select_from(AccessLog)) == 1

    place = f"tasks/{row['task_id']}"
    named = {"external_id": "CG-2026-77", "external_no": "城管〔77〕"}
    assert (await works.ask("PUT", f"{place}/reference", named)).body["external_id"] == "CG-2026-77"
    assert (await works.ask("PUT", f"{place}/reference", named)).status == 200
    assert (await works.ask("POST", f"{place}/sign_for", {})).body["task_state"] == "SIGNED"
    contact = {"person": "张先生", "reached": True, "evidence": "座机8812345，20日10时拨打"}
    assert (await works.ask("POST", f"{place}/first_contact", contact)).status == 200
    sent = await works.ask("POST", f"{place}/submit_result", RESULT)
    assert (sent.body["task_state"], sent.body["order_state"]) == ("SUBMITTED", "TO_AUDIT")
    assert (await works.ask("GET", "tasks")).body["items"] == []
    assert len((await works.ask("GET", "tasks?state=all")).body["items"]) == 1


async def test_a_units_own_system_hands_a_task_down_and_takes_the_result(house: House) -> None:
    works = await system(house, department="D-CG", gives_orders=False)
    section = await system(house, department="D-CG-SZ", gives_orders=False)
    agent, dispatcher = await house.signed_in("agent"), await house.signed_in("dispatcher")
    order = await open_order(agent)
    await done(dispatcher, order, "dispatch", department="D-CG", note="")
    [own] = (await works.ask("GET", "tasks")).body["items"]
    place = f"tasks/{own['task_id']}"
    await works.ask("POST", f"{place}/sign_for", {})
    down = await works.ask("POST", f"{place}/delegate", {"department": "D-CG-SZ"})
    [child] = down.body["below"]
    assert (child["department"], child["task_state"]) == ("D-CG-SZ", "TO_SIGN")
    assert "recall" in child["allowed_actions"] and "recall" not in down.body["allowed_actions"]

    below = f"tasks/{child['task_id']}"
    assert (await works.ask("POST", f"{below}/sign_for", {})).status == 409  # not its own to sign
    await section.ask("POST", f"{below}/sign_for", {})
    contact = {"person": "张先生", "reached": True, "evidence": "座机8812345，20日10时拨打"}
    await section.ask("POST", f"{below}/first_contact", contact)
    sent = await section.ask("POST", f"{below}/submit_result", RESULT)
    assert sent.body["task_state"] == "SUBMITTED"
    assert (await section.ask("POST", f"{place}/submit_result", RESULT)).status == 404  # above it
    back = {"faults": ["NO_EVIDENCE"], "reason": "请补充维修后的照片"}
    answer = await works.ask("POST", f"{below}/send_back", back)
    assert (answer.status, answer.body["task_state"]) == (200, "SENT_BACK")
    await section.ask("POST", f"{below}/submit_result", RESULT)
    taken = await works.ask("POST", f"{below}/accept_result", {})
    assert (taken.status, taken.body["task_state"]) == (200, "DONE")
    sent = await works.ask("POST", f"{place}/submit_result", RESULT)
    assert sent.body["order_state"] == "TO_AUDIT"


async def test_a_system_does_nothing_beyond_its_part(house: House) -> None:
    city = await system(house)
    works = await system(house, department="D-CG", gives_orders=False)
    assert (await works.give()).status == 403
    assert (await city.ask("GET", "tasks")).status == 403
    agent, dispatcher = await house.signed_in("agent"), await house.signed_in("dispatcher")
    order = await open_order(agent, lead_department="D-ZJ")
    order = await done(dispatcher, order, "dispatch", department="D-ZJ", note="")
    task_id = order["tasks"][0]["id"]
    assert (await works.ask("GET", f"tasks/{task_id}")).status == 404
    assert (await works.ask("POST", f"tasks/{task_id}/sign_for", {})).status == 404
    approve = {"quality_items": {}, "process_items": {}}
    assert (await works.ask("POST", f"tasks/{task_id}/approve_result", approve)).status == 404


async def test_two_ids_of_one_system_never_mean_the_same_task(house: House) -> None:
    works = await system(house, department="D-CG", gives_orders=False)
    agent, dispatcher = await house.signed_in("agent"), await house.signed_in("dispatcher")
    for _ in range(2):
        order = await open_order(agent)
        await done(dispatcher, order, "dispatch", department="D-CG", note="")
    first, second = (await works.ask("GET", "tasks")).body["items"]
    named = {"external_id": "CG-1", "external_no": ""}
    assert (await works.ask("PUT", f"tasks/{first['task_id']}/reference", named)).status == 200
    taken = await works.ask("PUT", f"tasks/{second['task_id']}/reference", named)
    assert (taken.status, taken.body["code"]) == (409, "already-given")


async def test_only_a_good_key_opens_the_door(house: House) -> None:
    city = await system(house)
    manager = await house.signed_in("manager")
    assert (await city.ask("GET", "codes")).status == 200
    wrong = System(house=house, key=city.key[:-1] + "x")
    for route in PLATFORM_ROUTES:
        path = route.path.removeprefix("/api/platform/")
        for name in route.path_names:
            path = path.replace(f"{{{name}}}", "2026-11-02")
        body = None if route.method == "GET" else {}
        assert (await wrong.ask(route.method, path, body)).status == 401, route.path
        assert (await manager.request(route.method, f"/api/platform/{path}")).status == 401
    assert (await city.ask("GET", "../orders")).status == 401  # a key opens nothing else

    register = PartnerRegister(house.store, house.clock, house.services.rules)
    async with house.store.read() as session:
        [key] = await session.scalars(select(PartnerKey))
    assert city.key not in (key.key_hash, key.hint) and key.last_used_at is not None
    fresh = System(house=house, key=await register.make_key(key.system))
    await register.revoke(key.id)
    assert (await city.ask("GET", "codes")).status == 401
    assert (await fresh.ask("GET", "codes")).status == 200
    await register.set_active(key.system, False)
    assert (await fresh.ask("GET", "codes")).status == 401


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": ""}, "title"),
        ({"category": "C99"}, "category"),
        ({"deadline": "2026-11-06T18:00:00"}, "deadline"),
        ({"caller_phone": "", "want_reply": True}, "callback_phone"),
        ({"content": "有\x00空"}, "content"),
        ({"department": "D-NOWHERE"}, "department"),
        ({"surprise": 1}, "surprise"),
    ],
)
async def test_a_wrong_order_names_the_field_and_leaves_nothing(
    house: House, changes: dict[str, object], field: str
) -> None:
    city = await system(house)
    answer = await city.give(**changes)
    assert (answer.status, answer.fields()) == (422, [field])
    assert await orders(house) == 0


async def test_the_lists_of_a_day_are_compared_both_ways(house: House) -> None:
    city = await system(house, department="D-CG")
    await city.give("HY-1")
    await city.give("HY-2")
    await city.give("HY-3")
    dispatcher = await house.signed_in("dispatcher")
    order = await open_order(await house.signed_in("agent"))
    order = await done(dispatcher, order, "dispatch", department="D-CG", note="")
    task_id = order["tasks"][0]["id"]
    mine = (await city.ask("GET", "comparisons/2026-11-02")).body
    assert {one["id"] for one in mine} == {"HY-1", "HY-2", "HY-3", task_id}

    theirs = [
        {"id": "HY-1", "closed": False, "deadline": GIVEN["deadline"]},
        {"id": "HY-2", "closed": True, "deadline": "2026-11-07T18:00:00+08:00"},
        {"id": "HY-9"},
        {"id": "HY-9"},
    ]
    answer = await city.ask("POST", "comparisons/2026-11-02", {"orders": theirs})
    found = {(one["kind"], one["id"]) for one in answer.body["differences"]}
    assert found == {
        ("closed", "HY-2"),
        ("deadline", "HY-2"),
        ("missing_there", "HY-3"),
        ("missing_there", task_id),
        ("missing_here", "HY-9"),
        ("twice", "HY-9"),
    }
    good = [{"id": one["id"]} for one in mine]
    assert (await city.ask("POST", "comparisons/2026-11-02", {"orders": good})).body[
        "differences"
    ] == []
    manager = await house.signed_in("manager")
    [kept] = (await manager.get("/api/comparisons")).body  # the newest of the day only
    assert (kept["day"], kept["ours"], kept["theirs"]) == ("2026-11-02", 4, 4)
    assert (await city.ask("GET", "comparisons/yesterday")).status == 422


async def test_what_is_open_is_compared_every_day_and_what_ended_on_that_day(house: House) -> None:
    city = await system(house, department="D-CG")
    for number in ("HY-1", "HY-2", "HY-3"):
        await city.give(number, want_reply=False, caller_phone="")
    dispatcher = await house.signed_in("dispatcher")
    own = await open_order(await house.signed_in("agent"))
    own = await done(dispatcher, own, "dispatch", department="D-CG", note="")
    task_id = own["tasks"][0]["id"]

    async def listed(day: str) -> dict[str, bool]:
        lines = (await city.ask("GET", f"comparisons/{day}")).body
        return {line["id"]: line["closed"] for line in lines}

    open_ones = {"HY-1": False, "HY-2": False, "HY-3": False, task_id: False}
    assert await listed("2026-11-02") == open_ones
    house.clock.advance(timedelta(days=1))
    taken = {"reason": "市民不再要求", "consent": "11月3日来电录音8812"}
    assert (await city.ask("POST", "orders/HY-2/withdraw", taken)).status == 200
    through = await _handled(house, (await city.ask("GET", "orders/HY-3")).body["order_id"])
    await _reported(house, own)
    house.clock.advance(timedelta(days=1))
    assert await listed("2026-11-02") == open_ones, "as it was when that day ended"
    ended = {"HY-2": True, "HY-3": True, task_id: True, through: True}
    assert await listed("2026-11-03") == {"HY-1": False, **ended}
    # The unit has done its part; the auditor still has the order, and may send it back.
    assert await listed("2026-11-04") == {"HY-1": False, task_id: True}

    lost = await city.ask("POST", "comparisons/2026-11-04", {"orders": [{"id": task_id}]})
    assert [(one["kind"], one["id"]) for one in lost.body["differences"]] == [
        ("missing_there", "HY-1")
    ]


async def _reported(house: House, order: dict[str, Any]) -> dict[str, Any]:
    """A unit's clerk signs for a dispatched order and reports its result."""
    clerk = await house.signed_in("clerk")
    order = (await clerk.get(f"/api/orders/{order['id']}")).body
    order = await done(clerk, order, "sign_for")
    contact = {"person": "张先生", "reached": True, "evidence": "座机8812345，20日10时拨打"}
    order = await done(clerk, order, "first_contact", **contact)
    return await done(clerk, order, "submit_result", **RESULT)


async def _handled(house: House, order_id: str) -> str:
    """All the way, for nobody wants to be asked; returns the unit's task."""
    dispatcher, auditor = await house.signed_in("dispatcher"), await house.signed_in("auditor")
    order = (await dispatcher.get(f"/api/orders/{order_id}")).body
    order = await done(dispatcher, order, "dispatch", department="D-CG", note="")
    order = await _reported(house, order)
    order = await done(auditor, order, "approve_result", **await full_marks(auditor))
    assert order["state"] == "CLOSED"
    return str(order["tasks"][0]["id"])


async def test_a_unit_reads_its_notices_in_the_console(house: House) -> None:
    # See tests/dispatch/test_notices.py for what is told when.
    clerk = await house.signed_in("clerk")
    assert (await clerk.get("/api/notices")).body == {"items": [], "next_cursor": None, "unread": 0}
    assert (await clerk.post("/api/notices/read", {"ids": []})).body == {"unread": 0}
    refused = await act(clerk, {"id": "x", "version": 1}, "sign_for")
    assert refused.status == 404


async def test_an_order_goes_out_to_a_system_and_comes_back_with_its_answer(house: House) -> None:
    city, other = await system(house), await system(house)
    agent, dispatcher = await house.signed_in("agent"), await house.signed_in("dispatcher")
    order = await open_order(agent)
    seen = (await dispatcher.get(f"/api/orders/{order['id']}")).body
    [offered] = [one for one in seen["allowed_actions"] if one["action"] == "transfer_out"]
    codes = [one["value"] for one in offered["fields"][0]["options"]]
    body = {"system": codes[0], "reason": "事发地在衡阳市石鼓区", "caller_informed": True}
    order = await done(dispatcher, order, "transfer_out", **body)
    assert order["state"] == "TRANSFERRED_OUT"
    taker, stranger = (city, other) if (await city.ask("GET", "transfers")).body else (other, city)
    place = f"transfers/{order['order_no']}"
    assert (await stranger.ask("GET", place)).status == 404
    assert (await taker.ask("GET", place)).body["caller_phone"] == "13800000001"
    named = {"external_id": "SG-9", "external_no": "石鼓〔9〕"}
    for _ in range(2):
        shown = await taker.ask("PUT", f"{place}/reference", named)
        assert (shown.status, shown.body["external_id"]) == (200, "SG-9")
    today = house.clock.now().astimezone(house.services.rules.zone).date()
    [line] = (await taker.ask("GET", f"comparisons/{today}")).body
    assert (line["id"], line["direction"], line["closed"]) == ("SG-9", "OUT", False)
    answer = {"answer": "您好，路灯已由石鼓区修复，当晚恢复照明。"}
    assert (await stranger.ask("POST", f"{place}/answer_transfer", answer)).status == 404
    told = await taker.ask("POST", f"{place}/answer_transfer", answer)
    assert (told.status, told.body["state"]) == (200, "CLOSED")
    seen = (await dispatcher.get(f"/api/orders/{order['id']}")).body
    assert (seen["close_reason"], seen["public_answer"]) == ("TRANSFERRED", answer["answer"])
    assert seen["requests"][0]["state_label"] == "已答复"
